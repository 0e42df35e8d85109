using CsCheck;
using NewApi.Data.Ledger;
using NewApi.Domain.Funding;
using NewApi.RelayService.Settlement;

namespace NewApi.RelayService.Tests.Settlement;

/// <summary>
/// Any interleaving of holds, raises, settlements, releases, crashes and lost leases on two relays keeps the contracts: no overdraft beyond
/// recorded excess, every settlement charged once and to the right purse, no hold lost, and books that agree. The seed of a failing history
/// is in the message of the failure.
/// </summary>
public sealed class LedgerPropertyTests
{
    private const long Granted = 5_000;
    private const int Relays = 2;

    private enum Step
    {
        Hold,
        HoldAgain,
        Raise,
        SettleSmaller,
        SettleWhole,
        SettleLarger,
        Release,
        Checkpoint,
        Crash,
        LoseLease,
        ReturnIdle,
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>How many histories are tried; <c>LEDGER_HISTORIES</c> asks for more.</summary>
    private static long Histories => long.TryParse(Environment.GetEnvironmentVariable("LEDGER_HISTORIES"), out var wanted) ? wanted : 150;

    [Fact]
    public async Task Any_history_leaves_books_that_agree()
    {
        var steps = Gen.Select(Gen.Enum<Step>(), Gen.Int[1, 1500], Gen.Int[0, Relays - 1]).Array[1, 30];
        var world = Gen.Select(Gen.Enum<BillingPreference>(), Gen.Bool, Gen.Int[0, 2], Gen.Bool);
        await Gen.Select(world, steps).SampleAsync(RunAsync, iter: Histories, threads: 1);
    }

    private static async Task RunAsync(
        (BillingPreference Preference, bool Overflows, int Subscriptions, bool Budget) setting, (Step Step, int Points, int Relay)[] steps)
    {
        await using var world = await LedgerWorld.CreateAsync(Granted, Relays);
        var subscriptions = new List<FundingSubscription>();
        for (var i = 0; i < setting.Subscriptions; i++)
        {
            // The second has no limit: it must never be empty.
            subscriptions.Add(await world.SubscribeAsync(i == 0 ? 3_000 : 0));
        }
        var funding = new Funding { Preference = setting.Preference, Subscriptions = subscriptions, Overflows = setting.Overflows };
        var payer = new Payer(1, 1, funding, setting.Budget ? [await world.AddBudgetAsync(4_000)] : []);
        var model = new Model();
        for (var relay = 0; relay < Relays; relay++)
        {
            await world.StartAsync(relay);
        }
        foreach (var (step, points, relay) in steps)
        {
            await StepAsync(world, payer, model, step, points, relay);
            await world.AssertNoOverdraftAsync();
        }
        for (var relay = 0; relay < Relays; relay++)
        {
            foreach (var (_, hold) in model.Open[relay])
            {
                hold.Dispose();
            }
            await world.StopAsync(relay);
        }
        await model.AssertAsync(world);
    }

    private static async Task StepAsync(LedgerWorld world, Payer payer, Model model, Step step, int points, int relay)
    {
        var open = model.Open[relay];
        switch (step)
        {
            case Step.Hold or Step.HoldAgain:
                var (hold, refusal) = await world.Relay(relay).HoldAsync(payer, points, Cancel);
                Assert.Equal(hold is null, refusal != HoldRefusal.None);
                if (hold is not null)
                {
                    open.Enqueue(($"call{model.Calls++}", hold));
                }
                break;
            case Step.Raise when open.TryPeek(out var raised):
                var before = raised.Hold.Points;
                var result = await raised.Hold.RaiseAsync(before + points, Cancel);
                Assert.Equal(before + (result == HoldRefusal.None ? points : 0), raised.Hold.Points);
                break;
            case Step.SettleSmaller or Step.SettleWhole or Step.SettleLarger when open.TryDequeue(out var ended):
                var charge = step switch
                {
                    Step.SettleSmaller => ended.Hold.Points / 2,
                    Step.SettleWhole => ended.Hold.Points,
                    _ => ended.Hold.Points + points,
                };
                await ended.Hold.SettleAsync(LedgerWorld.Record(ended.Id, charge));
                // A process on its way out settles a second time: nothing may come of it.
                await ended.Hold.SettleAsync(LedgerWorld.Record(ended.Id, charge));
                ended.Hold.Dispose();
                model.Charged[ended.Id] = charge;
                break;
            case Step.Release when open.TryDequeue(out var released):
                released.Hold.Dispose();
                model.Delivering.Remove(released.Id);
                break;
            case Step.Checkpoint when open.TryPeek(out var delivering):
                delivering.Hold.Checkpoint(LedgerWorld.Record(delivering.Id, points));
                model.Delivering[delivering.Id] = points;
                break;
            case Step.Crash:
                // Calls that had begun to deliver are charged what was noted; the others never were.
                foreach (var (id, _) in open)
                {
                    if (model.Delivering.TryGetValue(id, out var noted))
                    {
                        model.Charged[id] = noted;
                    }
                }
                open.Clear();
                await world.CrashAsync(relay);
                await world.StartAsync(relay);
                break;
            case Step.LoseLease:
                await world.DeclareDeadAsync(relay);
                await world.Relay(relay).RenewLeaseAsync(Cancel);
                break;
            case Step.ReturnIdle:
                await world.Relay(relay).ReturnIdleAsync(long.MaxValue, Cancel);
                break;
            default:
                break;
        }
    }

    /// <summary>What should have happened.</summary>
    private sealed class Model
    {
        public int Calls { get; set; }

        public Queue<(string Id, Hold Hold)>[] Open { get; } = [.. Enumerable.Range(0, Relays).Select(_ => new Queue<(string, Hold)>())];

        public Dictionary<string, long> Charged { get; } = [];

        public Dictionary<string, long> Delivering { get; } = [];

        public async Task AssertAsync(LedgerWorld world)
        {
            var charges = await world.ChargesAsync();
            Assert.Equal(
                Charged.OrderBy(call => call.Key, StringComparer.Ordinal).Select(call => (call.Key + ":consume", call.Value)),
                charges.OrderBy(row => row.EntryKey, StringComparer.Ordinal).Select(row => (row.EntryKey, -(row.Points + row.SubscriptionPoints))));
            var (quota, held) = await world.WalletAsync();
            Assert.Equal((Granted + charges.Sum(row => row.Points), 0L), (quota, held));
            Assert.All(await world.SubscriptionsAsync(), row => Assert.Equal(0, row.Held));
            var report = await world.AuditAsync();
            Assert.True(report.IsClean, string.Join('\n', report.Discrepancies));
        }
    }
}
