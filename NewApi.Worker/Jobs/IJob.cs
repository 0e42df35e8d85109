using NewApi.Data.Leases;

namespace NewApi.Worker.Jobs;

/// <summary>
/// A piece of work on a clock. Only the holder of its lease runs it; it may be cut off anywhere and run again, so repeating it must be
/// harmless.
/// </summary>
internal interface IJob
{
    /// <summary>Stable, in lower case with dashes: the lease and the note of the last run go by this name.</summary>
    string Name { get; }

    JobSchedule Schedule { get; }

    /// <param name="lease">The right to run; its fence tells this run's writes from those of a run that lost it.</param>
    /// <param name="cancel">Set when the lease is lost or the process ends.</param>
    Task RunAsync(Lease lease, CancellationToken cancel);
}
