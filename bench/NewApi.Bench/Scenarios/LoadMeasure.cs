using NewApi.Bench.Load;
using NewApi.Bench.Reporting;
using NewApi.Bench.Targets;

namespace NewApi.Bench.Scenarios;

/// <summary>
/// A load, and what it cost. The CPU counts from the first connect until a little after the last reply, and is divided by all
/// replies, so that work which a target puts off (usage rows, settling) is not forgotten.
/// </summary>
/// <param name="Name">The word on the command line and in the JSON.</param>
/// <param name="Duration">How long a full round lasts.</param>
/// <param name="PerEvents">Cost is per 1,000 streamed events instead of per reply.</param>
/// <param name="RunAsync">Puts the load on a target.</param>
internal sealed record LoadMeasure(
    string Name, TimeSpan Duration, bool PerEvents, Func<Target, TimeSpan, CancellationToken, Task<LoadResult>> RunAsync)
{
    /// <summary>Whether a gateway charges for it. Counting tokens is the same way through it, without hold, journal, ledger and usage row.</summary>
    public bool Billed { get; init; } = true;

    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(600);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Requests a second of the open-loop measure: well under what any target can do here.</summary>
    public const int ModestRate = 500;

    public static IReadOnlyList<LoadMeasure> All { get; } =
    [
        new("chat", TimeSpan.FromSeconds(3), false, (target, duration, ct) =>
            ClosedLoop.RunAsync(target.Port, Payload.Chat(target), 32, duration, TimeSpan.Zero, ct)),
        new("rate", TimeSpan.FromSeconds(4), false, (target, duration, ct) =>
            OpenLoop.RunAsync(target.Port, Payload.Chat(target), 64, ModestRate, duration, ct)),
        new("prompt", TimeSpan.FromSeconds(2), false, (target, duration, ct) =>
            ClosedLoop.RunAsync(target.Port, Payload.Chat(target, promptBytes: 200 * 1024), 8, duration, TimeSpan.Zero, ct)),
        new("paced", TimeSpan.FromSeconds(4), true, (target, duration, ct) =>
            ClosedLoop.RunAsync(
                target.Port,
                Payload.Stream(target, chunks: (int)(duration.TotalSeconds * 20), paceMilliseconds: 50),
                200, TimeSpan.Zero, stagger: TimeSpan.FromMilliseconds(1), ct)),
        new("full", TimeSpan.FromSeconds(2), true, (target, duration, ct) =>
            ClosedLoop.RunAsync(target.Port, Payload.Stream(target, chunks: 200, paceMilliseconds: 0), 16, duration, TimeSpan.Zero, ct)),
        new("billed", TimeSpan.FromSeconds(2), false, (target, duration, ct) =>
            ClosedLoop.RunAsync(target.Port, Payload.Message(target, counted: false), 32, duration, TimeSpan.Zero, ct)),
        new("unbilled", TimeSpan.FromSeconds(2), false, (target, duration, ct) =>
            ClosedLoop.RunAsync(target.Port, Payload.Message(target, counted: true), 32, duration, TimeSpan.Zero, ct))
        {
            Billed = false,
        },
        new("embeddings", TimeSpan.FromSeconds(1.5), false, (target, duration, ct) =>
            ClosedLoop.RunAsync(target.Port, Payload.Embedding(target), 32, duration, TimeSpan.Zero, ct)),
    ];

    /// <summary>Billed answers so far per target, streams included: what a gateway must have charged for.</summary>
    public static Dictionary<string, long> Replies { get; } = [];

    /// <summary>A short load of the same kind, not measured.</summary>
    public async Task WarmAsync(Target target, CancellationToken ct) => Count(target, await LoadAsync(target, Duration / 4, ct));

    public async Task<Sample> MeasureAsync(Target target, StubTarget stub, int round, TimeSpan duration, CancellationToken ct)
    {
        var ourCpu = Environment.CpuUsage.TotalTime;
        var stubCpu = stub.Gauge.Cpu();
        var cpu = target.Gauge.Cpu();
        var result = await LoadAsync(target, duration, ct);
        await Task.Delay(Settling, ct);
        cpu = target.Gauge.Cpu() - cpu;
        stubCpu = stub.Gauge.Cpu() - stubCpu;
        ourCpu = Environment.CpuUsage.TotalTime - ourCpu;

        Count(target, result);
        var units = PerEvents ? result.Events / 1000.0 : result.Replies;
        return new(Name, target.Name, round, new Dictionary<string, double>
        {
            [PerEvents ? "cpu_ms_per_1000_events" : "cpu_ms_per_request"] = cpu.TotalMilliseconds / units,
            ["requests_per_second"] = result.Replies / result.Elapsed.TotalSeconds,
            ["events_per_second"] = result.Events / result.Elapsed.TotalSeconds,
            ["p50_us"] = result.Latency.GetValueAtPercentile(50),
            ["p99_us"] = result.Latency.GetValueAtPercentile(99),
            ["stub_cpu_ms"] = stubCpu.TotalMilliseconds / units,
            ["load_cpu_ms"] = ourCpu.TotalMilliseconds / units,
        });
    }

    private void Count(Target target, LoadResult result) =>
        Replies[target.Name] = Replies.GetValueOrDefault(target.Name) + (Billed ? result.Replies : 0);

    private async Task<LoadResult> LoadAsync(Target target, TimeSpan duration, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(duration + Patience);
        try
        {
            return await RunAsync(target, duration, limit.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new BenchException($"No end after {(duration + Patience).TotalSeconds:0} seconds.");
        }
    }
}
