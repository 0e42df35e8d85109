using NewApi.Data.Leases;
using NewApi.Data.Subscriptions;

namespace NewApi.Worker.Jobs;

/// <summary>Deletes records of single calls against plans after a week (specification: jobs §10).</summary>
internal sealed class PruneSubscriptionHolds(SubscriptionStore subscriptions, TimeProvider clock) : IJob
{
    private static readonly TimeSpan Kept = TimeSpan.FromDays(7);

    public string Name => "prune-subscription-holds";

    public JobSchedule Schedule { get; } = JobSchedule.Every(TimeSpan.FromMinutes(30));

    public Task RunAsync(Lease lease, CancellationToken cancel) =>
        subscriptions.PruneHoldsAsync((clock.GetUtcNow() - Kept).ToUnixTimeSeconds(), cancel);
}
