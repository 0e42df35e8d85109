namespace NewApi.Domain.Pricing.Expressions;

/// <summary>Usages on which a formula is tried before it is stored: nothing, a little, the edges of usual tiers, a lot, and every part at once.</summary>
internal static class ExpressionSamples
{
    public static readonly int[] Images = [1, ChargeFactors.MostImages];

    public static readonly Usage[] Usages =
    [
        new() { Input = 0, Output = 0 },
        new() { Input = 1, Output = 1 },
        new() { Input = 1000, Output = 1000 },
        new() { Input = 32_000, Output = 0 },
        new() { Input = 128_000, Output = 8192 },
        new() { Input = 200_000, Output = 1000, CacheRead = 150_000 },
        new() { Input = 200_001, Output = 1000, CacheWrite = 100_000, CacheWrite1h = 50_000 },
        new() { Input = 1_000_000, Output = 128_000 },
        new() { Input = 1000, Output = 2000, ImageInput = 500, ImageOutput = 1500, AudioInput = 400, AudioOutput = 400 },
        new() { Semantics = UsageSemantics.InputExcludesCache, Input = 10, Output = 500, CacheRead = 300_000, CacheWrite = 20_000 },
    ];
}
