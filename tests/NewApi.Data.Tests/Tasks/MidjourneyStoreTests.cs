using LinqToDB;
using LinqToDB.Async;
using NewApi.Data.Ledger;
using NewApi.Data.Rows;
using NewApi.Data.Tasks;
using NewApi.Domain.Midjourney;
using NewApi.Testing.Databases;

namespace NewApi.Data.Tests.Tasks;

/// <summary>Drawings on every database: stored with their charge, changed while they run, ended once.</summary>
public sealed class MidjourneyStoreTests
{
    private const long Granted = 10_000;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory, AllDatabases]
    public async Task Task_runs_from_its_charge_to_its_picture(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await StartAsync(database);
        var store = host.Get<MidjourneyStore>();
        var row = await SubmitAsync(store, "call-1", "a cat\0 with half a \ud83d pair");
        Assert.Equal(("call-1", 700L), (row.RequestId, row.Quota));

        Assert.True(await store.AcceptAsync(row with { MjId = "1", Code = 1, Description = "ok", Status = "SUBMITTED" }, Log(), Cancel));
        Assert.Equal("700", await database.ReadAsync("SELECT used_quota FROM channels WHERE id = 1"));
        row = (await store.FindAsync(1, "1", Cancel))!;
        Assert.Equal(("SUBMITTED", "0%", "a cat with half a \ufffd pair"), (row.Status, row.Progress, row.Prompt));

        Assert.True(await store.ReportAsync(row, new MidjourneyReport { Id = "1", Status = "IN_PROGRESS", Progress = "40%", ImageUrl = "https://cdn/1.webp" }, Cancel));
        row = (await store.FindSubmittedAsync("call-1", Cancel))!;
        Assert.Equal(("IN_PROGRESS", "40%", "https://cdn/1.webp"), (row.Status, row.Progress, row.ImageUrl));

        var done = new MidjourneyReport
        {
            Id = "1",
            Status = "SUCCESS",
            Progress = "100%",
            PromptEn = "cat",
            StartTime = 5,
            FinishTime = 6,
            ImageUrl = "https://cdn/1.png",
            Buttons = """[{"label":"U1"}]""",
            Properties = """{"finalPrompt":"cat"}""",
        };
        Assert.True(await store.ReportAsync(row, done, Cancel));
        Assert.False(await store.ReportAsync(row, done with { Status = "FAILURE" }, Cancel));

        row = (await store.FindPictureAsync("1", Cancel))!;
        Assert.Equal(("SUCCESS", "100%", "cat", 6L, "https://cdn/1.png", """[{"label":"U1"}]"""), (row.Status, row.Progress, row.PromptEn, row.FinishTime, row.ImageUrl, row.Buttons));
        Assert.Empty(await store.UnfinishedAsync(0, 0, 10, Cancel));
        await AssertAsync(host, database, balance: Granted - 700, refunds: 0);
    }

    [Theory, AllDatabases]
    public async Task Failure_gives_back_once_whoever_reports_it(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await StartAsync(database);
        var store = host.Get<MidjourneyStore>();
        var row = await SubmitAsync(store, "call-1");
        await store.AcceptAsync(row with { MjId = "1", Status = "SUBMITTED" }, Log(), Cancel);
        row = (await store.FindAsync(1, "1", Cancel))!;

        var ended = await Task.WhenAll(Enumerable.Range(0, 8).Select(index => index % 2 == 0
            ? store.ReportAsync(row, new MidjourneyReport { Id = "1", Status = "FAILURE", FailReason = "banned" }, Cancel)
            : store.FailAsync(row, "timeout", Cancel)));

        Assert.Single(ended, won => won);
        await AssertAsync(host, database, balance: Granted, refunds: 1);
        Assert.Equal("payer,key,mj_imagine", await database.ReadAsync(
            engine == DatabaseEngine.MySql
                ? "SELECT CONCAT(username, ',', token_name, ',', model_name) FROM logs WHERE type = 6"
                : "SELECT username || ',' || token_name || ',' || model_name FROM logs WHERE type = 6"));
    }

    [Theory, AllDatabases]
    public async Task Task_that_no_proxy_took_is_given_back_without_a_word_and_is_not_taken_later(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await StartAsync(database);
        var store = host.Get<MidjourneyStore>();
        var row = await SubmitAsync(store, "call-1");

        Assert.True(await store.FailAsync(row with { Quota = 0 }, "no account", Cancel));
        Assert.False(await store.AcceptAsync(row with { MjId = "1", Status = "SUBMITTED" }, Log(), Cancel));

        Assert.Equal("0", await database.ReadAsync("SELECT quota FROM midjourneys"));
        Assert.Equal("0", await database.ReadAsync("SELECT count(*) FROM logs"));
        await AssertAsync(host, database, balance: Granted, refunds: 0);
    }

    [Theory, AllDatabases]
    public async Task Task_that_a_proxy_took_meanwhile_is_not_given_up(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await StartAsync(database);
        var store = host.Get<MidjourneyStore>();
        var seen = await SubmitAsync(store, "call-1");
        Assert.True(await store.AcceptAsync(seen with { MjId = "1", Status = "SUBMITTED" }, Log(), Cancel));

        Assert.False(await store.FailAsync(seen, "nobody knows", Cancel));
        Assert.False(await store.AcceptAsync(seen with { MjId = "2" }, Log(), Cancel));

        Assert.Equal("1", await database.ReadAsync("SELECT mj_id FROM midjourneys"));
        await AssertAsync(host, database, balance: Granted - 700, refunds: 0);
    }

    [Theory, AllDatabases]
    public async Task Row_of_the_reference_ends_and_gives_back_nothing_that_we_never_took(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await StartAsync(database);
        await database.ExecuteAsync(
            "INSERT INTO midjourneys (code, user_id, action, mj_id, progress, status, quota, submit_time) VALUES (23, 1, 'IMAGINE', '1', '0%', '', 700, 5)");
        var store = host.Get<MidjourneyStore>();

        var row = Assert.Single(await store.UnfinishedAsync(0, 0, 10, Cancel));
        Assert.Empty(await store.UnfinishedAsync(6, 0, 10, Cancel));
        Assert.Empty(await store.UnfinishedAsync(0, row.Id, 10, Cancel));
        Assert.True(await store.FailAsync(row, "timeout", Cancel));

        Assert.Equal("FAILURE", await database.ReadAsync("SELECT status FROM midjourneys"));
        await AssertAsync(host, database, balance: Granted, refunds: 0);
    }

    [Theory, AllDatabases]
    public async Task Task_that_nobody_can_pay_is_not_stored(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await StartAsync(database);

        var (_, refusal) = await host.Get<MidjourneyStore>().OpenAsync(Charge("call-1", Granted + 1), Row(), Cancel);

        Assert.Equal(HoldRefusal.Wallet, refusal);
        Assert.Equal("0", await database.ReadAsync("SELECT count(*) FROM midjourneys"));
        await AssertAsync(host, database, balance: Granted, refunds: 0);
    }

    [Theory, AllDatabases]
    public async Task Lists_show_the_users_own_tasks_and_the_latest_of_an_id(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await StartAsync(database);
        await host.Database.WriteAsync(
            async (db, cancel) =>
            {
                foreach (var (user, id, action) in new[] { (1, "1", "CUSTOM_ZOOM"), (1, "1", "MODAL"), (1, "2", "IMAGINE"), (2, "3", "IMAGINE") })
                {
                    await db.InsertAsync(new MidjourneyRow { UserId = user, MjId = id, Action = action }, token: cancel);
                }
            },
            Cancel);
        var store = host.Get<MidjourneyStore>();

        Assert.Equal("MODAL", (await store.FindAsync(1, "1", Cancel))!.Action);
        Assert.Null(await store.FindAsync(1, "3", Cancel));
        Assert.Equal(["2", "1", "1"], (await store.FindAsync(1, ["1", "2", "3"], Cancel)).Select(row => row.MjId));
        Assert.Null(await store.FindPictureAsync("1", Cancel));
    }

    private static async Task<DataHost> StartAsync(TestDatabase database)
    {
        var host = await DataHost.StartAsync(database);
        await host.Database.WriteAsync(
            async (db, cancel) =>
            {
                await db.InsertAsync(new UserRow { Id = 1, Username = "payer", AffCode = "p", Quota = Granted }, token: cancel);
                await LedgerEntries.OpenAsync(db, 1, Granted, 1, cancel);
                await db.InsertAsync(new TokenRow { Id = 1, UserId = 1, Key = "k", Name = "key", UnlimitedQuota = true }, token: cancel);
                await db.InsertAsync(new ChannelRow { Id = 1, Name = "c" }, token: cancel);
            },
            Cancel);
        return host;
    }

    private static async Task<MidjourneyRow> SubmitAsync(MidjourneyStore store, string requestId, string prompt = "a cat")
    {
        var row = Row();
        row.Prompt = prompt;
        Assert.Equal("wallet", (await store.OpenAsync(Charge(requestId, 700), row, Cancel)).Payer.Source);
        Assert.True(row.Id > 0);
        return row;
    }

    private static TaskCharge Charge(string requestId, long points) => new()
    {
        RequestId = requestId,
        UserId = 1,
        TokenId = 1,
        ChannelId = 0,
        Points = points,
    };

    private static LogRow Log() => new() { Username = "payer", ModelName = "mj_imagine", Other = "{}" };

    private static MidjourneyRow Row() => new() { UserId = 1, Action = "IMAGINE", Progress = "0%", ChannelId = 1, SubmitTime = 1_700_000_000_000 };

    private static async Task AssertAsync(DataHost host, TestDatabase database, long balance, int refunds)
    {
        Assert.Equal($"{balance}", await database.ReadAsync("SELECT quota FROM users WHERE id = 1"));
        Assert.Equal($"{refunds}", await database.ReadAsync("SELECT count(*) FROM logs WHERE type = 6"));
        await host.AssertBooksAsync();
    }
}
