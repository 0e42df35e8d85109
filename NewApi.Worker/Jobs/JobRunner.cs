using NewApi.Data.Leases;
using NewApi.ServiceDefaults;

namespace NewApi.Worker.Jobs;

/// <summary>
/// Runs every job when it is due and this worker gets its lease, so that any number of workers may run side by side and a dead one is replaced
/// within a minute. A slave node takes no leases.
/// </summary>
internal sealed class JobRunner(
    IEnumerable<IJob> jobs, LeaseStore leases, GatewayNode node, TimeProvider clock, ILogger<JobRunner> log) : BackgroundService
{
    internal static readonly TimeSpan LeaseLifetime = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(15);

    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (node.IsSlave)
        {
            log.SlaveTakesNoJobs();
            return Task.CompletedTask;
        }

        return Task.WhenAll(jobs.Select(job => WatchAsync(job, stoppingToken)));
    }

    /// <summary>One look: runs the job when it is due and free. True when it ran to its end.</summary>
    internal async Task<bool> LookAsync(IJob job, CancellationToken stopping)
    {
        var name = $"job/{job.Name}";
        if (!await IsDueAsync(job, name, stopping) ||
            await leases.TryAcquireAsync(name, node.Name, LeaseLifetime, stopping) is not { } lease)
        {
            return false;
        }

        var done = false;
        try
        {
            // Another worker may have run it between the look and the lease.
            done = await IsDueAsync(job, name, stopping) && await RunAsync(job, lease, stopping);
            return done;
        }
        finally
        {
            // Given back even while the process stops, so that the next worker need not wait for the expiry.
            await leases.ReleaseAsync(lease, done, CancellationToken.None);
        }
    }

    private async Task WatchAsync(IJob job, CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(job.Schedule.Look, clock);
        try
        {
            do
            {
                try
                {
                    await LookAsync(job, stopping);
                }
                catch (Exception problem) when (problem is not OperationCanceledException || !stopping.IsCancellationRequested)
                {
                    log.JobFailed(problem, job.Name);
                }
            }
            while (await timer.WaitForNextTickAsync(stopping));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
        }
    }

    private async Task<bool> IsDueAsync(IJob job, string name, CancellationToken cancel)
    {
        var (last, now) = await leases.LastRunAsync(name, cancel);
        return job.Schedule.IsDue(last is { } at ? Local(at) : null, Local(now));
    }

    private async Task<bool> RunAsync(IJob job, Lease lease, CancellationToken stopping)
    {
        using var run = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var renewing = RenewAsync(job, lease, run);
        try
        {
            await job.RunAsync(lease, run.Token);
            return !run.IsCancellationRequested;
        }
        finally
        {
            await run.CancelAsync();
            await renewing;
        }
    }

    private async Task RenewAsync(IJob job, Lease lease, CancellationTokenSource run)
    {
        using var timer = new PeriodicTimer(RenewEvery, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(run.Token))
            {
                if (!await leases.RenewAsync(lease, LeaseLifetime, run.Token))
                {
                    log.LeaseLost(job.Name);
                    await run.CancelAsync();
                }
            }
        }
        catch (OperationCanceledException) when (run.IsCancellationRequested)
        {
        }
        catch (Exception problem)
        {
            // Without the database nobody can tell whether the lease is still ours: stop rather than overlap.
            log.RenewalFailed(problem, job.Name);
            await run.CancelAsync();
        }
    }

    private DateTimeOffset Local(long unixSeconds) =>
        TimeZoneInfo.ConvertTime(DateTimeOffset.FromUnixTimeSeconds(unixSeconds), clock.LocalTimeZone);
}
