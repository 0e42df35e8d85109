using System.Globalization;
using NewApi.Domain;

namespace NewApi.RelayService.Limits;

/// <summary>
/// Refuses new calls while the machine is overloaded (specification: relay §7.5): processors, memory, or the disk of the journal. A busy
/// processor alone is no overload, nor is a well-filled disk: work must also be waiting, over half a minute, or space be really short.
/// </summary>
internal sealed class LoadGuard(RelaySnapshots snapshots, RelayOptions options, TimeProvider clock) : BackgroundService
{
    private const int Samples = 6;
    private const long EnoughSpace = 1L << 30;

    private static readonly long LongQueue = 64L * Environment.ProcessorCount;

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    private readonly Queue<(long Busy, long All)> _processors = new(Samples + 1);
    private volatile RelayFault? _overloaded;

    /// <summary>Why no call is admitted now; null most of the time.</summary>
    public RelayFault? Overloaded => _overloaded;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                _overloaded = Judge();
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }

    private RelayFault? Judge()
    {
        var settings = snapshots.Current.Options.Performance;
        var processors = ProcessorLoad();
        if (!settings.MonitorEnabled)
        {
            return null;
        }
        return Exceeds(processors, settings.MonitorCpuThreshold) && ThreadPool.PendingWorkItemCount > LongQueue ? Refuse("system_cpu_overloaded", "processors")
            : Exceeds(MemoryLoad(), settings.MonitorMemoryThreshold) ? Refuse("system_memory_overloaded", "memory")
            : Exceeds(DiskLoad(), settings.MonitorDiskThreshold) ? Refuse("system_disk_overloaded", "disk")
            : null;
    }

    /// <summary>A threshold of 0 or 100 never refuses.</summary>
    private static bool Exceeds(decimal? percent, decimal threshold) => threshold is > 0 and < 100 && percent > threshold;

    private static RelayFault Refuse(string code, string what) =>
        new(503, code, $"The gateway is overloaded ({what}); try again in a moment.") { Final = true, RetryAfter = Every };

    /// <summary>Percent over the last half minute; null until that long has passed, and where the system does not tell.</summary>
    private decimal? ProcessorLoad()
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }
        var ticks = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8)
            .Select(field => long.Parse(field, CultureInfo.InvariantCulture)).ToArray();
        // user nice system idle iowait irq softirq steal
        _processors.Enqueue((ticks.Sum() - ticks[3] - ticks[4], ticks.Sum()));
        if (_processors.Count <= Samples)
        {
            return null;
        }
        var before = _processors.Dequeue();
        var now = _processors.Last();
        return now.All == before.All ? null : 100m * (now.Busy - before.Busy) / (now.All - before.All);
    }

    private static decimal? MemoryLoad()
    {
        var memory = GC.GetGCMemoryInfo();
        return memory.TotalAvailableMemoryBytes == 0 ? null : 100m * memory.MemoryLoadBytes / memory.TotalAvailableMemoryBytes;
    }

    private decimal? DiskLoad()
    {
        var drive = new DriveInfo(Path.GetFullPath(options.JournalDirectory));
        return drive.IsReady && drive.TotalSize > 0 && drive.AvailableFreeSpace < EnoughSpace ? 100m * (drive.TotalSize - drive.AvailableFreeSpace) / drive.TotalSize : null;
    }
}
