namespace NewApi.Domain;

/// <summary>Whether an upstream counts cached tokens inside its input total (specification: billing §3).</summary>
public enum UsageSemantics
{
    /// <summary>OpenAI and Gemini: the input total includes cached, cache-write, image and audio tokens.</summary>
    InputIncludesCache,

    /// <summary>Anthropic: the input total excludes cache reads and cache writes.</summary>
    InputExcludesCache,
}

/// <summary>
/// What an upstream reported, in tokens. Facts, never money: <c>null</c> means not reported, zero means zero.
/// The semantics travel with the numbers from end to end, so that nothing subtracts a cache twice.
/// </summary>
public readonly record struct Usage
{
    public UsageSemantics Semantics { get; init; }

    public long? Input { get; init; }

    public long? Output { get; init; }

    public long? CacheRead { get; init; }

    /// <summary>All cache writes; when an upstream also splits them by lifetime, the total is never below that sum.</summary>
    public long? CacheWrite { get; init; }

    public long? CacheWrite5m { get; init; }

    public long? CacheWrite1h { get; init; }

    /// <summary>Reasoning tokens, already inside <see cref="Output"/>.</summary>
    public long? Reasoning { get; init; }

    public long? ImageInput { get; init; }

    /// <summary>Image tokens, already inside <see cref="Output"/>.</summary>
    public long? ImageOutput { get; init; }

    public long? AudioInput { get; init; }

    public long? AudioOutput { get; init; }

    /// <summary>Built-in tools that the upstream used and charges by the call; null when none.</summary>
    public ToolUses? Tools { get; init; }

    /// <summary>What the upstream says that the call cost it, in US dollars; never what the caller is charged.</summary>
    public decimal? ReportedCost { get; init; }

    /// <summary>True when the gateway counted, because the upstream did not say.</summary>
    public bool Estimated { get; init; }

    /// <summary>True when neither input nor output is known.</summary>
    public bool IsEmpty => Input is null && Output is null;

    /// <summary>The larger figure per member: right for upstreams that report once and for those that report cumulatively.</summary>
    public Usage Merge(in Usage later) => this with
    {
        Semantics = later.IsEmpty ? Semantics : later.Semantics,
        Input = Larger(Input, later.Input),
        Output = Larger(Output, later.Output),
        CacheRead = Larger(CacheRead, later.CacheRead),
        CacheWrite = Larger(CacheWrite, later.CacheWrite),
        CacheWrite5m = Larger(CacheWrite5m, later.CacheWrite5m),
        CacheWrite1h = Larger(CacheWrite1h, later.CacheWrite1h),
        Reasoning = Larger(Reasoning, later.Reasoning),
        ImageInput = Larger(ImageInput, later.ImageInput),
        ImageOutput = Larger(ImageOutput, later.ImageOutput),
        AudioInput = Larger(AudioInput, later.AudioInput),
        AudioOutput = Larger(AudioOutput, later.AudioOutput),
        Tools = ToolUses.Merge(Tools, later.Tools),
        ReportedCost = later.ReportedCost ?? ReportedCost,
        Estimated = Estimated || later.Estimated,
    };

    /// <summary>Two answers together, such as those of one realtime session.</summary>
    public Usage Plus(in Usage next) => this with
    {
        Semantics = IsEmpty ? next.Semantics : Semantics,
        Input = Sum(Input, next.Input),
        Output = Sum(Output, next.Output),
        CacheRead = Sum(CacheRead, next.CacheRead),
        CacheWrite = Sum(CacheWrite, next.CacheWrite),
        CacheWrite5m = Sum(CacheWrite5m, next.CacheWrite5m),
        CacheWrite1h = Sum(CacheWrite1h, next.CacheWrite1h),
        Reasoning = Sum(Reasoning, next.Reasoning),
        ImageInput = Sum(ImageInput, next.ImageInput),
        ImageOutput = Sum(ImageOutput, next.ImageOutput),
        AudioInput = Sum(AudioInput, next.AudioInput),
        AudioOutput = Sum(AudioOutput, next.AudioOutput),
        Tools = ToolUses.Sum(Tools, next.Tools),
        ReportedCost = ReportedCost is null && next.ReportedCost is null ? null : (ReportedCost ?? 0) + (next.ReportedCost ?? 0),
        Estimated = Estimated || next.Estimated,
    };

    private static long? Sum(long? left, long? right) => left is null && right is null ? null : checked((left ?? 0) + (right ?? 0));

    private static long? Larger(long? left, long? right) =>
        left is null ? right : right is null ? left : Math.Max(left.Value, right.Value);
}
