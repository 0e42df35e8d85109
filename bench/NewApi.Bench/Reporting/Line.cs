namespace NewApi.Bench.Reporting;

/// <summary>One line of the table: a figure, and the bar that NewApi is held to.</summary>
/// <param name="Label">What a reader sees.</param>
/// <param name="Measure">Where the figure comes from.</param>
/// <param name="Figure">Its name in the samples.</param>
/// <param name="Format">How it is written.</param>
/// <param name="OverYarp">Highest allowed ratio to YARP, or null.</param>
/// <param name="Highest">Highest allowed value, or null.</param>
/// <param name="Added">Over the direct call of the same round, instead of in itself.</param>
internal sealed record Line(
    string Label, string Measure, string Figure, string Format, double? OverYarp = null, double? Highest = null, bool Added = false)
{
    public static IReadOnlyList<Line> All { get; } =
    [
        new("Small chat, saturated: CPU ms a request", "chat", "cpu_ms_per_request", "0.000", OverYarp: 0.9),
        new("Small chat, saturated: requests/s", "chat", "requests_per_second", "0"),
        new("Small chat, 500/s: CPU ms a request", "rate", "cpu_ms_per_request", "0.000", OverYarp: 0.9),
        new("Small chat, 500/s: added p50, µs", "rate", "p50_us", "0", Added: true),
        new("Small chat, 500/s: added p99, µs", "rate", "p99_us", "0", Added: true),
        new("200 KB prompt: CPU ms a request", "prompt", "cpu_ms_per_request", "0.000", OverYarp: 1.4),
        new("200 KB prompt: requests/s", "prompt", "requests_per_second", "0"),
        new("Message: CPU ms a request", "billed", "cpu_ms_per_request", "0.000"),
        new("Message without money: CPU ms a request", "unbilled", "cpu_ms_per_request", "0.000"),
        new("Embeddings: CPU ms a request", "embeddings", "cpu_ms_per_request", "0.000"),
        new("200 streams of 20 chunks/s: CPU ms per 1,000 chunks", "paced", "cpu_ms_per_1000_events", "0.0", OverYarp: 0.9),
        new("Streams at full speed: CPU ms per 1,000 chunks", "full", "cpu_ms_per_1000_events", "0.0", OverYarp: 0.9),
        new("Streams of 200 chunks at full speed: streams/s", "full", "requests_per_second", "0"),
        new("Memory per open stream, KiB", "memory", "resident_kib_per_stream", "0.0"),
        new("Memory per open stream, private, KiB", "memory", "private_kib_per_stream", "0.0"),
        new("Resident memory with all streams open, MiB", "memory", "resident_mib_open", "0", Highest: 700),
        new("Peak memory, answers of 10,000 chunks over answers of 10", "flat", "peak_ratio", "0.00", Highest: 1.1),
        new("Start to first answer, ms", "start", "start_ms", "0", Highest: 1000),
    ];
}
