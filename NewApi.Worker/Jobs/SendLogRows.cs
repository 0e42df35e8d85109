using NewApi.Data.Leases;
using NewApi.Data.Usage;

namespace NewApi.Worker.Jobs;

/// <summary>Sends the rows of the usage log that a log database of its own did not take when the money moved.</summary>
internal sealed class SendLogRows(LogOutbox outbox, ILogger<SendLogRows> log) : IJob
{
    public string Name => "send-log-rows";

    public JobSchedule Schedule { get; } = JobSchedule.Every(TimeSpan.FromSeconds(30));

    public async Task RunAsync(Lease lease, CancellationToken cancel)
    {
        if (await outbox.DrainAsync(cancel) is > 0 and var sent)
        {
            log.LogRowsSent(sent);
        }
    }
}
