using LinqToDB.Data;
using NewApi.Data.Ledger;
using NewApi.Domain.Funding;
using NewApi.RelayService.Settlement;

namespace NewApi.RelayService.Tests.Settlement;

/// <summary>Charges that the database does not take: they wait, and nobody waits for them.</summary>
public sealed class RefusedChargeTests
{
    private const long Granted = 5_000;

    private static readonly Payer Wallet = new(1, 0, Funding.WalletOnly, []);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Refused_charges_are_parked_and_the_others_are_booked()
    {
        await using var world = await LedgerWorld.CreateAsync(Granted);
        await RefuseAsync(world);
        await world.StartAsync();

        await SettleAsync(world, "refused-1", "refused-2", "refused-3", "refused-4");
        await RelayHost.UntilAsync(() => Task.FromResult(world.Ledger.Parked == 4), "four charges are parked");
        await SettleAsync(world, "good");

        await UntilBookedAsync(world, 1);
        await world.StopAsync();
        Assert.Equal((Granted - 10, 0), await world.WalletAsync());
        Assert.True((await world.AuditAsync()).IsClean);
    }

    [Fact]
    public async Task Errors_that_blame_nobody_count_against_a_charge_once_others_are_taken()
    {
        await using var world = await LedgerWorld.CreateAsync(Granted);
        // An error of the engine itself, as far as anybody can tell.
        await RefuseAsync(world, "abs(-9223372036854775807 - 1)");
        await world.StartAsync();

        await SettleAsync(world, "refused-1", "refused-2", "refused-3", "refused-4");
        await SettleAsync(world, "good");

        await UntilBookedAsync(world, 1);
        await RelayHost.UntilAsync(() => Task.FromResult(world.Ledger.Parked >= 3), "they are parked");
        await SettleAsync(world, "later");
        await UntilBookedAsync(world, 2);
        await RelayHost.UntilAsync(() => Task.FromResult(world.Ledger.Parked == 4), "all are parked");
        await world.StopAsync();
    }

    [Fact]
    public async Task A_database_that_takes_nothing_makes_everybody_wait_and_parks_nobody()
    {
        await using var world = await LedgerWorld.CreateAsync(Granted);
        await world.StartAsync();
        await SettleAsync(world, "before");
        await UntilBookedAsync(world, 1);
        await world.ExecuteAsync("ALTER TABLE newapi_ledger RENAME TO elsewhere");
        var failed = world.Failures;

        await SettleAsync(world, "one", "two", "three", "four");
        await RelayHost.UntilAsync(() => Task.FromResult(world.Failures >= failed + 4), "it has failed together and one by one");
        await world.ExecuteAsync("ALTER TABLE elsewhere RENAME TO newapi_ledger");

        await UntilBookedAsync(world, 5);
        Assert.Equal(0, world.Ledger.Parked);
        await world.StopAsync();
        Assert.True((await world.AuditAsync()).IsClean);
    }

    [Fact]
    public async Task A_relay_starts_though_charges_of_its_journal_are_refused_and_keeps_them()
    {
        await using var world = await LedgerWorld.CreateAsync(Granted);
        await world.StartAsync();
        await RefuseAsync(world);
        await SettleAsync(world, "refused-1", "good-1", "refused-2", "good-2");
        await world.CrashAsync();

        for (var start = 0; start < 3; start++)
        {
            await world.StartAsync();
            Assert.Equal(2, world.Ledger.Parked);
            await SettleAsync(world, $"more-{start}");
            await world.StopAsync();
        }
        Assert.Equal(5, (await world.ChargesAsync()).Count);
        Assert.Single(world.JournalFiles());

        await TakeAsync(world);
        await world.StartAsync();
        Assert.Equal((0, 7), (world.Ledger.Parked, (await world.ChargesAsync()).Count));
        await world.StopAsync();
        Assert.Empty(world.JournalFiles());
        Assert.Equal((Granted - 70, 0), await world.WalletAsync());
        Assert.True((await world.AuditAsync()).IsClean);
    }

    [Fact]
    public async Task A_parked_charge_is_booked_when_the_database_takes_it_after_all()
    {
        await using var world = await LedgerWorld.CreateAsync(Granted);
        await RefuseAsync(world);
        await world.StartAsync();
        await SettleAsync(world, "refused");
        await RelayHost.UntilAsync(() => Task.FromResult(world.Ledger.Parked == 1), "it is parked");
        Assert.Contains(world.JournalFiles(), file => file.StartsWith("parked-", StringComparison.Ordinal));

        world.Clock.Skip(TimeSpan.FromMinutes(2));
        await SettleAsync(world, "one");
        await UntilBookedAsync(world, 1);
        Assert.Equal(1, world.Ledger.Parked);

        await TakeAsync(world);
        world.Clock.Skip(TimeSpan.FromMinutes(2));
        await SettleAsync(world, "two");
        await RelayHost.UntilAsync(() => Task.FromResult(world.Ledger.Parked == 0), "it is booked");
        Assert.DoesNotContain(world.JournalFiles(), file => file.StartsWith("parked-", StringComparison.Ordinal));
        await world.StopAsync();
        Assert.Equal((Granted - 30, 0), await world.WalletAsync());
        Assert.True((await world.AuditAsync()).IsClean);
    }

    private static async Task SettleAsync(LedgerWorld world, params string[] calls)
    {
        foreach (var call in calls)
        {
            var (hold, _) = await world.Ledger.HoldAsync(Wallet, 10, Cancel);
            await hold!.SettleAsync(LedgerWorld.Record(call, 10));
        }
    }

    private static Task UntilBookedAsync(LedgerWorld world, int charges) =>
        RelayHost.UntilAsync(async () => (await world.ChargesAsync()).Count == charges, $"{charges} charges are booked");

    /// <summary>Some calls cannot be booked from now on.</summary>
    private static Task RefuseAsync(LedgerWorld world, string error = "RAISE(ABORT, 'refused')") => world.ExecuteAsync(
        $"CREATE TRIGGER refuse BEFORE INSERT ON newapi_ledger WHEN NEW.entry_key LIKE 'refused%' BEGIN SELECT {error}; END");

    private static Task TakeAsync(LedgerWorld world) => world.ExecuteAsync("DROP TRIGGER refuse");
}
