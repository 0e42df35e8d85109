using System.Text.Json;
using NewApi.Data.Ledger;
using NewApi.Domain.Funding;
using NewApi.RelayService.Settlement;

namespace NewApi.RelayService.Tests.Settlement;

/// <summary>Who pays, how holds grow, and that a warm call asks nobody.</summary>
public sealed class FundingTests
{
    private const long Granted = 5_000;

    private static readonly Payer Wallet = new(1, 0, Funding.WalletOnly, []);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(BillingPreference.SubscriptionFirst, 500, "subscription")]
    [InlineData(BillingPreference.SubscriptionFirst, 2_000, "wallet")]
    [InlineData(BillingPreference.SubscriptionFirst, 6_000, "Wallet")]
    [InlineData(BillingPreference.WalletFirst, 500, "wallet")]
    [InlineData(BillingPreference.WalletOnly, 500, "wallet")]
    [InlineData(BillingPreference.WalletOnly, 6_000, "Wallet")]
    [InlineData(BillingPreference.SubscriptionOnly, 500, "subscription")]
    [InlineData(BillingPreference.SubscriptionOnly, 2_000, "Subscription")]
    public async Task Sources_are_asked_in_the_order_of_the_preference(BillingPreference preference, long points, string paysOrRefuses)
    {
        await using var world = await LedgerWorld.CreateAsync(Granted);
        var payer = PayerOf(preference, [await world.SubscribeAsync(1_000)]);
        await world.StartAsync();

        var (hold, refusal) = await world.Ledger.HoldAsync(payer, points, Cancel);

        Assert.Equal(paysOrRefuses, hold is null ? refusal.ToString() : hold.SubscriptionId == 0 ? "wallet" : "subscription");
        hold?.Dispose();
        await world.StopAsync();
    }

    [Fact]
    public async Task Wallet_first_falls_back_on_the_subscription()
    {
        await using var world = await LedgerWorld.CreateAsync(Granted);
        var payer = PayerOf(BillingPreference.WalletFirst, [await world.SubscribeAsync(10_000)]);
        await world.StartAsync();

        var (hold, _) = await world.Ledger.HoldAsync(payer, 6_000, Cancel);

        Assert.NotEqual(0, hold!.SubscriptionId);
        hold.Dispose();
        await world.StopAsync();
    }

    [Fact]
    public async Task Empty_subscription_whose_plan_forbids_it_does_not_spill_into_the_wallet()
    {
        await using var world = await LedgerWorld.CreateAsync(Granted);
        var payer = PayerOf(BillingPreference.SubscriptionFirst, [await world.SubscribeAsync(1_000)], overflows: false);
        await world.StartAsync();

        Assert.Equal(HoldRefusal.Subscription, (await world.Ledger.HoldAsync(payer, 2_000, Cancel)).Refusal);

        await world.StopAsync();
    }

    [Fact]
    public async Task The_subscription_that_ends_first_pays_and_the_next_one_follows()
    {
        await using var world = await LedgerWorld.CreateAsync(Granted);
        var payer = PayerOf(BillingPreference.SubscriptionOnly, [await world.SubscribeAsync(1_000), await world.SubscribeAsync(0)]);
        await world.StartAsync();

        await CallAsync(world, payer, "one", 800, 800);
        await CallAsync(world, payer, "two", 800, 800);

        await world.StopAsync();
        Assert.Equal([(800L, 0L), (800L, 0L)], await world.SubscriptionsAsync());
    }

    [Fact]
    public async Task Subscription_that_has_ended_is_not_asked()
    {
        await using var world = await LedgerWorld.CreateAsync(Granted);
        var payer = PayerOf(BillingPreference.SubscriptionFirst, [await world.SubscribeAsync(1_000) with { EndsAt = 1 }]);
        await world.StartAsync();

        var (hold, _) = await world.Ledger.HoldAsync(payer, 100, Cancel);

        Assert.Equal(0, hold!.SubscriptionId);
        hold.Dispose();
        await world.StopAsync();
    }

    [Theory]
    [InlineData(true, 1_000, 200, 0)]
    [InlineData(false, 1_200, 0, 200)]
    public async Task Charge_above_what_the_subscription_has_is_split_and_never_lost(bool overflows, long used, long fromWallet, long excess)
    {
        await using var world = await LedgerWorld.CreateAsync(Granted);
        var payer = PayerOf(BillingPreference.SubscriptionFirst, [await world.SubscribeAsync(1_000)], overflows);
        await world.StartAsync();

        var record = await CallAsync(world, payer, "one", 900, 1_200);

        await world.StopAsync();
        Assert.Equal((used, 0), Assert.Single(await world.SubscriptionsAsync()));
        Assert.Equal((Granted - fromWallet, 0), await world.WalletAsync());
        Assert.Equal(excess, Assert.Single(await world.ChargesAsync()).Excess);
        var other = JsonDocument.Parse(record.Other).RootElement;
        Assert.Equal(900, other.GetProperty("subscription_pre_consumed").GetInt64());
        Assert.Equal(used - 900, other.GetProperty("subscription_post_delta").GetInt64());
        Assert.Equal(used, other.GetProperty("subscription_consumed").GetInt64());
        Assert.Equal(1_000, other.GetProperty("subscription_total").GetInt64());
        Assert.Equal(fromWallet, other.GetProperty("wallet_quota_deducted").GetInt64());
        await AssertBooksAsync(world);
    }

    [Fact]
    public async Task Charge_above_everything_is_debt_of_the_wallet()
    {
        await using var world = await LedgerWorld.CreateAsync(100);
        var payer = PayerOf(BillingPreference.SubscriptionFirst, [await world.SubscribeAsync(1_000)]);
        await world.StartAsync();

        await CallAsync(world, payer, "one", 50, 1_500);

        await world.StopAsync();
        Assert.Equal((1_000, 0), Assert.Single(await world.SubscriptionsAsync()));
        Assert.Equal((-400, 0), await world.WalletAsync());
        await AssertBooksAsync(world);
    }

    [Fact]
    public async Task Realtime_session_raises_one_hold_and_is_settled_once()
    {
        await using var world = await LedgerWorld.CreateAsync(Granted);
        await world.StartAsync();
        var (hold, _) = await world.Ledger.HoldAsync(Wallet, 100, Cancel);

        for (var segment = 2; segment <= 10; segment++)
        {
            Assert.Equal(HoldRefusal.None, await hold!.RaiseAsync(segment * 100, Cancel));
        }
        Assert.Equal(HoldRefusal.Wallet, await hold!.RaiseAsync(Granted + 1, Cancel));
        Assert.Equal(1_000, hold.Points);
        await hold.SettleAsync(LedgerWorld.Record("session", 950));

        await world.StopAsync();
        Assert.Equal((Granted - 950, 0), await world.WalletAsync());
        Assert.Equal(0, Assert.Single(await world.ChargesAsync()).Excess);
        await AssertBooksAsync(world);
    }

    [Fact]
    public async Task Raised_hold_that_is_released_leaves_nothing_held()
    {
        await using var world = await LedgerWorld.CreateAsync(Granted);
        var payer = new Payer(1, 1, new Funding
        {
            Preference = BillingPreference.SubscriptionFirst,
            Subscriptions = [await world.SubscribeAsync(1_000)],
            Overflows = true,
        }, [await world.AddBudgetAsync(4_000)]);
        await world.StartAsync();
        var (hold, _) = await world.Ledger.HoldAsync(payer, 800, Cancel);

        // The subscription is short of it: the wallet bears the second part.
        Assert.Equal(HoldRefusal.None, await hold!.RaiseAsync(2_500, Cancel));
        // The budget is not.
        Assert.Equal(HoldRefusal.Budget, await hold.RaiseAsync(4_100, Cancel));
        hold.Dispose();

        await world.Ledger.ReturnIdleAsync(long.MaxValue, Cancel);
        Assert.Equal((0, 0), Assert.Single(await world.SubscriptionsAsync()));
        Assert.Equal((Granted, 0), await world.WalletAsync());
        await world.StopAsync();
        await AssertBooksAsync(world);
    }

    [Fact]
    public async Task Budget_bounds_what_a_rich_account_may_spend()
    {
        await using var world = await LedgerWorld.CreateAsync(1_000_000);
        var payer = new Payer(1, 0, Funding.WalletOnly, [await world.AddBudgetAsync(1_000)]);
        await world.StartAsync();

        for (var i = 0; i < 4; i++)
        {
            await CallAsync(world, payer, $"call{i}", 250, 250);
        }

        Assert.Equal(HoldRefusal.Budget, (await world.Ledger.HoldAsync(payer, 1, Cancel)).Refusal);
        await world.StopAsync();
        await AssertBooksAsync(world);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Warm_calls_do_not_wait_for_the_database(bool subscribed)
    {
        await using var world = await LedgerWorld.CreateAsync(1_000_000_000);
        var payer = new Payer(1, 1, new Funding
        {
            Preference = BillingPreference.SubscriptionFirst,
            Subscriptions = subscribed ? [await world.SubscribeAsync(50), await world.SubscribeAsync(0)] : [],
            Overflows = true,
        }, [await world.AddBudgetAsync(1_000_000_000)]);
        await world.StartAsync();
        for (var i = 0; i < 1_000; i++)
        {
            await CallAsync(world, payer, $"cold{i}", 100, 100);
        }
        await world.UntilRefilledAsync();
        var before = world.Ledger.SynchronousRefills;

        for (var i = 0; i < 2_000; i++)
        {
            await CallAsync(world, payer, $"warm{i}", 100, 100);
            // However busy the machine is: what is fetched ahead of need has arrived before the rest is used up.
            await world.UntilRefilledAsync();
        }

        Assert.Equal(before, world.Ledger.SynchronousRefills);
        await world.StopAsync();
    }

    [Fact]
    public async Task Escrow_that_arrives_after_its_account_was_put_away_is_not_stranded()
    {
        await using var world = await LedgerWorld.CreateAsync(Granted);
        await world.StartAsync();
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var blocking = world.BlockWritersAsync(release.Task);

        // The first refill waits for the database while the sweep for idle accounts passes by.
        var holding = world.Ledger.HoldAsync(Wallet, 3_000, Cancel).AsTask();
        await world.Ledger.ReturnIdleAsync(long.MaxValue, Cancel);
        release.SetResult();
        await blocking;
        var (hold, refusal) = await holding;

        Assert.Equal(HoldRefusal.None, refusal);
        hold!.Dispose();
        await world.Ledger.ReturnIdleAsync(long.MaxValue, Cancel);
        Assert.Equal((Granted, 0L), await world.WalletAsync());
        await world.StopAsync();
    }

    [Fact]
    public async Task Escrow_whose_return_failed_goes_back_though_others_never_stop_spending()
    {
        await using var world = await LedgerWorld.CreateAsync(Granted);
        var busy = new Payer(await world.AddUserAsync(Granted), 0, Funding.WalletOnly, []);
        await world.StartAsync();
        var (hold, _) = await world.Ledger.HoldAsync(Wallet, 3_000, Cancel);
        hold!.Dispose();
        await world.UntilRefilledAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => world.Ledger.ReturnIdleAsync(long.MaxValue, new CancellationToken(true)));
        Assert.NotEqual(0, (await world.WalletAsync()).Held);

        await RelayHost.UntilAsync(
            async () =>
            {
                // There is always a settlement that is not written yet.
                await (await world.Ledger.HoldAsync(busy, 10, Cancel)).Hold!.SettleAsync(LedgerWorld.Record(Guid.NewGuid().ToString(), 10));
                await world.Ledger.ReturnUnsureAsync(Cancel);
                return (await world.WalletAsync()).Held == 0;
            },
            "the escrow is back");

        await world.StopAsync();
        await AssertBooksAsync(world);
    }

    [Fact]
    public async Task Free_escrow_of_a_busy_payer_can_be_given_back()
    {
        await using var world = await LedgerWorld.CreateAsync(Granted);
        await world.StartAsync();
        var (hold, _) = await world.Ledger.HoldAsync(Wallet, 100, Cancel);
        await world.UntilRefilledAsync();
        Assert.NotEqual((Granted, 100), await world.WalletAsync());

        await world.Ledger.ReturnFreeAsync(Wallet, Cancel);

        Assert.Equal((Granted, 100), await world.WalletAsync());
        await hold!.SettleAsync(LedgerWorld.Record("call", 100));
        await world.StopAsync();
        Assert.Equal(0, Assert.Single(await world.ChargesAsync()).Excess);
        await AssertBooksAsync(world);
    }

    [Fact]
    public async Task What_a_hold_was_raised_by_after_its_end_is_released()
    {
        await using var world = await LedgerWorld.CreateAsync(Granted);
        await world.StartAsync();
        var (hold, _) = await world.Ledger.HoldAsync(Wallet, 10, Cancel);
        await world.UntilRefilledAsync();
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var blocking = world.BlockWritersAsync(release.Task);

        var raising = hold!.RaiseAsync(Granted / 2, Cancel).AsTask();
        await hold.SettleAsync(LedgerWorld.Record("call", 10));
        release.SetResult();
        await blocking;
        await raising;
        await world.Ledger.ReturnIdleAsync(long.MaxValue, Cancel);

        await RelayHost.UntilAsync(async () => await world.WalletAsync() == (Granted - 10, 0), "everything is back");
        await world.StopAsync();
        await AssertBooksAsync(world);
    }

    [Fact]
    public async Task What_was_promised_from_escrow_that_was_given_back_is_booked_as_excess()
    {
        await using var world = await LedgerWorld.CreateAsync(Granted);
        await world.StartAsync();
        var (hold, _) = await world.Ledger.HoldAsync(Wallet, 3_000, Cancel);

        // Or it would still fetch of what its death frees.
        await world.UntilRefilledAsync(0);
        await world.DeclareDeadAsync(0);
        await hold!.SettleAsync(LedgerWorld.Record("late", 3_000));

        await world.StopAsync();
        Assert.Equal(3_000, Assert.Single(await world.ChargesAsync()).Excess);
        Assert.Equal((Granted - 3_000, 0), await world.WalletAsync());
        await AssertBooksAsync(world);
    }

    [Fact]
    public async Task Late_charge_of_two_purses_is_the_excess_of_each_by_itself()
    {
        await using var world = await LedgerWorld.CreateAsync(Granted, relays: 2);
        var payer = PayerOf(BillingPreference.SubscriptionFirst, [await world.SubscribeAsync(1_000)]);
        await world.StartAsync(0);
        await world.StartAsync(1);
        var (late, _) = await world.Relay(0).HoldAsync(payer, 900, Cancel);
        Assert.Equal(HoldRefusal.None, await late!.RaiseAsync(1_500, Cancel));

        // Or it would still fetch of what its death frees.
        await world.UntilRefilledAsync(0);
        await world.DeclareDeadAsync(0);
        var (meanwhile, _) = await world.Relay(1).HoldAsync(payer, 1_000, Cancel);
        await meanwhile!.SettleAsync(LedgerWorld.Record("meanwhile", 1_000));
        await late.SettleAsync(LedgerWorld.Record("late", 1_500));

        await world.StopAsync(0);
        await world.StopAsync(1);
        Assert.Equal((1_900, 0), Assert.Single(await world.SubscriptionsAsync()));
        Assert.Equal((Granted - 600, 0), await world.WalletAsync());
        var entry = Assert.Single(await world.ChargesAsync(), row => row.EntryKey == "late:consume");
        Assert.Equal((1_500, 900), (entry.Excess, entry.SubscriptionExcess));
        await world.AssertNoOverdraftAsync();
        await AssertBooksAsync(world);
    }

    private static Payer PayerOf(BillingPreference preference, IReadOnlyList<FundingSubscription> subscriptions, bool overflows = true) =>
        new(1, 0, new Funding { Preference = preference, Subscriptions = subscriptions, Overflows = overflows }, []);

    private static async Task<UsageRecord> CallAsync(LedgerWorld world, Payer payer, string id, long points, long charge)
    {
        var (hold, refusal) = await world.Ledger.HoldAsync(payer, points, Cancel);
        Assert.Equal(HoldRefusal.None, refusal);
        var record = LedgerWorld.Record(id, charge);
        await hold!.SettleAsync(record);
        return record;
    }

    private static async Task AssertBooksAsync(LedgerWorld world)
    {
        var report = await world.AuditAsync();
        Assert.True(report.IsClean, string.Join('\n', report.Discrepancies));
    }
}
