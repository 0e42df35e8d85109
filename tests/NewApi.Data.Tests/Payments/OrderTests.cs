using LinqToDB;
using LinqToDB.Async;
using NewApi.Data.Ledger;
using NewApi.Data.Payments;
using NewApi.Data.Rows;
using NewApi.Testing.Databases;

namespace NewApi.Data.Tests.Payments;

/// <summary>Paid orders on every database: a payment counts once, and only the payment that was asked for.</summary>
public sealed class OrderTests
{
    private const string TradeNo = "USR1NOabcdef1760000000";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static PaymentFact Fact => new() { Provider = PaymentProviders.Epay, TradeNo = TradeNo, Amount = 7_300, Currency = "CNY" };

    [Theory, AllDatabases]
    public async Task A_payment_reported_from_everywhere_at_once_counts_once(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var first = await DataHost.StartAsync(database);
        await using var second = DataHost.Create(database);
        await SeedAsync(first);

        var results = await Task.WhenAll(Enumerable.Range(0, 16).Select(i =>
            (i % 2 == 0 ? first : second).Get<OrderStore>().CompleteAsync(Fact, Cancel)));

        Assert.Single(results, result => result.Outcome == PaymentOutcome.Completed);
        Assert.Equal(15, results.Count(result => result.Outcome == PaymentOutcome.AlreadyComplete));
        using var db = first.Database.Open();
        Assert.Equal(5_000_000, await db.Users.Where(row => row.Id == 1).Select(row => row.Quota).SingleAsync(Cancel));
        Assert.Equal("success", await db.TopUps.Select(row => row.Status).SingleAsync(Cancel));
        Assert.Equal(1, await db.Logs.CountAsync(row => row.UserId == 1 && row.Type == 1, Cancel));
        Assert.True((await first.Get<LedgerAudit>().RunAsync(Cancel)).IsClean);
    }

    [Theory]
    [InlineData("other provider", PaymentOutcome.WrongProvider)]
    [InlineData("less", PaymentOutcome.WrongAmount)]
    [InlineData("more", PaymentOutcome.WrongAmount)]
    [InlineData("other currency", PaymentOutcome.WrongCurrency)]
    [InlineData("other checkout", PaymentOutcome.WrongSession)]
    [InlineData("other order", PaymentOutcome.UnknownOrder)]
    [InlineData("other case", PaymentOutcome.UnknownOrder)]
    public async Task A_payment_that_was_not_asked_for_changes_nothing(string what, PaymentOutcome outcome)
    {
        await using var database = await TestDatabase.CreateAsync(DatabaseEngine.Sqlite);
        await using var host = await DataHost.StartAsync(database);
        await SeedAsync(host);
        var fact = what switch
        {
            "other provider" => Fact with { Provider = PaymentProviders.Creem, MayExceed = true },
            "less" => Fact with { Amount = 7_299, MayExceed = true },
            "more" => Fact with { Amount = 7_301 },
            "other currency" => Fact with { Currency = "IDR" },
            "other checkout" => Fact with { Session = "cs_other" },
            "other order" => Fact with { TradeNo = "nothing" },
            _ => Fact with { TradeNo = TradeNo.ToUpperInvariant() },
        };

        Assert.Equal(outcome, (await host.Get<OrderStore>().CompleteAsync(fact, Cancel)).Outcome);

        using var db = host.Database.Open();
        Assert.Equal((0, "pending"), (await db.Users.Select(row => row.Quota).SingleAsync(Cancel), await db.TopUps.Select(row => row.Status).SingleAsync(Cancel)));
        Assert.Equal(0, await db.Ledger.CountAsync(row => row.Kind == (long)LedgerKind.TopUp, Cancel));
        Assert.Equal(0, await db.Logs.CountAsync(Cancel));
        // The real payment still counts afterwards.
        Assert.Equal(PaymentOutcome.Completed, (await host.Get<OrderStore>().CompleteAsync(Fact, Cancel)).Outcome);
    }

    [Theory, AllDatabases]
    public async Task An_order_that_expired_is_completed_by_a_late_payment_and_one_that_failed_is_not(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        await SeedAsync(host);
        var orders = host.Get<OrderStore>();

        Assert.True(await orders.CloseAsync(TradeNo, PaymentProviders.Epay, OrderStatus.Expired, Cancel));
        Assert.False(await orders.CloseAsync(TradeNo, PaymentProviders.Epay, OrderStatus.Failed, Cancel));
        Assert.Equal(PaymentOutcome.Completed, (await orders.CompleteAsync(Fact, Cancel)).Outcome);
        Assert.False(await orders.CloseAsync(TradeNo, PaymentProviders.Epay, OrderStatus.Expired, Cancel));

        await OpenAsync(host, "second");
        Assert.False(await orders.CloseAsync("second", PaymentProviders.Stripe, OrderStatus.Failed, Cancel));
        Assert.True(await orders.CloseAsync("second", PaymentProviders.Epay, OrderStatus.Failed, Cancel));
        Assert.Equal(PaymentOutcome.NotOpen, (await orders.CompleteAsync(Fact with { TradeNo = "second" }, Cancel)).Outcome);
    }

