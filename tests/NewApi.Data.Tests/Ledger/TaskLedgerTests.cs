using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.Data.Ledger;
using NewApi.Data.Rows;
using NewApi.Testing.Databases;

namespace NewApi.Data.Tests.Ledger;

/// <summary>The money of tasks on every database: charged with the task, ended once.</summary>
public sealed class TaskLedgerTests
{
    private const long Granted = 10_000;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory, AllDatabases]
    public async Task Task_that_fails_gets_everything_back_once_however_many_pollers_see_it(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        await host.SeedPayerAsync(Granted);
        var tasks = host.Get<TaskLedger>();

        var (payer, refusal) = await ChargeAsync(tasks, "one", 700);
        Assert.Equal((HoldRefusal.None, "wallet"), (refusal, payer.Source));
        Assert.Equal("9300,9300,700,700,1", await FiguresAsync(database));

        var ended = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => tasks.EndAsync(
            new TaskEnd { RequestId = "one", Points = 0, Log = Log() }, MoveAsync("one"), Cancel)));

        Assert.Single(ended, won => won);
        Assert.Equal("10000,10000,0,0,1", await FiguresAsync(database));
        Assert.Equal("FAILURE", await database.ReadAsync("SELECT status FROM tasks"));
        Assert.Equal("700", await database.ReadAsync("SELECT quota FROM logs WHERE type = 6"));
        await host.AssertBooksAsync();
    }

    [Theory, AllDatabases]
    public async Task Pollers_without_a_compare_and_set_of_their_own_still_refund_once(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        await host.SeedPayerAsync(Granted);
        var tasks = host.Get<TaskLedger>();
        await ChargeAsync(tasks, "one", 700);

        var ended = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => tasks.EndAsync(
            new TaskEnd { RequestId = "one", Points = 0, Log = Log() }, (_, _) => Task.FromResult(true), Cancel)));

        Assert.Single(ended, won => won);
        Assert.Equal("10000,10000,0,0,1", await FiguresAsync(database));
        await host.AssertBooksAsync();
    }

    [Theory, AllDatabases]
    public async Task Task_that_cost_more_or_less_moves_the_difference(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        await host.SeedPayerAsync(Granted);
        var tasks = host.Get<TaskLedger>();
        await ChargeAsync(tasks, "more", 700);
        await ChargeAsync(tasks, "less", 700);
        await ChargeAsync(tasks, "same", 700);

        Assert.True(await EndAsync(tasks, "more", 1000));
        Assert.True(await EndAsync(tasks, "less", 200));
        Assert.True(await EndAsync(tasks, "same", 700));
        Assert.False(await EndAsync(tasks, "same", 0));

        Assert.Equal("8100,8100,1900,1900,3", await FiguresAsync(database));
        Assert.Equal("5", await database.ReadAsync("SELECT count(*) FROM logs"));
        await host.AssertBooksAsync();
    }

    [Theory, AllDatabases]
    public async Task Task_that_cost_more_than_anybody_has_leaves_a_debt_that_the_ledger_knows(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        await host.SeedPayerAsync(Granted);
        var tasks = host.Get<TaskLedger>();
        await ChargeAsync(tasks, "one", 9_000);

        Assert.True(await EndAsync(tasks, "one", 12_500));

        Assert.Equal("-2500", await database.ReadAsync("SELECT quota FROM users WHERE id = 1"));
        Assert.Equal("2500", await database.ReadAsync("SELECT excess FROM newapi_ledger WHERE entry_key = 'one:end'"));
        Assert.Equal("2500", await database.ReadAsync("SELECT token_excess FROM newapi_ledger WHERE entry_key = 'one:end'"));
        await host.AssertBooksAsync();
    }

    [Theory, AllDatabases]
    public async Task Charge_that_nobody_can_bear_stores_no_task_and_moves_nothing(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        await host.SeedPayerAsync(Granted);
        var tasks = host.Get<TaskLedger>();
        await database.ExecuteAsync("UPDATE tokens SET remain_quota = 20000 WHERE id = 1");

        Assert.Equal(HoldRefusal.Wallet, (await ChargeAsync(tasks, "one", Granted + 1)).Refusal);
        Assert.Equal(HoldRefusal.Key, (await ChargeAsync(tasks, "two", 20_001)).Refusal);

        Assert.Equal("10000,20000,0,0,0", await FiguresAsync(database));
        Assert.Equal("0", await database.ReadAsync("SELECT count(*) FROM tasks"));
        await host.AssertBooksAsync();
    }

    [Theory, AllDatabases]
    public async Task Task_that_could_not_be_stored_was_not_charged(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        await host.SeedPayerAsync(Granted);

        await Assert.ThrowsAsync<InvalidOperationException>(() => host.Get<TaskLedger>().ChargeAsync(
            Charge("one", 700), (_, _, _) => throw new InvalidOperationException("no room"), Cancel));

        Assert.Equal("10000,10000,0,0,0", await FiguresAsync(database));
        await host.AssertBooksAsync();
    }

    [Theory, AllDatabases]
    public async Task Task_that_was_never_charged_ends_without_a_refund(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        await host.SeedPayerAsync(Granted);

        Assert.True(await host.Get<TaskLedger>().EndAsync(
            new TaskEnd { RequestId = "unpaid", Points = 0, Log = Log() }, (_, _) => Task.FromResult(true), Cancel));

        Assert.Equal("10000,10000,0,0,0", await FiguresAsync(database));
        Assert.Equal("0", await database.ReadAsync("SELECT count(*) FROM logs"));
    }

    [Theory, AllDatabases]
    public async Task Subscription_pays_first_and_is_paid_back(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        await host.SeedPayerAsync(Granted);
        await SubscribeAsync(host, total: 1_000);
        var tasks = host.Get<TaskLedger>();

        Assert.Equal("subscription", (await ChargeAsync(tasks, "one", 700)).Payer.Source);
        Assert.Equal("wallet", (await ChargeAsync(tasks, "two", 700)).Payer.Source);
        Assert.Equal("700", await database.ReadAsync("SELECT amount_used FROM user_subscriptions"));
        Assert.True(await EndAsync(tasks, "one", 0));

        Assert.Equal("0", await database.ReadAsync("SELECT amount_used FROM user_subscriptions"));
        Assert.Equal("9300,9300,700,700,2", await FiguresAsync(database));
        await host.AssertBooksAsync();
    }

    [Theory, AllDatabases]
    public async Task Task_dearer_than_its_subscription_spills_into_the_wallet(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        await host.SeedPayerAsync(Granted);
        await SubscribeAsync(host, total: 1_000);
        var tasks = host.Get<TaskLedger>();
        await ChargeAsync(tasks, "one", 700);

        Assert.True(await EndAsync(tasks, "one", 1_500));

        Assert.Equal("1000", await database.ReadAsync("SELECT amount_used FROM user_subscriptions"));
        Assert.Equal("9500,8500,1500,1500,1", await FiguresAsync(database));
        await host.AssertBooksAsync();
    }

    [Theory, AllDatabases]
    public async Task Budgets_bound_tasks_and_get_back_what_failed(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        await host.SeedPayerAsync(Granted);
        await host.Database.WriteAsync(
            async (db, cancel) =>
            {
                await db.InsertAsync(new BudgetRow { Scope = "user", ScopeId = 1, Amount = 5_000 }, token: cancel);
                await db.InsertAsync(new BudgetRow { Scope = "key", ScopeId = 1, Amount = 1_000 }, token: cancel);
            },
            Cancel);
        var tasks = host.Get<TaskLedger>();

        Assert.Equal(HoldRefusal.None, (await ChargeAsync(tasks, "one", 700)).Refusal);
        Assert.Equal(HoldRefusal.Budget, (await ChargeAsync(tasks, "two", 700)).Refusal);
        Assert.Equal("9300,9300,700,700,1", await FiguresAsync(database));
        Assert.Equal("1400", await database.ReadAsync("SELECT sum(used) FROM newapi_budgets"));
        Assert.True(await EndAsync(tasks, "one", 0));

        Assert.Equal("0", await database.ReadAsync("SELECT sum(used) FROM newapi_budgets"));
        Assert.Equal(HoldRefusal.None, (await ChargeAsync(tasks, "three", 700)).Refusal);
        await host.AssertBooksAsync();
    }

    [Theory, AllDatabases]
    public async Task Refund_after_the_period_ended_does_not_give_again_what_came_back_with_the_reset(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        await host.SeedPayerAsync(Granted);
        await SubscribeAsync(host, total: 1_000);
        var tasks = host.Get<TaskLedger>();
        await ChargeAsync(tasks, "one", 700);
        await database.ExecuteAsync("UPDATE user_subscriptions SET next_reset_time = 1760000000");
        await host.Database.WriteAsync(
            (db, cancel) => PeriodResets.SubscriptionAsync(db, 1, 1_760_000_001, TimeZoneInfo.Utc, cancel), Cancel);

        Assert.True(await EndAsync(tasks, "one", 0));

        Assert.Equal("0", await database.ReadAsync("SELECT amount_used FROM user_subscriptions"));
        await host.AssertBooksAsync();
    }

    [Theory, AllDatabases]
    public async Task Refund_of_a_period_that_is_over_takes_nothing_from_what_the_next_one_spent(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        await host.SeedPayerAsync(Granted);
        await SubscribeAsync(host, total: 1_000);
        var tasks = host.Get<TaskLedger>();
        await ChargeAsync(tasks, "one", 100);
        await ChargeAsync(tasks, "dearer", 50);
        await BeginPeriodAsync(host, database);
        await ChargeAsync(tasks, "two", 500);

        Assert.True(await EndAsync(tasks, "one", 0));
        Assert.Equal("500", await database.ReadAsync("SELECT amount_used FROM user_subscriptions"));
        await host.AssertBooksAsync();

        // What was never charged is spent now, in the period that runs.
        Assert.True(await EndAsync(tasks, "dearer", 80));
        Assert.True(await EndAsync(tasks, "two", 200));
        Assert.Equal("230", await database.ReadAsync("SELECT amount_used FROM user_subscriptions"));
        Assert.Equal("10000", await database.ReadAsync("SELECT quota FROM users WHERE id = 1"));
        await host.AssertBooksAsync();
    }

    [Theory, AllDatabases]
    public async Task Parallel_resets_start_one_period(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        await host.SeedPayerAsync(Granted);
        await SubscribeAsync(host, total: 1_000);
        await ChargeAsync(host.Get<TaskLedger>(), "one", 700);
        await database.ExecuteAsync("UPDATE user_subscriptions SET next_reset_time = 1760000000");

        var began = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => host.Database.WriteAsync(
            (db, cancel) => PeriodResets.SubscriptionAsync(db, 1, 1_760_000_001, TimeZoneInfo.Utc, cancel), Cancel)));

        Assert.Single(began, first => first);
        // 2025-10-10 08:53:21 UTC: the plan resets daily.
        Assert.Equal("1760054400", await database.ReadAsync("SELECT next_reset_time FROM user_subscriptions"));
        await host.AssertBooksAsync();
    }

    [Theory, AllDatabases]
    public async Task Wallet_pays_for_a_purchase_only_with_what_no_call_holds(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        await host.SeedPayerAsync(Granted);
        await host.Get<EscrowStore>().TakeAsync("relay/a/1", AccountKind.Wallet, 1, 4_000, 4_000, Cancel);

        var bought = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => host.Database.WriteAsync(
            (db, cancel) => LedgerEntries.DebitAsync(db, LedgerKind.Purchase, $"purchase:{i}", 1, 2_500, 1, cancel), Cancel)));

        Assert.Equal(2, bought.Count(paid => paid));
        Assert.Equal("5000", await database.ReadAsync("SELECT quota FROM users WHERE id = 1"));
        await host.AssertBooksAsync();
    }

    [Theory, AllDatabases]
    public async Task Subscription_that_was_used_before_the_ledger_is_taken_over(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using (var host = await DataHost.StartAsync(database))
        {
            await SubscribeAsync(host, total: 1_000);
            await database.ExecuteAsync("UPDATE user_subscriptions SET amount_used = 77");
        }
        for (var start = 0; start < 2; start++)
        {
            await using var host = await DataHost.StartAsync(database);
            Assert.Equal("-77", await database.ReadAsync("SELECT sum(subscription_points) FROM newapi_ledger"));
            await host.AssertBooksAsync();
        }
    }

    private static TaskCharge Charge(string id, long points) => new()
    {
        RequestId = id,
        UserId = 1,
        TokenId = 1,
        ChannelId = 1,
        Points = points,
        Log = Log(),
    };

    private static LogRow Log() => new() { Username = "payer", ModelName = "suno_music", Group = "default", Other = "{}" };

    private static Task<(TaskPayer Payer, HoldRefusal Refusal)> ChargeAsync(TaskLedger tasks, string id, long points) => tasks.ChargeAsync(
        Charge(id, points),
        (db, _, cancel) => db.InsertAsync(new TaskRow { TaskId = id, UserId = 1, Quota = points, Status = "SUBMITTED" }, token: cancel),
        Cancel);

    private static Task<bool> EndAsync(TaskLedger tasks, string id, long points) =>
        tasks.EndAsync(new TaskEnd { RequestId = id, Points = points, Log = Log() }, (_, _) => Task.FromResult(true), Cancel);

    private static Func<DataConnection, CancellationToken, Task<bool>> MoveAsync(string id) => async (db, cancel) =>
        await db.Tasks.Where(row => row.TaskId == id && row.Status != "FAILURE").Set(row => row.Status, "FAILURE").UpdateAsync(cancel) == 1;

    private static Task SubscribeAsync(DataHost host, long total) => host.Database.WriteAsync(
        async (db, cancel) =>
        {
            await db.InsertAsync(new SubscriptionPlanRow { Title = "Plan", TotalAmount = total, QuotaResetPeriod = "daily" }, token: cancel);
            await db.InsertAsync(
                new UserSubscriptionRow { UserId = 1, PlanId = 1, AmountTotal = total, Status = "active", EndTime = 4_000_000_000 },
                token: cancel);
        },
        Cancel);

    /// <summary>What was charged so far was charged a quarter of an hour ago, and a new period has begun since.</summary>
    private static async Task BeginPeriodAsync(DataHost host, TestDatabase database)
    {
        var began = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() - 600;
        await database.ExecuteAsync("UPDATE newapi_ledger SET created_at = created_at - 900");
        await database.ExecuteAsync($"UPDATE user_subscriptions SET next_reset_time = {began}");
        await host.Database.WriteAsync((db, cancel) => PeriodResets.SubscriptionAsync(db, 1, began, TimeZoneInfo.Utc, cancel), Cancel);
        // The day may end while a test runs.
        await database.ExecuteAsync("UPDATE user_subscriptions SET next_reset_time = 0");
    }

    /// <summary>Wallet, key, used by the user, used by the channel, calls.</summary>
    private static async Task<string> FiguresAsync(TestDatabase database) => string.Join(',',
    [
        await database.ReadAsync("SELECT quota FROM users WHERE id = 1"),
        await database.ReadAsync("SELECT remain_quota FROM tokens WHERE id = 1"),
        await database.ReadAsync("SELECT used_quota FROM users WHERE id = 1"),
        await database.ReadAsync("SELECT used_quota FROM channels WHERE id = 1"),
        await database.ReadAsync("SELECT request_count FROM users WHERE id = 1"),
    ]);
}
