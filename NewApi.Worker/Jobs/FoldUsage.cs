using NewApi.Data;
using NewApi.Data.Leases;
using NewApi.Data.Usage;

namespace NewApi.Worker.Jobs;

/// <summary>
/// Folds the hourly sums of use: relays add a row with every batch, and charts should not have to read them all. A day back, since journals
/// of dead processes bring rows late; what comes later than that stays unfolded and is summed all the same.
/// </summary>
internal sealed class FoldUsage(Database database, TimeProvider clock) : IJob
{
    private const long Hour = 3600;

    public string Name => "fold-usage";

    public JobSchedule Schedule { get; } = JobSchedule.Every(TimeSpan.FromMinutes(20));

    public Task RunAsync(Lease lease, CancellationToken cancel)
    {
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var hour = now - now % Hour;
        return UsageRollUps.FoldAsync(database, hour - 24 * Hour, hour, cancel);
    }
}