    [Theory]
    [InlineData("", "alipay", 10, 73.0, PaymentOutcome.Completed, 5_000_000)]
    [InlineData("epay", "wxpay", 10, 73.0, PaymentOutcome.Completed, 5_000_000)]
    [InlineData("", "alipay", 10, 74.0, PaymentOutcome.WrongAmount, 0)]
    [InlineData("", "stripe", 10, 73.0, PaymentOutcome.WrongProvider, 0)]
    [InlineData("", "creem", 10, 73.0, PaymentOutcome.WrongProvider, 0)]
    public async Task Orders_of_an_older_release_are_held_to_their_own_columns(
        string provider, string method, long amount, double money, PaymentOutcome outcome, long quota)
    {
        await using var database = await TestDatabase.CreateAsync(DatabaseEngine.Sqlite);
        await using var host = await DataHost.StartAsync(database);
        await SeedAsync(host);
        await host.Database.WriteAsync(
            (db, ct) => db.InsertAsync(
                new TopUpRow
                {
                    UserId = 1,
                    Amount = amount,
                    Money = (decimal)money,
                    TradeNo = "old",
                    PaymentMethod = method,
                    PaymentProvider = provider,
                    Status = "pending",
                },
                token: ct),
            Cancel);

        Assert.Equal(outcome, (await host.Get<OrderStore>().CompleteAsync(Fact with { TradeNo = "old" }, Cancel)).Outcome);

        using var db = host.Database.Open();
        Assert.Equal(quota, await db.Users.Select(row => row.Quota).SingleAsync(Cancel));
    }

    [Fact]
    public async Task An_old_order_of_Stripe_needs_an_administrator_who_gives_what_it_says()
    {
        await using var database = await TestDatabase.CreateAsync(DatabaseEngine.Sqlite);
        await using var host = await DataHost.StartAsync(database);
        await SeedAsync(host);
        await host.Database.WriteAsync(
            (db, ct) => db.InsertAsync(new TopUpRow { UserId = 1, Amount = 20, Money = 10.5m, TradeNo = "old", PaymentMethod = "stripe", Status = "pending" }, token: ct),
            Cancel);
        var orders = host.Get<OrderStore>();

        var report = Fact with { TradeNo = "old", Provider = PaymentProviders.Stripe, Currency = "USD" };
        Assert.Equal(PaymentOutcome.Unverifiable, (await orders.CompleteAsync(report, Cancel)).Outcome);
        Assert.Equal(PaymentOutcome.Completed, (await orders.CompleteByHandAsync("old", 9, "boss", Cancel)).Outcome);
        Assert.Equal(PaymentOutcome.AlreadyComplete, (await orders.CompleteByHandAsync("old", 9, "boss", Cancel)).Outcome);

        using var db = host.Database.Open();
        Assert.Equal(5_250_000, await db.Users.Select(row => row.Quota).SingleAsync(Cancel));
        Assert.Equal([1L, 3L], await db.Logs.OrderBy(row => row.Type).Select(row => row.Type).ToListAsync(Cancel));
    }

    internal static async Task SeedAsync(DataHost host)
    {
        await host.Database.WriteAsync(
            async (db, ct) =>
            {
                await db.InsertAsync(new UserRow { Id = 1, Username = "payer", AffCode = "p" }, token: ct);
                await LedgerEntries.OpenAsync(db, 1, 0, 1, ct);
            },
            Cancel);
        await OpenAsync(host, TradeNo);
    }

    private static Task OpenAsync(DataHost host, string tradeNo) => host.Get<OrderStore>().OpenAsync(
        new TopUpRow
        {
            UserId = 1,
            Amount = 10,
            Money = 73m,
            TradeNo = tradeNo,
            PaymentMethod = "alipay",
            PaymentProvider = PaymentProviders.Epay,
            Status = "pending",
        },
        new PaymentRow { TradeNo = tradeNo, Provider = PaymentProviders.Epay, Due = 7_300, Currency = "CNY", Points = 5_000_000 },
        Cancel);
}
