using LinqToDB;
using LinqToDB.Async;
using Microsoft.Extensions.DependencyInjection;
using NewApi.Data.Ledger;
using NewApi.Data.Rows;
using NewApi.Data.Usage;
using NewApi.Testing;
using NewApi.Testing.Databases;

namespace NewApi.Data.Tests.Usage;

/// <summary>A log database of its own that is away when money moves, on every database: no row is lost, and none comes twice.</summary>
public sealed class LogOutboxTests
{
    private const long Granted = 10_000;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory, AllDatabases]
    public async Task Log_that_is_away_fails_nothing_and_has_every_row_once_it_is_back(DatabaseEngine engine)
    {
        await using var main = await TestDatabase.CreateAsync(engine);
        await using var logs = await TestDatabase.CreateAsync(engine);
        await using var host = await StartAsync(main, logs);
        var (tasks, outbox) = (host.Get<TaskLedger>(), host.Get<LogOutbox>());
        await logs.ExecuteAsync("ALTER TABLE logs RENAME TO away");

        await ChargeAsync(tasks, "one", 700, Log("half \ud83d pair, nul\0 and 日本"));
        await ChargeAsync(tasks, "two", 500, log: null);
        Assert.True(await tasks.AcceptAsync("two", 1, Log(), cost: null, (_, _) => Task.FromResult(true), Cancel));
        // Whoever did not learn that it was accepted asks again.
        Assert.False(await tasks.AcceptAsync("two", 1, Log(), cost: null, (_, _) => Task.FromResult(false), Cancel));
        Assert.True(await EndAsync(tasks, "one", 0));
        // In the second of the charge, and of the same amount.
        Assert.True(await EndAsync(tasks, "two", 1_000));
        Assert.Equal(0, await outbox.DrainAsync(Cancel));
        Assert.Equal("4", await main.ReadAsync("SELECT count(*) FROM newapi_log_outbox"));

        await logs.ExecuteAsync("ALTER TABLE away RENAME TO logs");
        await host.AssertBooksAsync();
        Assert.Equal(4, await outbox.DrainAsync(Cancel));
        Assert.Equal(0, await outbox.DrainAsync(Cancel));

        Assert.Equal("4", await logs.ReadAsync("SELECT count(*) FROM logs"));
        Assert.Equal("700", await logs.ReadAsync("SELECT quota FROM logs WHERE type = 6"));
        Assert.Equal("half \ufffd pair, nul and 日本", await logs.ReadAsync("SELECT content FROM logs WHERE type = 2 AND request_id = 'one'"));
        Assert.Equal("0", await main.ReadAsync("SELECT count(*) FROM newapi_log_outbox"));
        Assert.Equal("9000", await main.ReadAsync("SELECT quota FROM users WHERE id = 1"));
        await host.AssertBooksAsync();
    }

    [Theory, AllDatabases]
    public async Task Row_is_there_at_once_when_the_log_is(DatabaseEngine engine)
    {
        await using var main = await TestDatabase.CreateAsync(engine);
        await using var logs = await TestDatabase.CreateAsync(engine);
        await using var host = await StartAsync(main, logs);

        await ChargeAsync(host.Get<TaskLedger>(), "one", 700, Log());

        Assert.Equal("700", await logs.ReadAsync("SELECT quota FROM logs"));
        Assert.Equal("0", await main.ReadAsync("SELECT count(*) FROM newapi_log_outbox"));
        Assert.Equal("0", await main.ReadAsync("SELECT count(*) FROM logs"));
        await host.AssertBooksAsync();
    }

    [Theory, AllDatabases]
    public async Task Row_whose_sender_died_before_it_could_say_so_does_not_come_twice(DatabaseEngine engine)
    {
        await using var main = await TestDatabase.CreateAsync(engine);
        await using var logs = await TestDatabase.CreateAsync(engine);
        await using var host = await StartAsync(main, logs);
        await using var other = DataHost.Create(main, settings => settings with { Log = DataHost.AddressOf(logs) });
        await logs.ExecuteAsync("ALTER TABLE logs RENAME TO away");
        for (var i = 0; i < 10; i++)
        {
            await ChargeAsync(host.Get<TaskLedger>(), $"task{i}", 7, Log());
        }
        await logs.ExecuteAsync("ALTER TABLE away RENAME TO logs");
        await main.ExecuteAsync("CREATE TABLE kept AS SELECT * FROM newapi_log_outbox");

        await Task.WhenAll(Enumerable.Range(0, 6).Select(i => (i % 2 == 0 ? host : other).Get<LogOutbox>().DrainAsync(Cancel)));
        await main.ExecuteAsync("INSERT INTO newapi_log_outbox SELECT * FROM kept");
        await host.Get<LogOutbox>().DrainAsync(Cancel);

        Assert.Equal("10", await logs.ReadAsync("SELECT count(*) FROM logs"));
        Assert.Equal("0", await main.ReadAsync("SELECT count(*) FROM newapi_log_outbox"));
        await host.AssertBooksAsync();
    }

    [Theory, AllDatabases]
    public async Task Receipts_are_kept_for_a_day(DatabaseEngine engine)
    {
        await using var main = await TestDatabase.CreateAsync(engine);
        await using var logs = await TestDatabase.CreateAsync(engine);
        var clock = new ShiftedClock();
        await using var host = await StartAsync(main, logs, clock);
        await ChargeAsync(host.Get<TaskLedger>(), "old", 7, Log());
        clock.Offset += TimeSpan.FromHours(25);
        await ChargeAsync(host.Get<TaskLedger>(), "new", 7, Log());
        // One that cannot be sent may have arrived long ago.
        await main.ExecuteAsync("INSERT INTO newapi_log_outbox (entry_key, created_at, log_row) VALUES ('x', 1, 'broken')");
        await host.Get<LogOutbox>().DrainAsync(Cancel);
        Assert.Equal("2", await logs.ReadAsync("SELECT count(*) FROM newapi_log_receipts"));
        await main.ExecuteAsync("DELETE FROM newapi_log_outbox");

        await host.Get<LogOutbox>().DrainAsync(Cancel);

        Assert.Equal("1", await logs.ReadAsync("SELECT count(*) FROM newapi_log_receipts WHERE entry_key = 'new:consume'"));
        Assert.Equal("1", await logs.ReadAsync("SELECT count(*) FROM newapi_log_receipts"));
        await host.AssertBooksAsync();
    }

    private static LogRow Log(string content = "") => new() { Username = "payer", ModelName = "video", Group = "default", Content = content, Other = "{}" };

    private static async Task ChargeAsync(TaskLedger tasks, string id, long points, LogRow? log)
    {
        var charge = new TaskCharge { RequestId = id, UserId = 1, TokenId = 1, ChannelId = log is null ? 0 : 1, Points = points, Log = log };
        Assert.Equal(HoldRefusal.None, (await tasks.ChargeAsync(charge, (_, _, _) => Task.CompletedTask, Cancel)).Refusal);
    }

    private static Task<bool> EndAsync(TaskLedger tasks, string id, long points) =>
        tasks.EndAsync(new TaskEnd { RequestId = id, Points = points, Log = Log() }, (_, _) => Task.FromResult(true), Cancel);

    private static async Task<DataHost> StartAsync(TestDatabase main, TestDatabase logs, TimeProvider? clock = null)
    {
        var host = await DataHost.StartAsync(
            main, settings => settings with { Log = DataHost.AddressOf(logs) }, services => services.AddSingleton(clock ?? TimeProvider.System));
        await host.SeedPayerAsync(Granted);
        return host;
    }
}
