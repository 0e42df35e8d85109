using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.Data.Ledger;
using NewApi.Data.Rows;
using NewApi.Data.Usage;
using NewApi.Testing.Databases;

namespace NewApi.Data.Tests.Usage;

/// <summary>The hourly sums on every database: as durable as the money, and equal to it.</summary>
public sealed class UsageRollUpTests
{
    private const long Granted = 1_000_000;
    private const long Hour = 1_760_000_400 - 1_760_000_400 % 3600;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory, AllDatabases]
    public async Task Sums_are_those_of_the_ledger_however_often_a_batch_comes(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        await host.SeedPayerAsync(Granted);
        var settlements = host.Get<SettlementStore>();
        UsageRecord[] batch =
        [
            Record("a", 100), Record("b", 50), Record("c", 7) with { Model = "other" }, Record("d", 9) with { CreatedAt = Hour + 3600 },
            Record("e", 0) with { Counted = false }, Record("f", 3) with { Group = "vip" }, Record("g", 2) with { Logged = false, Cost = 1 },
        ];

        await settlements.ApplyAsync(batch, mayRepeat: false, Cancel);
        await settlements.ApplyAsync(batch, mayRepeat: true, Cancel);
        await settlements.ApplyAsync([.. batch, Record("h", 11)], mayRepeat: true, Cancel);

        await using var db = host.Database.Open();
        var rows = await db.QuotaData.ToListAsync(Cancel);
        Assert.Equal(-await db.Ledger.Where(row => row.Kind == (long)LedgerKind.Consume).SumAsync(row => row.Points, Cancel), rows.Sum(row => row.Quota));
        Assert.Equal(7, rows.Sum(row => row.Count));
        Assert.Equal(7 * 30, rows.Sum(row => row.TokenUsed));
        Assert.Equal((1, 1), (rows.Sum(row => row.Cost), rows.Sum(row => row.Margin)));
        var first = rows.Where(row => row is { ModelName: "gpt-4o", CreatedAt: Hour, UseGroup: "default" }).ToList();
        Assert.Equal((163, 4, 1, 1, "payer"), (first.Sum(row => row.Quota), first.Sum(row => row.Count), first[0].TokenId, first[0].ChannelId, first[0].Username));
    }

    [Theory, AllDatabases]
    public async Task What_a_task_gives_back_counts_against_it(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        await host.SeedPayerAsync(Granted);
        var tasks = host.Get<TaskLedger>();
        await tasks.ChargeAsync(
            new TaskCharge { RequestId = "t", UserId = 1, TokenId = 1, ChannelId = 1, Points = 700, Log = Log() }, (_, _, _) => Task.CompletedTask, Cancel);
        await tasks.EndAsync(new TaskEnd { RequestId = "t", Points = 200, Log = Log() }, (_, _) => Task.FromResult(true), Cancel);

        await using var db = host.Database.Open();
        var rows = await db.QuotaData.ToListAsync(Cancel);
        Assert.Equal((200, 1), (rows.Sum(row => row.Quota), rows.Sum(row => row.Count)));
        Assert.All(rows, row => Assert.Equal("video", row.ModelName));
    }

    [Theory, AllDatabases]
    public async Task Folding_keeps_every_figure_and_may_be_repeated(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        await host.SeedPayerAsync(Granted);
        var settlements = host.Get<SettlementStore>();
        for (var batch = 0; batch < 20; batch++)
        {
            await settlements.ApplyAsync(
                [Record($"a{batch}", 10), Record($"b{batch}", 1) with { Model = "other" }, Record($"c{batch}", 5) with { CreatedAt = Hour + 7200 }],
                mayRepeat: false, Cancel);
        }

        Assert.Equal(38, await UsageRollUps.FoldAsync(host.Database, Hour, Hour + 7200, Cancel));
        Assert.Equal(0, await UsageRollUps.FoldAsync(host.Database, Hour, Hour + 7200, Cancel));

        await using var db = host.Database.Open();
        var rows = await db.QuotaData.ToListAsync(Cancel);
        // The hour that still fills is left alone.
        Assert.Equal([1, 1, 20], rows.GroupBy(row => (row.CreatedAt, row.ModelName)).Select(group => group.Count()).Order());
        Assert.Equal((320, 60), (rows.Sum(row => row.Quota), rows.Sum(row => row.Count)));
    }

    [Theory, AllDatabases]
    public async Task Busy_hour_is_folded_in_pieces_and_comes_to_one_row_of_each_kind(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        const int Rows = 2_000;
        await host.Database.WriteAsync(
            (db, cancel) => db.QuotaData.BulkCopyAsync(
                new BulkCopyOptions { BulkCopyType = BulkCopyType.MultipleRows },
                Enumerable.Range(0, Rows).Select(i => new QuotaDataRow
                {
                    UserId = i % 7,
                    Username = "payer",
                    ModelName = i % 3 == 0 ? "gpt-4o" : "other",
                    CreatedAt = Hour,
                    Count = 1,
                    Quota = i,
                    Cost = 2,
                }),
                cancel),
            Cancel);

        var less = await UsageRollUps.FoldAsync(host.Database, Hour, Hour + 3600, Cancel, piece: 50);

        Assert.Equal(Rows - 14, less);
        await using var db = host.Database.Open();
        var rows = await db.QuotaData.ToListAsync(Cancel);
        Assert.Equal(14, rows.Select(row => (row.UserId, row.ModelName)).Distinct().Count());
        Assert.Equal((14, Rows, Rows * (Rows - 1) / 2, Rows * 2), (rows.Count, rows.Sum(row => row.Count), rows.Sum(row => row.Quota), rows.Sum(row => row.Cost)));
        Assert.Equal(0, await UsageRollUps.FoldAsync(host.Database, Hour, Hour + 3600, Cancel, piece: 50));
    }

    [Theory, AllDatabases]
    public async Task More_kinds_than_a_piece_holds_lose_no_figure(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        await host.Database.WriteAsync(
            (db, cancel) => db.QuotaData.BulkCopyAsync(
                new BulkCopyOptions { BulkCopyType = BulkCopyType.MultipleRows },
                Enumerable.Range(0, 300).Select(i => new QuotaDataRow { UserId = i % 90, CreatedAt = Hour, Count = 1, Quota = i }),
                cancel),
            Cancel);

        await UsageRollUps.FoldAsync(host.Database, Hour, Hour + 3600, Cancel, piece: 20);

        await using var db = host.Database.Open();
        var rows = await db.QuotaData.ToListAsync(Cancel);
        Assert.Equal((300, 300 * 299 / 2), (rows.Sum(row => row.Count), rows.Sum(row => row.Quota)));
    }

    [Theory, AllDatabases]
    public async Task Workers_that_fold_at_once_fold_once(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        await using var other = DataHost.Create(database);
        await host.SeedPayerAsync(Granted);
        for (var batch = 0; batch < 10; batch++)
        {
            await host.Get<SettlementStore>().ApplyAsync([Record($"a{batch}", 10)], mayRepeat: false, Cancel);
        }

        await Task.WhenAll(Enumerable.Range(0, 6).Select(i =>
            UsageRollUps.FoldAsync((i % 2 == 0 ? host : other).Database, Hour, Hour + 3600, Cancel)));

        await using var db = host.Database.Open();
        Assert.Equal(100, (await db.QuotaData.SingleAsync(Cancel)).Quota);
    }

    private static LogRow Log() => new() { Username = "payer", ModelName = "video", Group = "default", Other = "{}" };

    private static UsageRecord Record(string id, long points) => new()
    {
        RequestId = id,
        Lease = "relay/a/1",
        UserId = 1,
        Username = "payer",
        TokenId = 1,
        TokenName = "key",
        ChannelId = 1,
        Model = "gpt-4o",
        Group = "default",
        Points = points,
        Excess = points,
        PromptTokens = points == 0 ? 0 : 20,
        CompletionTokens = points == 0 ? 0 : 10,
        CreatedAt = Hour + 60,
        Other = "{}",
    };
}
