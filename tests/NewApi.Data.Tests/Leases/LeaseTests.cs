using LinqToDB;
using LinqToDB.Async;
using Microsoft.Extensions.DependencyInjection;
using NewApi.Data.Leases;
using NewApi.Data.Ledger;
using NewApi.Data.Rows;
using NewApi.Testing.Databases;

namespace NewApi.Data.Tests.Leases;

public sealed class LeaseTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, AllDatabases]
    public async Task Lease_has_one_holder_and_a_fence_that_grows(DatabaseEngine engine)
    {
        await using var test = await TestDatabase.CreateAsync(engine);
        await using var host = await StartAsync(test);
        var leases = host.Get<LeaseStore>();

        var first = await leases.TryAcquireAsync("job/one", "a", Minute, Stop);
        Assert.NotNull(first);
        Assert.Null(await leases.TryAcquireAsync("job/one", "b", Minute, Stop));
        Assert.NotNull(await leases.TryAcquireAsync("job/two", "b", Minute, Stop));

        await leases.ReleaseAsync(first, done: false, Stop);
        var second = await leases.TryAcquireAsync("job/one", "b", Minute, Stop);
        Assert.NotNull(second);
        Assert.True(second.Fence > first.Fence);
        Assert.True(await leases.RenewAsync(second, Minute, Stop));
        Assert.False(await leases.RenewAsync(first, Minute, Stop));
    }

    [Theory, AllDatabases]
    public async Task Expired_lease_can_be_taken_and_no_longer_renewed(DatabaseEngine engine)
    {
        await using var test = await TestDatabase.CreateAsync(engine);
        await using var host = await StartAsync(test);
        var leases = host.Get<LeaseStore>();
        var dead = await leases.TryAcquireAsync("job/one", "a", Minute, Stop);
        Assert.NotNull(dead);
        await ExpireAsync(host, "job/one");

        Assert.False(await leases.RenewAsync(dead, Minute, Stop));
        var next = await leases.TryAcquireAsync("job/one", "b", Minute, Stop);
        Assert.NotNull(next);

        // The one that was dead wakes up: it must not end the lease of its successor.
        await leases.ReleaseAsync(dead, done: true, Stop);
        Assert.Null((await leases.LastRunAsync("job/one", Stop)).Last);
        Assert.True(await leases.RenewAsync(next, Minute, Stop));
    }

    [Theory, AllDatabases]
    public async Task Of_many_who_ask_at_once_one_gets_the_lease(DatabaseEngine engine)
    {
        await using var test = await TestDatabase.CreateAsync(engine);
        await using var host = await StartAsync(test);
        var leases = host.Get<LeaseStore>();

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => leases.TryAcquireAsync("job/one", $"{i}", Minute, Stop)));

        Assert.Single(answers, lease => lease is not null);
    }

    [Theory, AllDatabases]
    public async Task Last_run_is_noted_only_when_it_ended_well(DatabaseEngine engine)
    {
        await using var test = await TestDatabase.CreateAsync(engine);
        await using var host = await StartAsync(test);
        var leases = host.Get<LeaseStore>();

        foreach (var done in (bool[])[false, true, true])
        {
            var lease = await leases.TryAcquireAsync("job/one", "a", Minute, Stop);
            await leases.ReleaseAsync(lease!, done, Stop);
            var (last, now) = await leases.LastRunAsync("job/one", Stop);
            Assert.Equal(done, last is not null);
            Assert.True(last is null || now - last < 60);
        }
    }

    [Theory, AllDatabases]
    public async Task Escrow_of_a_dead_relay_comes_back_once(DatabaseEngine engine)
    {
        await using var test = await TestDatabase.CreateAsync(engine);
        await using var host = await StartAsync(test);
        var (user, token) = await AddAccountAsync(host);
        var relays = host.Get<RelayLeaseStore>();
        var escrow = host.Get<EscrowStore>();
        var dead = await relays.AcquireAsync(RelayLeaseStore.Prefix + "dead", Stop);
        var alive = await relays.AcquireAsync(RelayLeaseStore.Prefix + "alive", Stop);
        await escrow.TakeAsync(dead.Name, AccountKind.Wallet, user, 100, 100, Stop);
        await escrow.TakeAsync(dead.Name, AccountKind.Key, token, 70, 70, Stop);
        await escrow.TakeAsync(alive.Name, AccountKind.Wallet, user, 30, 30, Stop);
        await ExpireAsync(host, dead.Name);
        var store = host.Get<DeadEscrows>();

        var found = Assert.Single(await store.FindAsync(Stop));
        var answers = await Task.WhenAll(store.ReleaseAsync(found, Stop), store.ReleaseAsync(found, Stop));

        Assert.Equal([100L, null], answers.OrderByDescending(points => points));
        Assert.Empty(await store.FindAsync(Stop));
        Assert.Equal((30, 0), await HeldAsync(host, user, token));
    }

    [Theory, AllDatabases]
    public async Task Living_relay_keeps_its_escrow(DatabaseEngine engine)
    {
        await using var test = await TestDatabase.CreateAsync(engine);
        await using var host = await StartAsync(test);
        var (user, token) = await AddAccountAsync(host);
        var relay = await host.Get<RelayLeaseStore>().AcquireAsync(RelayLeaseStore.Prefix, Stop);
        await host.Get<EscrowStore>().TakeAsync(relay.Name, AccountKind.Wallet, user, 50, 50, Stop);
        var store = host.Get<DeadEscrows>();

        Assert.Empty(await store.FindAsync(Stop));
        Assert.Null(await store.ReleaseAsync(new Lease(relay.Name, relay.Holder, relay.Fence), Stop));
        Assert.Equal((50, 0), await HeldAsync(host, user, token));
    }

    [Theory, AllDatabases]
    public async Task Escrow_without_any_lease_comes_back_too(DatabaseEngine engine)
    {
        await using var test = await TestDatabase.CreateAsync(engine);
        await using var host = await StartAsync(test);
        var (user, token) = await AddAccountAsync(host);
        await host.Get<EscrowStore>().TakeAsync("relay/gone", AccountKind.Wallet, user, 50, 50, Stop);
        var store = host.Get<DeadEscrows>();

        foreach (var lease in await store.FindAsync(Stop))
        {
            Assert.Equal(50, await store.ReleaseAsync(lease, Stop));
        }

        Assert.Equal((0, 0), await HeldAsync(host, user, token));
    }

    private static Task<DataHost> StartAsync(TestDatabase test) => DataHost.StartAsync(
        test, services: static services => services.AddSingleton<LeaseStore>().AddSingleton<DeadEscrows>());

    private static async Task<(long User, long Token)> AddAccountAsync(DataHost host)
    {
        await using var db = host.Database.Open();
        var user = await db.InsertWithInt64IdentityAsync(new UserRow { Username = "ann", Quota = 1000 }, token: Stop);
        var token = await db.InsertWithInt64IdentityAsync(new TokenRow { UserId = user, Key = "key", RemainQuota = 1000 }, token: Stop);
        return (user, token);
    }

    private static async Task<(long Wallet, long Key)> HeldAsync(DataHost host, long user, long token)
    {
        await using var db = host.Database.Open();
        return (
            await db.GetTable<UserRow>().Where(row => row.Id == user).Select(row => row.Held).SingleAsync(Stop),
            await db.GetTable<TokenRow>().Where(row => row.Id == token).Select(row => row.Held).SingleAsync(Stop));
    }

    private static async Task ExpireAsync(DataHost host, string name)
    {
        await using var db = host.Database.Open();
        await db.GetTable<LeaseRow>().Where(row => row.Name == name).Set(row => row.ExpiresAt, 1L).UpdateAsync(Stop);
    }
}
