using LinqToDB;
using LinqToDB.Async;
using NewApi.Data.Notices;
using NewApi.Data.Payments;
using NewApi.Data.Rows;
using NewApi.Testing.Databases;

namespace NewApi.Data.Tests.Notices;

/// <summary>Balances that are watched, notices that wait and orders that grow old, on every database.</summary>
public sealed class NoticeTests
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(10);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory, AllDatabases]
    public async Task Changed_balances_are_seen_once_whoever_looks(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        await SeedAsync(host);
        var watch = host.Get<BalanceWatch>();

        var first = await watch.ChangedAsync(0, 100, Cancel);
        Assert.Equal([(1L, null, 500L), (2L, null, 700L)], first.Select(row => (row.UserId, row.Before, row.Now)));
        await NoteAsync(host, first);
        Assert.Empty(await watch.ChangedAsync(0, 100, Cancel));
        await host.Database.WriteAsync((db, ct) => db.Users.Where(row => row.Id == 2).Set(row => row.Quota, 70).UpdateAsync(ct), Cancel);

        var second = Assert.Single(await watch.ChangedAsync(0, 100, Cancel));
        Assert.Equal((2L, 700L, 70L), (second.UserId, second.Before, second.Now));
        Assert.True(await NoteAsync(host, [second]));
        Assert.False(await NoteAsync(host, [second]));
        Assert.Empty(await watch.ChangedAsync(0, 100, Cancel));
    }

    [Theory, AllDatabases]
    public async Task Plans_in_force_are_watched_for_what_is_left_of_them(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        await SeedAsync(host);
        const long Later = 4_000_000_000;
        await host.Database.WriteAsync(
            async (db, ct) =>
            {
                await db.InsertAsync(new SubscriptionPlanRow { Id = 1, Title = "Gold" }, token: ct);
                foreach (var held in (UserSubscriptionRow[])
                [
                    new() { Id = 1, UserId = 1, PlanId = 1, AmountTotal = 900, AmountUsed = 400, Status = "active", EndTime = Later, CreatedAt = 7 },
                    new() { Id = 2, UserId = 1, AmountTotal = 0, AmountUsed = 400, Status = "active", EndTime = Later },
                    new() { Id = 3, UserId = 1, AmountTotal = 900, Status = "active", EndTime = 1_000 },
                    new() { Id = 4, UserId = 1, AmountTotal = 900, Status = "cancelled", EndTime = Later },
                    new() { Id = 5, UserId = 3, AmountTotal = 900, Status = "active", EndTime = Later },
                    new() { Id = 6, UserId = 2, PlanId = 99, AmountTotal = 50, Status = "active", EndTime = Later },
                ])
                {
                    await db.InsertAsync(held, token: ct);
                }
            },
            Cancel);
        var watch = host.Get<SubscriptionWatch>();

        var first = await watch.ChangedAsync(0, 100, Cancel);
        Assert.Equal(
            [(1L, 1L, "Gold", 900L, null, 500L, 7L), (6L, 2L, null, 50L, null, 50L, 0L)],
            first.Select(held => (held.Id, held.UserId, held.Plan, held.Total, held.Before, held.Now, held.CreatedAt)));
        Assert.Equal(6, Assert.Single(await watch.ChangedAsync(1, 100, Cancel)).Id);
        Assert.True(await host.Database.WriteAsync((db, ct) => SubscriptionWatch.NoteAsync(db, first[0], ct), Cancel));
        Assert.Equal([6L], (await watch.ChangedAsync(0, 100, Cancel)).Select(held => held.Id));

        await host.Database.WriteAsync((db, ct) => db.UserSubscriptions.Where(row => row.Id == 1).Set(row => row.AmountUsed, 850).UpdateAsync(ct), Cancel);
        var second = (await watch.ChangedAsync(0, 1, Cancel)).Single();
        Assert.Equal((500L, 50L), (second.Before, second.Now));
        Assert.True(await host.Database.WriteAsync((db, ct) => SubscriptionWatch.NoteAsync(db, second, ct), Cancel));
        Assert.False(await host.Database.WriteAsync((db, ct) => SubscriptionWatch.NoteAsync(db, second, ct), Cancel));
    }

    [Theory, AllDatabases]
    public async Task A_notice_is_claimed_by_one_of_many_and_limited_per_kind(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        await SeedAsync(host);
        var notices = host.Get<NoticeStore>();
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var added = new List<bool>();
        foreach (var (user, kind) in ((long, string)[])[(1, "a"), (1, "a"), (1, "a"), (1, "b"), (3, "a")])
        {
            added.Add(await host.Database.WriteAsync((db, ct) => NoticeStore.AddAsync(db, user, kind, "t", "c", 2, Window, now, ct), Cancel));
        }
        Assert.Equal([true, true, false, true, true], added);

        // The third account is gone: it is told nothing.
        var due = await notices.DueAsync(100, Cancel);
        Assert.Equal([1L, 1L, 1L], due.Select(item => item.User.Id));
        var claims = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => notices.ClaimAsync(due[0].Notice, Cancel)));

        Assert.Single(claims, true);
        Assert.Equal(2, (await notices.DueAsync(100, Cancel)).Count);
        await notices.SentAsync(due[1].Notice, Cancel);
        Assert.Single(await notices.DueAsync(100, Cancel));
        Assert.Equal(0, await notices.PruneAsync(Cancel));
    }

    [Theory, AllDatabases]
    public async Task Orders_are_looked_at_when_they_are_due_and_old_ones_expire(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        await SeedAsync(host);
        var orders = host.Get<OrderStore>();
        await orders.OpenAsync(
            new TopUpRow { UserId = 1, TradeNo = "new", PaymentProvider = "epay", Status = "pending" },
            new PaymentRow { TradeNo = "new", Provider = "epay", Due = 1, Currency = "CNY" },
            Cancel);
        await host.Database.WriteAsync(
            async (db, ct) =>
            {
                await db.InsertAsync(new TopUpRow { UserId = 1, TradeNo = "old", Status = "pending", CreateTime = 1 }, token: ct);
                await db.InsertAsync(new SubscriptionOrderRow { UserId = 1, TradeNo = "plan", Status = "pending", CreateTime = 1 }, token: ct);
                await db.TopUps.Where(row => row.TradeNo == "new").Set(row => row.CreateTime, 1).UpdateAsync(ct);
            },
            Cancel);

        Assert.Empty(await orders.DueAsync(10, Cancel));
        Assert.Equal(2, await orders.ExpireUnwatchedAsync(Cancel));
        await host.Database.WriteAsync((db, ct) => db.Payments.Set(row => row.NextLook, 1).UpdateAsync(ct), Cancel);
        var due = Assert.Single(await orders.DueAsync(10, Cancel));
        await orders.LookLaterAsync(due, Cancel);
        Assert.Empty(await orders.DueAsync(10, Cancel));

        due.CreatedAt = 1;
        await orders.LookLaterAsync(due, Cancel);
        await using var db = host.Database.Open();
        Assert.Equal("expired", await db.TopUps.Where(row => row.TradeNo == "new").Select(row => row.Status).SingleAsync(Cancel));
        Assert.Equal(0, await db.Payments.Select(row => row.NextLook).SingleAsync(Cancel));
    }

    private static async Task<bool> NoteAsync(DataHost host, IReadOnlyList<ChangedBalance> seen)
    {
        var noted = true;
        foreach (var balance in seen)
        {
            noted &= await host.Database.WriteAsync((db, ct) => BalanceWatch.NoteAsync(db, balance, ct), Cancel);
        }
        return noted;
    }

    private static Task SeedAsync(DataHost host) => host.Database.WriteAsync(
        async (db, ct) =>
        {
            await db.InsertAsync(new UserRow { Id = 1, Username = "one", AffCode = "1", Quota = 500 }, token: ct);
            await db.InsertAsync(new UserRow { Id = 2, Username = "two", AffCode = "2", Quota = 700 }, token: ct);
            await db.InsertAsync(new UserRow { Id = 3, Username = "gone", AffCode = "3", DeletedAt = DateTimeOffset.UnixEpoch }, token: ct);
        },
        Cancel);
}
