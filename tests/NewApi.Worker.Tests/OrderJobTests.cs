using LinqToDB;
using LinqToDB.Async;
using Microsoft.Extensions.DependencyInjection;
using NewApi.Data.Payments;
using NewApi.Data.Rows;
using NewApi.Domain.Options;
using NewApi.Payments;

namespace NewApi.Worker.Tests;

/// <summary>What becomes of orders whose report never arrives.</summary>
public sealed class OrderJobTests
{
    private const string Reconcile = "reconcile-orders";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_order_that_was_paid_is_completed_though_nobody_reported_it()
    {
        var bank = new Bank();
        await using var host = await StartAsync(bank);
        await host.RunAsync(Reconcile);
        Assert.Equal(0, bank.Looks);

        host.Clock.Offset += TimeSpan.FromMinutes(6);
        await host.RunAsync(Reconcile);
        Assert.Equal((1, 0L, "pending"), (bank.Looks, await BalanceAsync(host), await StatusAsync(host)));

        bank.Says = CheckoutLook.Paid(new PaymentFact { Provider = "bank", TradeNo = "order", Session = "s1", Amount = 100, Currency = "USD" });
        host.Clock.Offset += TimeSpan.FromMinutes(7);
        await host.RunAsync(Reconcile);
        Assert.Equal((500L, "success"), (await BalanceAsync(host), await StatusAsync(host)));
        host.Clock.Offset += TimeSpan.FromDays(2);
        await host.RunAsync(Reconcile);
        Assert.Equal((2, 500L), (bank.Looks, await BalanceAsync(host)));
    }

    [Fact]
    public async Task What_the_provider_says_is_held_to_the_order_too()
    {
        var bank = new Bank
        {
            Says = CheckoutLook.Paid(new PaymentFact { Provider = "bank", TradeNo = "order", Session = "s1", Amount = 99, Currency = "USD" }),
        };
        await using var host = await StartAsync(bank);

        host.Clock.Offset += TimeSpan.FromMinutes(6);
        await host.RunAsync(Reconcile);

        Assert.Equal((0L, "pending"), (await BalanceAsync(host), await StatusAsync(host)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_order_that_nobody_pays_expires_after_a_day(bool unreachable)
    {
        var bank = new Bank { Unreachable = unreachable };
        await using var host = await StartAsync(bank);

        for (var hour = 0; hour < 23; hour++)
        {
            host.Clock.Offset += TimeSpan.FromHours(1);
            await host.RunAsync(Reconcile);
        }
        Assert.Equal("pending", await StatusAsync(host));
        host.Clock.Offset += TimeSpan.FromHours(2);
        await host.RunAsync(Reconcile);

        Assert.Equal("expired", await StatusAsync(host));
        Assert.InRange(bank.Looks, 20, 24);
    }

    [Fact]
    public async Task A_checkout_that_the_provider_ended_is_over_at_once()
    {
        await using var host = await StartAsync(new Bank { Says = CheckoutLook.Expired });

        host.Clock.Offset += TimeSpan.FromMinutes(6);
        await host.RunAsync(Reconcile);

        Assert.Equal("expired", await StatusAsync(host));
    }

    [Fact]
    public async Task Plans_end_and_begin_new_periods_on_the_clock()
    {
        await using var host = await StartAsync(new Bank());
        var now = host.Clock.GetUtcNow().ToUnixTimeSeconds();
        await host.Database.WriteAsync(
            async (db, ct) =>
            {
                await db.InsertAsync(new SubscriptionPlanRow { Title = "plan", QuotaResetPeriod = "custom", QuotaResetCustomSeconds = 3_600 }, token: ct);
                await db.InsertAsync(Held(now + 90_000, now + 3_600), token: ct);
                await db.InsertAsync(Held(now + 60, 0), token: ct);
                await db.InsertAsync(new SubscriptionPreConsumeRow { RequestId = "old", UpdatedAt = now - 8 * 86_400 }, token: ct);
                await db.InsertAsync(new SubscriptionPreConsumeRow { RequestId = "new", UpdatedAt = now }, token: ct);
            },
            Cancel);

        host.Clock.Offset += TimeSpan.FromMinutes(61);
        await host.RunAsync("maintain-subscriptions");
        await host.RunAsync("prune-subscription-holds");

        await using var db = host.Database.Open();
        var held = await db.UserSubscriptions.OrderBy(row => row.Id).ToListAsync(Cancel);
        Assert.Equal([("active", 0L), ("expired", 40L)], held.Select(row => (row.Status, row.AmountUsed)));
        Assert.Equal(now + 7_200, held[0].NextResetTime);
        Assert.Equal("new", await db.SubscriptionPreConsumes.Select(row => row.RequestId).SingleAsync(Cancel));

        static UserSubscriptionRow Held(long end, long reset) =>
            new() { UserId = 1, PlanId = 1, AmountTotal = 100, AmountUsed = 40, EndTime = end, NextResetTime = reset, Status = "active" };
    }

    private static async Task<WorkerHost> StartAsync(Bank bank)
    {
        var host = await WorkerHost.StartAsync(services => services.AddSingleton<IPaymentProvider>(bank));
        var user = await host.AddUserAsync("payer", 0);
        await host.Get<OrderStore>().OpenAsync(
            new TopUpRow
            {
                UserId = user,
                Amount = 1,
                Money = 1,
                TradeNo = "order",
                PaymentMethod = "bank",
                PaymentProvider = "bank",
                Status = "pending",
                CreateTime = host.Clock.GetUtcNow().ToUnixTimeSeconds(),
            },
            new PaymentRow { TradeNo = "order", Provider = "bank", Session = "s1", Due = 100, Currency = "USD", Points = 500 },
            Cancel);
        return host;
    }

    private static async Task<long> BalanceAsync(WorkerHost host)
    {
        await using var db = host.Database.Open();
        return await db.Users.Select(row => row.Quota).SingleAsync(Cancel);
    }

    private static async Task<string> StatusAsync(WorkerHost host)
    {
        await using var db = host.Database.Open();
        return await db.TopUps.Select(row => row.Status).SingleAsync(Cancel);
    }

    private sealed class Bank : IPaymentProvider
    {
        public string Name => "bank";

        public CheckoutLook Says { get; set; } = CheckoutLook.Open;

        public bool Unreachable { get; init; }

        public int Looks { get; private set; }

        public Task<CheckoutLook> LookAsync(PaymentRow payment, GatewayOptions options, CancellationToken cancel)
        {
            Looks++;
            return Unreachable ? throw new PaymentProviderException("not there") : Task.FromResult(Says);
        }
    }
}
