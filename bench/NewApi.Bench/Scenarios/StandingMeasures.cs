using NewApi.Bench.Load;
using NewApi.Bench.Reporting;
using NewApi.Bench.Targets;

namespace NewApi.Bench.Scenarios;

/// <summary>What a target costs by being there: time to the first answer, memory of open streams, memory of long answers.</summary>
internal static class StandingMeasures
{
    private const double Mebibyte = 1024 * 1024;

    /// <summary>Stops and starts the target on its own data; from the start of the process to the first complete answer.</summary>
    public static async Task<Sample> StartAsync(Target target, int round, CancellationToken ct)
    {
        var elapsed = await target.RestartAsync(ct);
        return new("start", target.Name, round, new Dictionary<string, double> { ["start_ms"] = elapsed.TotalMilliseconds });
    }

    /// <summary>Memory with many open streams. The target should have been restarted, so that nothing but them is in it.</summary>
    public static async Task<Sample> OpenStreamsAsync(Target target, int count, bool quick, CancellationToken ct)
    {
        await WarmAsync(target, quick, ct);
        var resident = target.Gauge.Resident();
        var owned = target.Gauge.Private();
        // About a thousand events a second over all streams: alive, without being a load.
        var payload = Payload.Stream(target, chunks: 1_000_000, paceMilliseconds: Math.Max(1000, count));
        using var streams = await OpenStreams.OpenAsync(target.Port, payload, count, ct);
        await Task.Delay(TimeSpan.FromSeconds(quick ? 1 : 2), ct);
        var open = target.Gauge.Resident();
        return new("memory", target.Name, 0, new Dictionary<string, double>
        {
            ["streams"] = count,
            ["resident_mib_idle"] = resident / Mebibyte,
            ["resident_mib_open"] = open / Mebibyte,
            ["resident_kib_per_stream"] = (open - resident) / 1024.0 / count,
            ["private_kib_per_stream"] = (target.Gauge.Private() - owned) / 1024.0 / count,
        });
    }

    /// <summary>Peak memory while answers of ten chunks flow, and while answers of ten thousand do: the same, when nothing collects them.</summary>
    public static async Task<Sample> FlatnessAsync(Target target, bool quick, CancellationToken ct)
    {
        const int Long = 10_000;
        await WarmAsync(target, quick, ct);
        target.Gauge.ForgetPeak();
        await ClosedLoop.RunAsync(
            target.Port, Payload.Stream(target, chunks: 10, paceMilliseconds: 0), 20, TimeSpan.FromSeconds(quick ? 1 : 2), TimeSpan.Zero, ct);
        var shortPeak = target.Gauge.PeakResident();
        target.Gauge.ForgetPeak();
        await ClosedLoop.RunAsync(
            target.Port, Payload.Stream(target, Long, paceMilliseconds: 0), quick ? 8 : 20, TimeSpan.Zero, TimeSpan.Zero, ct);
        var longPeak = target.Gauge.PeakResident();
        return new("flat", target.Name, 0, new Dictionary<string, double>
        {
            ["peak_mib_10_chunks"] = shortPeak / Mebibyte,
            ["peak_mib_10000_chunks"] = longPeak / Mebibyte,
            ["peak_ratio"] = (double)longPeak / shortPeak,
        });
    }

    private static Task<LoadResult> WarmAsync(Target target, bool quick, CancellationToken ct) => ClosedLoop.RunAsync(
        target.Port, Payload.Stream(target, chunks: 20, paceMilliseconds: 0), 16, TimeSpan.FromSeconds(quick ? 0.5 : 1), TimeSpan.Zero, ct);
}
