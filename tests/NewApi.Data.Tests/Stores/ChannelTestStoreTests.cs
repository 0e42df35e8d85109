using LinqToDB;
using LinqToDB.Async;
using Microsoft.Extensions.DependencyInjection;
using NewApi.Data.Channels;
using NewApi.Data.Leases;
using NewApi.Data.Rows;
using NewApi.Testing.Databases;

namespace NewApi.Data.Tests.Stores;

/// <summary>Tests of channels and what they switch, on every database.</summary>
public sealed class ChannelTestStoreTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, AllDatabases]
    public async Task A_run_belongs_to_its_lease(DatabaseEngine engine)
    {
        await using var test = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(test, services: static services => services.AddSingleton<LeaseStore>());
        var (tests, leases) = (host.Get<ChannelTestStore>(), host.Get<LeaseStore>());
        Assert.Equal((false, null), await tests.LookAsync(Stop));

        Assert.True(await tests.AskAsync(Stop));
        Assert.False(await tests.AskAsync(Stop));
        Assert.Equal((true, null), await tests.LookAsync(Stop));
        var lease = (await leases.TryAcquireAsync("job/test-channels", "one", TimeSpan.FromMinutes(1), Stop))!;
        await tests.BeginAsync(lease, 1_000, Stop);
        Assert.Equal((false, 1_000), await tests.LookAsync(Stop));
        Assert.False(await tests.AskAsync(Stop));

        await tests.EndAsync(lease with { Fence = lease.Fence + 1 }, Stop);
        Assert.False(await tests.AskAsync(Stop));
        await tests.EndAsync(lease, Stop);
        Assert.True(await tests.AskAsync(Stop));
    }

    [Theory, AllDatabases]
    public async Task What_tests_find_is_kept_replaced_and_forgotten_with_its_channel(DatabaseEngine engine)
    {
        await using var test = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(test);
        var tests = host.Get<ChannelTestStore>();
        var id = await host.Database.WriteAsync((db, ct) => db.InsertWithInt64IdentityAsync(new ChannelRow { Key = "k" }, token: ct), Stop);

        foreach (var failures in (long[])[1, 2])
        {
            await tests.NoteAsync(new ChannelProbeRow { ChannelId = id, KeyIndex = -1, Since = 5, Failures = failures, NextProbe = 7 }, Stop);
        }
        await tests.NoteAsync(new ChannelProbeRow { ChannelId = id, KeyIndex = 3, Failures = 1 }, Stop);
        await tests.NoteAsync(new ChannelProbeRow { ChannelId = 999, KeyIndex = -1, Failures = 1 }, Stop);
        await tests.ForgetAsync(id, 3, Stop);
        await tests.PruneAsync(Stop);
        await tests.RecordAsync(id, TimeSpan.FromMilliseconds(1234.5), 99, Stop);

        var kept = Assert.Single(await tests.LoadAsync(Stop));
        Assert.Equal((id, -1), kept.Key);
        Assert.Equal((5L, 2L, 7L), (kept.Value.Since, kept.Value.Failures, kept.Value.NextProbe));
        var row = (await host.Get<ChannelStore>().FindAsync(id, Stop))!;
        Assert.Equal((1234L, 99L), (row.ResponseTime, row.TestTime));
    }

    [Theory, AllDatabases]
    public async Task A_channel_is_switched_off_and_on_with_its_abilities_and_root_hears_of_both(DatabaseEngine engine)
    {
        await using var test = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(test);
        var statuses = host.Get<ChannelStatusStore>();
        var channel = new ChannelRow { Name = "c", Key = "k", Models = "m", Group = "default", OtherInfo = """{"own":1}""" };
        await host.Database.WriteAsync(
            async (db, ct) =>
            {
                await db.InsertAsync(new UserRow { Username = "root", Role = 100, AffCode = "r" }, token: ct);
                channel.Id = await db.InsertWithInt64IdentityAsync(channel, token: ct);
                await AbilityStore.RebuildAsync(db, channel, ct);
            },
            Stop);

        Assert.Equal(StatusChange.Nothing, await statuses.DisableAsync(channel.Id, 0, "other", "why", Stop));
        Assert.Equal(StatusChange.Channel, await statuses.DisableAsync(channel.Id, 0, "k", "why", Stop));
        Assert.Equal(StatusChange.Nothing, await statuses.DisableAsync(channel.Id, 0, "k", "why", Stop));
        var row = (await host.Get<ChannelStore>().FindAsync(channel.Id, Stop))!;
        Assert.Equal(3, row.Status);
        Assert.True(ChannelStatusStore.DisabledAt(row) > 1_700_000_000);
        await using var db = host.Database.Open();
        Assert.False((await db.Abilities.SingleAsync(Stop)).Enabled);

        Assert.Equal(StatusChange.Nothing, await statuses.EnableAsync(channel.Id, 0, "other", Stop));
        Assert.Equal(StatusChange.Channel, await statuses.EnableAsync(channel.Id, 0, "k", Stop));
        row = (await host.Get<ChannelStore>().FindAsync(channel.Id, Stop))!;
        Assert.Equal((1L, """{"own":1}"""), (row.Status, row.OtherInfo));
        Assert.True((await db.Abilities.SingleAsync(Stop)).Enabled);
        Assert.Equal(
            [$"Channel {channel.Id} (c) is disabled", $"Channel {channel.Id} (c) is enabled again"],
            await db.Notices.OrderBy(notice => notice.Id).Select(notice => notice.Title).ToListAsync(Stop));

        await host.Database.WriteAsync((write, ct) => write.Channels.Set(stored => stored.Status, 2).UpdateAsync(ct), Stop);
        Assert.Equal(StatusChange.Nothing, await statuses.EnableAsync(channel.Id, 0, "k", Stop));
        Assert.Equal(StatusChange.Nothing, await statuses.DisableAsync(channel.Id, 0, "k", "why", Stop));
    }
}
