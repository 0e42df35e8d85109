using System.Globalization;
using LinqToDB.Data;
using NewApi.Data;
using NewApi.Data.Leases;
using NewApi.Data.Notices;
using NewApi.Data.Options;
using NewApi.Domain.Options;
using NewApi.Notifications;

namespace NewApi.Worker.Jobs;

/// <summary>
/// Tells the owners of accounts whose balance, or the rest of a held plan, fell below their threshold since the last look. Settlements know
/// nothing of it; what was seen and what is to be sent commit together, so nobody is told twice and nobody is forgotten.
/// </summary>
internal sealed class WarnOfLowBalances(
    Database database,
    BalanceWatch balances,
    SubscriptionWatch subscriptions,
    OptionStore options,
    NoticeLimit limit,
    LeaseStore leases,
    TimeProvider clock) : IJob
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
        await WalkAsync(
            balances.ChangedAsync,
            static balance => balance.UserId,
            (db, balance, token) => NoteAsync(db, balance, lastLook, settings, token),
            cancel);
        await WalkAsync(
            subscriptions.ChangedAsync,
            static held => held.Id,
            (db, held, token) => NoteAsync(db, held, lastLook, settings, token),
            cancel);
    }

    private async Task WalkAsync<T>(
        Func<long, int, CancellationToken, Task<IReadOnlyList<T>>> read,
        Func<T, long> idOf,
        Func<DataConnection, T, CancellationToken, Task> note,
        CancellationToken cancel)
    {
        var after = 0L;
        IReadOnlyList<T> changed;
        do
        {
            changed = await read(after, Page, cancel);
            foreach (var item in changed)
            {
                await database.WriteAsync((db, token) => note(db, item, token), cancel);
                after = idOf(item);
            }
        }
        while (changed.Count == Page);
    }

    private async Task NoteAsync(DataConnection db, ChangedBalance balance, long? lastLook, GatewayOptions settings, CancellationToken cancel)
    {
        var threshold = ThresholdOf(balance.Setting, settings);
        // An account that was made after the last look had everything that it has spent since; an older one is seen for the first time.
        var before = balance.Before
            ?? (lastLook is { } look && balance.CreatedAt >= look ? balance.Now + balance.Used : balance.Now);
        if (await BalanceWatch.NoteAsync(db, balance, cancel) && Fell(before, balance.Now, threshold))
        {
            await TellAsync(
                db,
                balance.UserId,
                $"{settings.SystemName}: your balance is low",
                $"Your balance is {Show(balance.Now, settings)}, below the {Show(threshold, settings)} at which you asked to be warned. "
                    + $"Top up at {settings.ServerAddress}/console/topup to keep your keys working.",
                cancel);
        }
    }

    private async Task NoteAsync(DataConnection db, ChangedSubscription held, long? lastLook, GatewayOptions settings, CancellationToken cancel)
    {
        var threshold = ThresholdOf(held.Setting, settings);
        var before = held.Before ?? (lastLook is { } look && held.CreatedAt >= look ? held.Total : held.Now);
        if (await SubscriptionWatch.NoteAsync(db, held, cancel) && Fell(before, held.Now, threshold))
        {
            await TellAsync(
                db,
                held.UserId,
                $"{settings.SystemName}: your plan {held.Plan} is almost used up",
                $"Your plan {held.Plan} has {Show(held.Now, settings)} left of {Show(held.Total, settings)}, below the "
                    + $"{Show(threshold, settings)} at which you asked to be warned. See {settings.ServerAddress}/console/topup for more.",
                cancel);
        }
    }

    private Task TellAsync(DataConnection db, long userId, string title, string content, CancellationToken cancel) =>
        NoticeStore.AddAsync(db, userId, Kind, title, content, limit.Count, limit.Window, clock.GetUtcNow().ToUnixTimeSeconds(), cancel);

    private static bool Fell(long before, long now, decimal threshold) => now < threshold && before >= threshold;

    private static decimal ThresholdOf(string? setting, GatewayOptions settings) =>
        NotifySetting.Parse(setting).Threshold is > 0 and var own ? own : settings.QuotaRemindThreshold;

    private static string Show(decimal points, GatewayOptions settings) =>
        settings.General.QuotaDisplayType == QuotaDisplay.Tokens
            ? points.ToString("0", CultureInfo.InvariantCulture) + " points"
            : "$" + (points / settings.QuotaPerUnit).ToString("0.######", CultureInfo.InvariantCulture);
}
