using System.Globalization;
using NewApi.Data;
using NewApi.Data.Leases;
using NewApi.Data.Notices;
using NewApi.Data.Options;
using NewApi.Domain.Options;
using NewApi.Notifications;

namespace NewApi.Worker.Jobs;

/// <summary>
/// Tells the owners of accounts whose balance fell below their threshold since the last look. Settlements know nothing of it; what was seen
/// and what is to be sent commit together, so nobody is told twice and nobody is forgotten.
/// </summary>
internal sealed class WarnOfLowBalances(
    Database database, BalanceWatch watch, OptionStore options, NoticeLimit limit, LeaseStore leases, TimeProvider clock) : IJob
{
    /// <summary>What receivers of webhooks know this notice by.</summary>
    public const string Kind = "quota_exceed";

    private const int Page = 500;

    public string Name => "warn-of-low-balances";

    public JobSchedule Schedule { get; } = JobSchedule.Every(TimeSpan.FromSeconds(30));

    public async Task RunAsync(Lease lease, CancellationToken cancel)
    {
        var settings = GatewayOptions.Parse(await options.LoadAsync(cancel), out _);
        // The lease goes by the name that the runner gives it; the first look ever only remembers.
        var (lastLook, _) = await leases.LastRunAsync(lease.Name, cancel);
        var after = 0L;
        while (true)
        {
            var changed = await watch.ChangedAsync(after, Page, cancel);
            foreach (var balance in changed)
            {
                await database.WriteAsync((db, token) => NoteAsync(db, balance, lastLook, settings, token), cancel);
                after = balance.UserId;
            }
            if (changed.Count < Page)
            {
                return;
            }
        }
    }

    private async Task NoteAsync(
        LinqToDB.Data.DataConnection db, ChangedBalance balance, long? lastLook, GatewayOptions settings, CancellationToken cancel)
    {
        if (!await BalanceWatch.NoteAsync(db, balance, cancel) || !Fell(balance, lastLook, settings, out var threshold))
        {
            return;
        }
        await NoticeStore.AddAsync(
            db,
            balance.UserId,
            Kind,
            $"{settings.SystemName}: your balance is low",
            $"Your balance is {Show(balance.Now, settings)}, below the {Show(threshold, settings)} at which you asked to be warned. "
                + $"Top up at {settings.ServerAddress}/console/topup to keep your keys working.",
            limit.Count,
            limit.Window,
            clock.GetUtcNow().ToUnixTimeSeconds(),
            cancel);
    }

    private static bool Fell(ChangedBalance balance, long? lastLook, GatewayOptions settings, out decimal threshold)
    {
        var own = NotifySetting.Parse(balance.Setting).Threshold;
        threshold = own > 0 ? own : settings.QuotaRemindThreshold;
        // An account that was made after the last look had everything that it has spent since; an older one is seen for the first time.
        var before = balance.Before
            ?? (lastLook is { } look && balance.CreatedAt >= look ? balance.Now + balance.Used : balance.Now);
        return balance.Now < threshold && before >= threshold;
    }

    private static string Show(decimal points, GatewayOptions settings) =>
        settings.General.QuotaDisplayType == QuotaDisplay.Tokens
            ? points.ToString("0", CultureInfo.InvariantCulture) + " points"
            : "$" + (points / settings.QuotaPerUnit).ToString("0.######", CultureInfo.InvariantCulture);
}
