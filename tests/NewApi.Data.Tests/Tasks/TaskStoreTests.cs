using LinqToDB;
using LinqToDB.Async;
using Microsoft.Extensions.DependencyInjection;
using NewApi.Data.Ledger;
using NewApi.Data.Rows;
using NewApi.Data.Tasks;
using NewApi.Domain.Pricing;
using NewApi.Domain.Tasks;
using NewApi.Testing;
using NewApi.Testing.Databases;

namespace NewApi.Data.Tests.Tasks;

/// <summary>Tasks and their money on every database: stored with the charge, accepted once, ended once.</summary>
public sealed class TaskStoreTests
{
    private const long Granted = 10_000_000;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(15);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory, AllDatabases]
    public async Task A_task_is_stored_with_its_charge_accepted_and_settled_by_its_own_price(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await StartAsync(database, new ShiftedClock());
        var store = host.Get<TaskStore>();

        var task = await OpenAsync(store, "r1", 625_000, new TaskPrice { ModelRatio = 2.5m, GroupRatio = 1, QuotaPerUnit = 500_000 });
        Assert.Equal("9375000,625000,0,0", await FiguresAsync(database));
        Assert.Equal("0", await database.ReadAsync("SELECT count(*) FROM logs"));
        Assert.True(await store.AcceptAsync(task, Acceptance("up-1", cost: 1000), Log(), Cancel));
        Assert.Equal("9375000,625000,625000,1", await FiguresAsync(database));

        task = (await store.FindAsync(1, task.Id, Cancel))!;
        Assert.Equal(("up-1", TaskState.Submitted, "video-upstream", 7L), (task.UpstreamId, task.State, task.Properties.UpstreamModel, task.Row.ChannelId));
        Assert.Equal("""{"id":"up-1"}""", task.Row.Data!.Replace(" ", ""));
        await store.ContinueAsync(task, new TaskNews { State = TaskState.InProgress, Data = """{"at":1}""" }, TimeSpan.FromSeconds(10), Cancel);
        // Worked example 31: the hold was 625000, and 108900 tokens cost 272250.
        Assert.True(await store.EndAsync(
            (await store.FindAsync(1, task.Id, Cancel))!,
            new TaskNews { State = TaskState.Succeeded, Tokens = 108_900, ResultUrl = "https://films.example/1.mp4" },
            Cancel));

        Assert.Equal("9727750,272250,272250,1", await FiguresAsync(database));
        task = (await store.FindAsync(1, task.Id, Cancel))!;
        Assert.Equal((TaskState.Succeeded, "https://films.example/1.mp4", 272_250L, "100%"), (task.State, task.ResultUrl, task.Row.Quota, task.Row.Progress));
        Assert.Equal("352750", await database.ReadAsync("SELECT quota FROM logs WHERE type = 6"));
        Assert.Equal("0", await database.ReadAsync("SELECT count(*) FROM newapi_task_polls"));
        await host.AssertBooksAsync();
    }

    [Theory, AllDatabases]
    public async Task What_the_upstream_makes_of_an_order_is_settled_at_its_end(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await StartAsync(database, new ShiftedClock());
        var store = host.Get<TaskStore>();
        var longer = await OpenAsync(store, "r1", 500_000);
        await store.AcceptAsync(longer, Acceptance("up-1") with { Factors = new Dictionary<string, decimal> { ["seconds"] = 3 } }, Log(), Cancel);
        var shorter = await OpenAsync(store, "r2", 1_000_000);
        await store.AcceptAsync(shorter, Acceptance("up-2") with { Factors = new Dictionary<string, decimal> { ["seconds"] = 2 } }, Log(), Cancel);

        Assert.True(await store.EndAsync((await store.FindAsync(1, longer.Id, Cancel))!, new TaskNews { State = TaskState.Succeeded }, Cancel));
        Assert.True(await store.EndAsync(
            (await store.FindAsync(1, shorter.Id, Cancel))!,
            new TaskNews { State = TaskState.Succeeded, Factors = new Dictionary<string, decimal> { ["seconds"] = 1 } },
            Cancel));

        Assert.Equal("8000000,2000000,2000000,2", await FiguresAsync(database));
        Assert.Equal("1000000", await database.ReadAsync("SELECT quota FROM logs WHERE type = 2 AND request_id = 'r1' ORDER BY id DESC LIMIT 1"));
        Assert.Equal("500000", await database.ReadAsync("SELECT quota FROM logs WHERE type = 6 AND request_id = 'r2'"));
        await host.AssertBooksAsync();
    }

    [Theory, AllDatabases]
    public async Task A_failure_seen_by_many_gives_everything_back_once(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await StartAsync(database, new ShiftedClock());
        var store = host.Get<TaskStore>();
        var task = await OpenAsync(store, "r1", 500_000);
        Assert.True(await store.AcceptAsync(task, Acceptance("up-1", cost: 400), Log(), Cancel));
        task = (await store.FindAsync(1, task.Id, Cancel))!;

        var ended = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => store.EndAsync(
            task, new TaskNews { State = TaskState.Failed, Reason = $"poller {i}" }, Cancel)));

        Assert.Single(ended, won => won);
        Assert.Equal("10000000,0,0,1", await FiguresAsync(database));
        Assert.Equal("1", await database.ReadAsync("SELECT count(*) FROM logs WHERE type = 6"));
        // Statistics know of the refund, and of what it saved.
        Assert.Equal("0", await database.ReadAsync("SELECT sum(quota) FROM quota_data"));
        Assert.False(await store.EndAsync(task, new TaskNews { State = TaskState.Succeeded }, Cancel));
        Assert.Equal("FAILURE", await database.ReadAsync("SELECT status FROM tasks"));
        await host.AssertBooksAsync();
    }

    [Theory, AllDatabases]
    public async Task A_refused_order_leaves_a_failed_task_and_no_line_in_the_log(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await StartAsync(database, new ShiftedClock());
        var store = host.Get<TaskStore>();
        var task = await OpenAsync(store, "r1", 500_000);

        Assert.True(await store.EndAsync(task, new TaskNews { State = TaskState.Failed, Reason = "refused", From = TaskState.NotStarted }, Cancel));

        Assert.Equal("10000000,0,0,0", await FiguresAsync(database));
        Assert.Equal("0", await database.ReadAsync("SELECT count(*) FROM logs"));
        // Whoever accepted it in the meantime comes too late.
        Assert.False(await store.AcceptAsync(task, Acceptance("up-1"), Log(), Cancel));
        Assert.Equal("FAILURE", await database.ReadAsync("SELECT status FROM tasks"));
        await host.AssertBooksAsync();
    }

    [Theory, AllDatabases]
    public async Task An_accepted_task_is_not_given_up_as_one_that_nobody_accepted(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await StartAsync(database, new ShiftedClock());
        var store = host.Get<TaskStore>();
        var task = await OpenAsync(store, "r1", 500_000);
        Assert.True(await store.AcceptAsync(task, Acceptance("up-1"), Log(), Cancel));

        Assert.False(await store.EndAsync(task, new TaskNews { State = TaskState.Failed, From = TaskState.NotStarted }, Cancel));
        Assert.False(await store.AcceptAsync(task, Acceptance("up-2"), Log(), Cancel));

        Assert.Equal("SUBMITTED", await database.ReadAsync("SELECT status FROM tasks"));
        Assert.Equal("9500000,500000,500000,1", await FiguresAsync(database));
        await host.AssertBooksAsync();
    }

    [Theory, AllDatabases]
    public async Task Acceptance_and_giving_up_at_the_same_moment_leave_one_of_both(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await StartAsync(database, new ShiftedClock());
        var store = host.Get<TaskStore>();
        var accepted = 0;
        for (var round = 0; round < 10; round++)
        {
            var task = await OpenAsync(store, $"r{round}", 100);
            var both = await Task.WhenAll(
                Task.Run(() => store.AcceptAsync(task, Acceptance($"up-{round}"), Log(), Cancel), Cancel),
                Task.Run(() => store.EndAsync(task, new TaskNews { State = TaskState.Failed, From = TaskState.NotStarted }, Cancel), Cancel));
            Assert.Single(both, won => won);
            accepted += both[0] ? 1 : 0;
        }

        Assert.Equal($"{accepted}", await database.ReadAsync("SELECT count(*) FROM tasks WHERE status = 'SUBMITTED'"));
        Assert.Equal($"{accepted}", await database.ReadAsync("SELECT count(*) FROM logs"));
        Assert.Equal($"{Granted - 100 * accepted},{100 * accepted},{100 * accepted},{accepted}", await FiguresAsync(database));
        await host.AssertBooksAsync();
    }

    [Theory, AllDatabases]
    public async Task A_subscription_that_paid_the_reference_is_given_back_what_it_paid(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await StartAsync(database, new ShiftedClock());
        var store = host.Get<TaskStore>();
        await host.Database.WriteAsync(
            async (db, cancel) =>
            {
                await db.InsertAsync(new UserSubscriptionRow { UserId = 1, PlanId = 1, AmountTotal = 1000, Status = "active", EndTime = 4_000_000_000 }, token: cancel);
                await db.UserSubscriptions.Set(row => row.AmountUsed, 700).UpdateAsync(cancel);
                await db.InsertAsync(
                    new LedgerRow { EntryKey = "used", Kind = (int)LedgerKind.OpenSubscription, UserId = 1, SubscriptionId = 1, SubscriptionPoints = -700, CreatedAt = 1 },
                    token: cancel);
                await db.InsertAsync(
                    new TaskRow
                    {
                        TaskId = "up-1",
                        UserId = 1,
                        Platform = "50",
                        Quota = 500,
                        Status = "SUBMITTED",
                        PrivateData = """{"billing_source":"subscription","subscription_id":1}""",
                    },
                    token: cancel);
            },
            Cancel);

        Assert.True(await store.EndAsync((await store.FindAsync(1, "up-1", Cancel))!, new TaskNews { State = TaskState.Failed }, Cancel));

        Assert.Equal("200", await database.ReadAsync("SELECT amount_used FROM user_subscriptions"));
        Assert.Equal($"{Granted}", await database.ReadAsync("SELECT quota FROM users WHERE id = 1"));
        await host.AssertBooksAsync();
    }

    [Theory, AllDatabases]
    public async Task Tasks_are_due_in_turn_and_stay_away_once_they_are_claimed(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        var clock = new ShiftedClock();
        await using var host = await StartAsync(database, clock);
        var store = host.Get<TaskStore>();
        var first = await OpenAsync(store, "r1", 10);
        clock.Offset += TimeSpan.FromMinutes(1);
        var second = await OpenAsync(store, "r2", 10);
        Assert.Empty(await store.ClaimDueAsync(10, TimeSpan.FromMinutes(5), Cancel));

        // Nobody accepts them: they come up when their patience is over.
        clock.Offset += Patience;
        Assert.Equal([first.Id], (await store.ClaimDueAsync(1, TimeSpan.FromMinutes(5), Cancel)).Select(due => due.Task.Id));
        Assert.Equal([second.Id], (await store.ClaimDueAsync(10, TimeSpan.FromMinutes(5), Cancel)).Select(due => due.Task.Id));
        Assert.Empty(await store.ClaimDueAsync(10, TimeSpan.FromMinutes(5), Cancel));
        clock.Offset += TimeSpan.FromMinutes(6);
        Assert.Equal(2, (await store.ClaimDueAsync(10, TimeSpan.FromMinutes(5), Cancel)).Count);
        await store.LaterAsync(first, TimeSpan.FromMinutes(1), 3, Cancel);
        clock.Offset += TimeSpan.FromMinutes(2);
        var due = Assert.Single(await store.ClaimDueAsync(10, TimeSpan.FromMinutes(5), Cancel));
        Assert.Equal((first.Id, 3L), (due.Task.Id, due.Misses));
    }

    [Theory, AllDatabases]
    public async Task A_late_success_is_noted_and_costs_nothing(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        var clock = new ShiftedClock();
        await using var host = await StartAsync(database, clock);
        var store = host.Get<TaskStore>();
        var task = await OpenAsync(store, "r1", 500_000);
        await store.AcceptAsync(task, Acceptance("up-1"), Log(), Cancel);
        task = (await store.FindAsync(1, task.Id, Cancel))!;
        Assert.True(await store.EndAsync(task, new TaskNews { State = TaskState.Failed, Reason = "timeout", MayComeLate = true }, Cancel));

        clock.Offset += TimeSpan.FromHours(2);
        var due = Assert.Single(await store.ClaimDueAsync(10, TimeSpan.FromMinutes(5), Cancel));
        Assert.Equal(24, due.LateLooks);
        await store.LateAgainAsync(due, Cancel);
        clock.Offset += TimeSpan.FromHours(2);
        due = Assert.Single(await store.ClaimDueAsync(10, TimeSpan.FromMinutes(5), Cancel));
        Assert.Equal(23, due.LateLooks);
        await store.NoteLateAsync(due.Task, new TaskNews { State = TaskState.Succeeded, ResultUrl = "https://films.example/late.mp4" }, Cancel);

        task = (await store.FindAsync(1, task.Id, Cancel))!;
        Assert.Equal((TaskState.Failed, "timeout"), (task.State, task.Row.FailReason));
        Assert.NotNull(task.Facts.Own!.LateSuccess);
        Assert.Equal("10000000,0,0,1", await FiguresAsync(database));
        Assert.Equal("0", await database.ReadAsync("SELECT count(*) FROM newapi_task_polls"));
        await host.AssertBooksAsync();
    }

    [Theory, AllDatabases]
    public async Task Tasks_that_the_reference_left_behind_are_looked_after_and_paid_back(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await StartAsync(database, new ShiftedClock());
        var store = host.Get<TaskStore>();
        await host.Database.WriteAsync(
            async (db, cancel) =>
            {
                await db.InsertAsync(Left("up-1", "IN_PROGRESS", "30%", """{"key":"secret","token_id":1}"""), token: cancel);
                await db.InsertAsync(Left("up-2", "SUCCESS", "100%", null), token: cancel);
                await db.InsertAsync(Left("up-3", "", "", null), token: cancel);
            },
            Cancel);

        Assert.Equal(2, await store.AdoptAsync(Cancel));
        Assert.Equal(0, await store.AdoptAsync(Cancel));
        var due = await store.ClaimDueAsync(10, TimeSpan.FromMinutes(5), Cancel);
        Assert.Equal(["up-1", "up-3"], due.Select(one => one.Task.UpstreamId));
        Assert.True(await store.EndAsync(due[0].Task, new TaskNews { State = TaskState.Failed, Reason = "no" }, Cancel));
        Assert.False(await store.EndAsync(due[0].Task, new TaskNews { State = TaskState.Failed, Reason = "no" }, Cancel));
        Assert.True(await store.EndAsync(due[1].Task, new TaskNews { State = TaskState.Succeeded, ResultUrl = "https://films.example/3.mp4" }, Cancel));

        Assert.Equal("10000700,0,0,0", await FiguresAsync(database));
        Assert.Equal("700", await database.ReadAsync("SELECT points FROM newapi_ledger WHERE kind = 7"));
        Assert.Contains("secret", (await store.FindAsync(1, "up-1", Cancel))!.Row.PrivateData);
        await host.AssertBooksAsync();

        static TaskRow Left(string id, string status, string progress, string? secrets) => new()
        {
            TaskId = id,
            UserId = 1,
            Platform = "50",
            Quota = 700,
            Status = status,
            Progress = progress,
            PrivateData = secrets,
        };
    }

    [Theory, AllDatabases]
    public async Task Subscription_pays_back_what_the_reference_charged_only_in_the_period_of_the_charge(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await StartAsync(database, new ShiftedClock());
        var store = host.Get<TaskStore>();
        await host.Database.WriteAsync(
            async (db, cancel) =>
            {
                await db.InsertAsync(
                    new UserSubscriptionRow { UserId = 1, AmountTotal = 1_000, AmountUsed = 500, Status = "active", LastResetTime = 2_000 }, token: cancel);
                await db.InsertAsync(
                    new LedgerRow { EntryKey = "sub:1:opening", Kind = (int)LedgerKind.OpenSubscription, UserId = 1, SubscriptionId = 1, SubscriptionPoints = -500 }, token: cancel);
                foreach (var (id, submitted) in ((string, long)[])[("before", 1_000), ("after", 3_000)])
                {
                    await db.InsertAsync(
                        new TaskRow
                        {
                            TaskId = id,
                            UserId = 1,
                            Platform = "50",
                            Quota = 100,
                            Status = "IN_PROGRESS",
                            SubmitTime = submitted,
                            PrivateData = """{"billing_source":"subscription","subscription_id":1}""",
                        },
                        token: cancel);
                }
            },
            Cancel);

        Assert.True(await store.EndAsync((await store.FindAsync(1, "before", Cancel))!, new TaskNews { State = TaskState.Failed, Reason = "no" }, Cancel));
        Assert.Equal("500", await database.ReadAsync("SELECT amount_used FROM user_subscriptions"));
        Assert.True(await store.EndAsync((await store.FindAsync(1, "after", Cancel))!, new TaskNews { State = TaskState.Failed, Reason = "no" }, Cancel));

        Assert.Equal("400", await database.ReadAsync("SELECT amount_used FROM user_subscriptions"));
        await host.AssertBooksAsync();
    }

    [Theory, AllDatabases]
    public async Task Nobody_finds_the_task_of_another(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await StartAsync(database, new ShiftedClock());
        var store = host.Get<TaskStore>();
        var task = await OpenAsync(store, "r1", 10);

        Assert.Null(await store.FindAsync(2, task.Id, Cancel));
        Assert.Empty(await store.FindAsync(2, [task.Id], Cancel));
        Assert.Single(await store.FindAsync(1, [task.Id, "task_other"], Cancel));
    }

    [Theory, AllDatabases]
    public async Task An_order_that_nobody_can_pay_stores_nothing(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await StartAsync(database, new ShiftedClock());

        var (task, refusal) = await host.Get<TaskStore>().OpenAsync(Draft("r1", PerCall), Charge("r1", Granted + 1), Patience, Cancel);

        Assert.Equal((null, HoldRefusal.Wallet), (task, refusal));
        Assert.Equal("0", await database.ReadAsync("SELECT count(*) FROM tasks"));
        Assert.Equal("0", await database.ReadAsync("SELECT count(*) FROM newapi_task_polls"));
        await host.AssertBooksAsync();
    }

    private static TaskPrice PerCall { get; } = new() { PerCall = 1, GroupRatio = 1, QuotaPerUnit = 500_000 };

    private static async Task<StoredTask> OpenAsync(TaskStore store, string requestId, long points, TaskPrice? price = null)
    {
        var (task, refusal) = await store.OpenAsync(Draft(requestId, price ?? PerCall), Charge(requestId, points), Patience, Cancel);
        Assert.Equal(HoldRefusal.None, refusal);
        return task!;
    }

    private static TaskDraft Draft(string requestId, TaskPrice price) => new()
    {
        Id = StoredTask.NextId(),
        Platform = "55",
        Action = "textGenerate",
        Group = "default",
        Properties = new TaskProperties { Model = "video", Input = "A cat on the moon \ud83d\ude00" },
        Facts = new OwnTaskFacts { RequestId = requestId, Price = price, Username = "payer", Logged = true },
    };

    private static TaskCharge Charge(string requestId, long points) =>
        new() { RequestId = requestId, UserId = 1, TokenId = 1, ChannelId = 0, Points = points };

    private static TaskAcceptance Acceptance(string upstreamId, long? cost = null) => new()
    {
        ChannelId = 7,
        Platform = "55",
        UpstreamId = upstreamId,
        UpstreamModel = "video-upstream",
        Factors = new Dictionary<string, decimal>(),
        Cost = cost,
        Data = $$"""{"id":"{{upstreamId}}"}""",
    };

    private static LogRow Log() => new() { Username = "payer", ModelName = "video", Group = "default", Other = "{}" };

    private static async Task<DataHost> StartAsync(TestDatabase database, ShiftedClock clock)
    {
        var host = await DataHost.StartAsync(database, services: services => services.AddSingleton<TimeProvider>(clock));
        await host.Database.WriteAsync(
            async (db, cancel) =>
            {
                await db.InsertAsync(new UserRow { Id = 1, Username = "payer", AffCode = "p", Quota = Granted }, token: cancel);
                await LedgerEntries.OpenAsync(db, 1, Granted, 1, cancel);
                await db.InsertAsync(new TokenRow { Id = 1, UserId = 1, Key = "k", UnlimitedQuota = true }, token: cancel);
                for (var i = 1; i <= 7; i++)
                {
                    await db.InsertAsync(new ChannelRow { Name = $"c{i}" }, token: cancel);
                }
            },
            Cancel);
        return host;
    }

    /// <summary>Wallet, used by the user, used by the channel, calls.</summary>
    private static async Task<string> FiguresAsync(TestDatabase database) => string.Join(',',
    [
        await database.ReadAsync("SELECT quota FROM users WHERE id = 1"),
        await database.ReadAsync("SELECT used_quota FROM users WHERE id = 1"),
        await database.ReadAsync("SELECT used_quota FROM channels WHERE id = 7"),
        await database.ReadAsync("SELECT request_count FROM users WHERE id = 1"),
    ]);
}
