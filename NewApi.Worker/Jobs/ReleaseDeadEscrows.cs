using NewApi.Data.Leases;

namespace NewApi.Worker.Jobs;

/// <summary>Gives back what dead relays held, so that no balance stays smaller than it is for longer than two minutes.</summary>
internal sealed class ReleaseDeadEscrows(DeadEscrows escrows, ILogger<ReleaseDeadEscrows> log) : IJob
{
    public string Name => "release-dead-escrows";

    public JobSchedule Schedule { get; } = JobSchedule.Every(TimeSpan.FromSeconds(30));

    public async Task RunAsync(Lease lease, CancellationToken cancel)
    {
        foreach (var dead in await escrows.FindAsync(cancel))
        {
            if (await escrows.ReleaseAsync(dead, cancel) is { } points)
            {
                log.EscrowGivenBack(points, dead.Holder, dead.Name);
            }
        }
    }
}
