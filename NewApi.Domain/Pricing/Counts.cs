namespace NewApi.Domain.Pricing;

/// <summary>The reported figures with nonsense removed: absent and negative are zero, parts never exceed what they imply.</summary>
internal readonly struct Counts
{
    /// <summary>More than any upstream could have read or written; a larger figure is a broken report.</summary>
    public const long Most = 1L << 40;

    public Counts(in Usage usage)
    {
        IncludesCache = usage.Semantics == UsageSemantics.InputIncludesCache;
        Input = Sane(usage.Input);
        Output = Sane(usage.Output);
        CacheRead = Sane(usage.CacheRead);
        CacheWrite5m = Sane(usage.CacheWrite5m);
        CacheWrite1h = Sane(usage.CacheWrite1h);
        CacheWrite = Math.Max(Sane(usage.CacheWrite), CacheWrite5m + CacheWrite1h);
        ImageInput = Sane(usage.ImageInput);
        ImageOutput = Sane(usage.ImageOutput);
        AudioInput = Sane(usage.AudioInput);
        AudioOutput = Sane(usage.AudioOutput);
    }

    public bool IncludesCache { get; }

    public long Input { get; }

    public long Output { get; }

    public long CacheRead { get; }

    public long CacheWrite { get; }

    public long CacheWrite5m { get; }

    public long CacheWrite1h { get; }

    public long ImageInput { get; }

    public long ImageOutput { get; }

    public long AudioInput { get; }

    public long AudioOutput { get; }

    /// <summary>Everything billable; parts count too, for a total that leaves them out.</summary>
    public long Total => Input + Output + CacheRead + CacheWrite + ImageInput + ImageOutput + AudioInput + AudioOutput;

    private static long Sane(long? reported) => Math.Clamp(reported ?? 0, 0, Most);
}
