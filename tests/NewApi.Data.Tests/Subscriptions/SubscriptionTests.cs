using LinqToDB;
using LinqToDB.Async;
using Microsoft.Extensions.DependencyInjection;
using NewApi.Data.Ledger;
using NewApi.Data.Payments;
using NewApi.Data.Rows;
using NewApi.Data.Subscriptions;
using NewApi.Testing.Databases;

namespace NewApi.Data.Tests.Subscriptions;

/// <summary>The life of held plans on every database.</summary>
public sealed class SubscriptionTests
{
    private const long Day = 86_400;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory, AllDatabases]
    public async Task Buyers_at_once_never_buy_more_than_the_limit_or_than_the_balance(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var first = await DataHost.StartAsync(database);
        await using var second = DataHost.Create(database);
        await SeedAsync(first, quota: 1_000);
        var limited = await PlanAsync(first, plan => plan.MaxPurchasePerUser = 2);
        var unlimited = await PlanAsync(first, _ => { });

        var bought = await Task.WhenAll(Enumerable.Range(0, 12).Select(i =>
            (i % 2 == 0 ? first : second).Get<SubscriptionStore>().BuyAsync(limited, 1, 100, $"a{i}", Cancel)));
        var more = await Task.WhenAll(Enumerable.Range(0, 12).Select(i =>
            (i % 2 == 0 ? first : second).Get<SubscriptionStore>().BuyAsync(unlimited, 1, 300, $"b{i}", Cancel)));

        Assert.Equal(2, bought.Count(outcome => outcome == PlanPurchase.Bought));
        Assert.Equal(10, bought.Count(outcome => outcome == PlanPurchase.LimitReached));
        Assert.Equal(2, more.Count(outcome => outcome == PlanPurchase.Bought));
        Assert.Equal(10, more.Count(outcome => outcome == PlanPurchase.NotEnough));
        using var db = first.Database.Open();
        Assert.Equal(200, await db.Users.Where(row => row.Id == 1).Select(row => row.Quota).SingleAsync(Cancel));
        Assert.Equal(4, await db.UserSubscriptions.CountAsync(Cancel));
        Assert.Equal(4, await db.SubscriptionOrders.CountAsync(row => row.Status == "success" && row.PaymentMethod == "balance", Cancel));
        Assert.True((await first.Get<LedgerAudit>().RunAsync(Cancel)).IsClean);
    }

    [Fact]
    public async Task Points_in_escrow_buy_no_plan()
    {
        await using var database = await TestDatabase.CreateAsync(DatabaseEngine.Sqlite);
        await using var host = await DataHost.StartAsync(database);
        await SeedAsync(host, quota: 1_000);
        await host.Get<EscrowStore>().TakeAsync("relay/a/1", AccountKind.Wallet, 1, 600, 600, Cancel);
        var plan = await PlanAsync(host, _ => { });

        Assert.Equal(PlanPurchase.NotEnough, await host.Get<SubscriptionStore>().BuyAsync(plan, 1, 401, "a", Cancel));
        Assert.Equal(PlanPurchase.Bought, await host.Get<SubscriptionStore>().BuyAsync(plan, 1, 400, "b", Cancel));
    }

    [Theory, AllDatabases]
    public async Task A_plan_raises_the_group_and_its_end_lowers_it_again(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        var clock = new SetClock(1_790_000_000);
        await using var host = await StartAsync(database, clock);
        await SeedAsync(host);
        var store = host.Get<SubscriptionStore>();
        var vip = await PlanAsync(host, plan => { plan.UpgradeGroup = "vip"; plan.DurationUnit = "day"; plan.DurationValue = 10; });
        var svip = await PlanAsync(host, plan => { plan.UpgradeGroup = "svip"; plan.DurationUnit = "day"; plan.DurationValue = 5; });

        await store.BuyAsync(vip, 1, 0, "one", Cancel);
        Assert.Equal("vip", await GroupAsync(host));
        clock.Seconds += Day;
        await store.BuyAsync(svip, 1, 0, "two", Cancel);
        Assert.Equal("svip", await GroupAsync(host));
        clock.Seconds += Day;
        await store.BuyAsync(vip, 1, 0, "three", Cancel);
        Assert.Equal("vip", await GroupAsync(host));

        clock.Seconds += 4 * Day;
        Assert.Equal([1L], await store.ExpireDueAsync(100, Cancel));
        Assert.Equal("vip", await GroupAsync(host));
        clock.Seconds += 4 * Day;
        Assert.Equal([1L], await store.ExpireDueAsync(100, Cancel));
        Assert.Equal("vip", await GroupAsync(host));
        clock.Seconds += 2 * Day;
        Assert.Equal([1L], await store.ExpireDueAsync(100, Cancel));
        Assert.Equal("default", await GroupAsync(host));
        Assert.Empty(await store.ExpireDueAsync(100, Cancel));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_plan_bought_again_before_the_job_has_ended_the_last_one_lowers_the_group_too(bool given)
    {
        await using var database = await TestDatabase.CreateAsync(DatabaseEngine.Sqlite);
        var clock = new SetClock(1_790_000_000);
        await using var host = await StartAsync(database, clock);
        await SeedAsync(host);
        var store = host.Get<SubscriptionStore>();
        var vip = await PlanAsync(host, plan => { plan.UpgradeGroup = "vip"; plan.DurationUnit = "day"; plan.DurationValue = 10; });
        await store.BuyAsync(vip, 1, 0, "one", Cancel);
        clock.Seconds += 10 * Day + 1;

        if (given)
        {
            await host.Database.WriteAsync((db, ct) => store.ActivateAsync(db, vip, 1, SubscriptionSource.Admin, clock.Seconds, ct), Cancel);
        }
        else
        {
            await store.BuyAsync(vip, 1, 0, "two", Cancel);
        }
        await store.ExpireDueAsync(100, Cancel);
        Assert.Equal("vip", await GroupAsync(host));

        clock.Seconds += 10 * Day;
        await store.ExpireDueAsync(100, Cancel);
        Assert.Equal("default", await GroupAsync(host));
    }

    [Fact]
    public async Task The_plan_names_the_group_that_comes_after_it()
    {
        await using var database = await TestDatabase.CreateAsync(DatabaseEngine.Sqlite);
        await using var host = await DataHost.StartAsync(database);
        await SeedAsync(host);
        var plan = await PlanAsync(host, plan => { plan.UpgradeGroup = "vip"; plan.DowngradeGroup = "former"; });
        await host.Get<SubscriptionStore>().BuyAsync(plan, 1, 0, "one", Cancel);

        Assert.NotNull(await host.Get<SubscriptionStore>().CancelAsync(1, Cancel));
        Assert.Null(await host.Get<SubscriptionStore>().CancelAsync(1, Cancel));

        Assert.Equal("former", await GroupAsync(host));
        using var db = host.Database.Open();
        Assert.Equal("cancelled", await db.UserSubscriptions.Select(row => row.Status).SingleAsync(Cancel));
    }

    [Fact]
    public async Task An_account_that_an_administrator_moved_stays_where_it_is()
    {
        await using var database = await TestDatabase.CreateAsync(DatabaseEngine.Sqlite);
        await using var host = await DataHost.StartAsync(database);
        await SeedAsync(host);
        var plan = await PlanAsync(host, plan => plan.UpgradeGroup = "vip");
        await host.Get<SubscriptionStore>().BuyAsync(plan, 1, 0, "one", Cancel);
        await host.Database.WriteAsync((db, ct) => db.Users.Where(row => row.Id == 1).Set(row => row.Group, "staff").UpdateAsync(ct), Cancel);

        Assert.Equal(new SubscriptionRemoval(true, 1), await host.Get<SubscriptionStore>().DeleteAsync(1, Cancel));

        Assert.Equal("staff", await GroupAsync(host));
    }

    [Fact]
    public async Task A_plan_that_calls_still_pay_from_is_ended_and_removed_later()
    {
        await using var database = await TestDatabase.CreateAsync(DatabaseEngine.Sqlite);
        await using var host = await DataHost.StartAsync(database);
        await SeedAsync(host);
        var store = host.Get<SubscriptionStore>();
        await store.BuyAsync(await PlanAsync(host, plan => plan.TotalAmount = 500), 1, 0, "one", Cancel);
        await HoldAsync(100);

        Assert.Equal(new SubscriptionRemoval(false, 1), await store.DeleteAsync(1, Cancel));
        await HoldAsync(0);
        Assert.Equal(new SubscriptionRemoval(true, 1), await store.DeleteAsync(1, Cancel));
        Assert.Equal(new SubscriptionRemoval(false, 0), await store.DeleteAsync(1, Cancel));
        Assert.True((await host.Get<LedgerAudit>().RunAsync(Cancel)).IsClean);

        Task<int> HoldAsync(long points) =>
            host.Database.WriteAsync((db, ct) => db.UserSubscriptions.Set(row => row.Held, points).UpdateAsync(ct), Cancel);
    }

    [Theory, AllDatabases]
    public async Task Points_come_back_once_a_period_whoever_looks(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        var clock = new SetClock(1_790_000_000);
        await using var host = await StartAsync(database, clock);
        await SeedAsync(host);
        var plan = await PlanAsync(host, plan =>
        {
            plan.TotalAmount = 500;
            plan.QuotaResetPeriod = "custom";
            plan.QuotaResetCustomSeconds = 1_000;
        });
        await host.Get<SubscriptionStore>().BuyAsync(plan, 1, 0, "one", Cancel);
        await SpendAsync(host, 400);
        Assert.Empty(await host.Get<SubscriptionStore>().ResetDueAsync(100, Cancel));

        clock.Seconds += 2_500;
        var looks = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => host.Get<SubscriptionStore>().ResetDueAsync(100, Cancel)));

        Assert.Equal(1, looks.Sum(look => look.Count));
        using var db = host.Database.Open();
        var held = await db.UserSubscriptions.SingleAsync(Cancel);
        Assert.Equal((0L, 1_790_002_500L, 1_790_003_000L), (held.AmountUsed, held.LastResetTime, held.NextResetTime));
    }

    [Theory, AllDatabases]
    public async Task A_paid_plan_begins_once_and_a_second_payment_beyond_the_limit_becomes_balance(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        await SeedAsync(host);
        var plan = await PlanAsync(host, plan => { plan.MaxPurchasePerUser = 1; plan.PriceAmount = 9.9m; });
        var orders = host.Get<OrderStore>();
        foreach (var tradeNo in (string[])["one", "two"])
        {
            await orders.OpenAsync(
                new SubscriptionOrderRow
                {
                    UserId = 1,
                    PlanId = plan.Id,
                    Money = 9.9m,
                    TradeNo = tradeNo,
                    PaymentMethod = "stripe",
                    PaymentProvider = "stripe",
                    Status = "pending",
                },
                new PaymentRow { TradeNo = tradeNo, Provider = "stripe", Session = "cs_" + tradeNo, Due = 990, Currency = "USD" },
                Cancel);
        }
        PaymentFact Fact(string tradeNo) => new()
        {
            Provider = "stripe",
            TradeNo = tradeNo,
            Session = "cs_" + tradeNo,
            Amount = 990,
            Currency = "usd",
            Customer = "cus_1",
            Payload = "stripe cs",
        };

        var results = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => orders.CompleteAsync(Fact(i % 2 == 0 ? "one" : "two"), Cancel)));

        Assert.Equal(2, results.Count(result => result.Outcome == PaymentOutcome.Completed));
        using var db = host.Database.Open();
        Assert.Equal(1, await db.UserSubscriptions.CountAsync(Cancel));
        var user = await db.Users.SingleAsync(Cancel);
        Assert.Equal((4_950_000L, "cus_1"), (user.Quota, user.StripeCustomer));
        Assert.True((await host.Get<LedgerAudit>().RunAsync(Cancel)).IsClean);
    }

    [Theory]
    [InlineData(PaymentProviders.Creem, 500, "USD", 0, 2_500_000)]
    [InlineData(PaymentProviders.Stripe, 2_000, "USD", 1_500, 2_500_000)]
    [InlineData(PaymentProviders.Epay, 7_300, "CNY", 0, 5_000_000)]
    [InlineData(PaymentProviders.Stripe, 500, "EUR", 0, 0)]
    public async Task A_payment_that_becomes_balance_gives_what_it_would_have_bought_and_not_the_price_of_the_plan(
        string provider, long paid, string currency, long discount, long points)
    {
        await using var database = await TestDatabase.CreateAsync(DatabaseEngine.Sqlite);
        await using var host = await DataHost.StartAsync(database);
        await SeedAsync(host);
        var orders = host.Get<OrderStore>();
        await orders.OpenAsync(
            new SubscriptionOrderRow { UserId = 1, PlanId = 99, Money = 20m, TradeNo = "one", PaymentMethod = provider, PaymentProvider = provider, Status = "pending" },
            new PaymentRow { TradeNo = "one", Provider = provider, Due = paid, Currency = currency },
            Cancel);

        var result = await orders.CompleteAsync(
            new PaymentFact { Provider = provider, TradeNo = "one", Amount = paid, Currency = currency, Discount = discount }, Cancel);

        Assert.Equal(PaymentOutcome.Completed, result.Outcome);
        using var db = host.Database.Open();
        Assert.Equal(points, await db.Users.Select(row => row.Quota).SingleAsync(Cancel));
        Assert.Equal(1, await db.Logs.CountAsync(row => row.UserId == 1 && row.Type == 1, Cancel));
        Assert.True((await host.Get<LedgerAudit>().RunAsync(Cancel)).IsClean);
    }

    private static Task<DataHost> StartAsync(TestDatabase database, TimeProvider clock) =>
        DataHost.StartAsync(database, services: services => services.AddSingleton(clock));

    private static Task SeedAsync(DataHost host, long quota = 0) => host.Database.WriteAsync(
        async (db, ct) =>
        {
            await db.InsertAsync(new UserRow { Id = 1, Username = "buyer", AffCode = "b", Quota = quota }, token: ct);
            await LedgerEntries.OpenAsync(db, 1, quota, 1, ct);
        },
        Cancel);

    private static async Task<SubscriptionPlanRow> PlanAsync(DataHost host, Action<SubscriptionPlanRow> change)
    {
        var plan = new SubscriptionPlanRow { Title = "plan" };
        change(plan);
        plan.Id = await host.Database.WriteAsync((db, ct) => db.InsertWithInt64IdentityAsync(plan, token: ct), Cancel);
        return plan;
    }

    private static Task SpendAsync(DataHost host, long points) =>
        host.Database.WriteAsync((db, ct) => db.UserSubscriptions.Set(row => row.AmountUsed, points).UpdateAsync(ct), Cancel);

    private static async Task<string> GroupAsync(DataHost host)
    {
        using var db = host.Database.Open();
        return await db.Users.Where(row => row.Id == 1).Select(row => row.Group).SingleAsync(Cancel);
    }

    private sealed class SetClock(long seconds) : TimeProvider
    {
        public long Seconds { get; set; } = seconds;

        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeSeconds(Seconds);
    }
}
