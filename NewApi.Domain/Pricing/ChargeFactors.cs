using NewApi.Domain.Pricing.Expressions;

namespace NewApi.Domain.Pricing;

/// <summary>What a charge depends on besides tokens. The default value means a plain call: one image, no factor, no tools.</summary>
public readonly record struct ChargeFactors
{
    /// <summary>Most images that one call may ask for; also the bound for parallel choices of a text call.</summary>
    public const int MostImages = 128;

    /// <summary>Longest video or audio that one call may ask for.</summary>
    public const int MostSeconds = 3600;

    /// <summary>Largest output limit that a caller may set.</summary>
    public const long MostOutputTokens = 1L << 30;

    /// <summary>Largest product of other ratios that is believed.</summary>
    public const decimal LargestOtherRatio = 1_000_000m;

    /// <summary>Images asked for, or returned once that is known; 0 counts as 1. Multiplies a price per call, never a token price.</summary>
    public int Images { get; init; }

    /// <summary>Size and quality factor of a price per image (<see cref="ImagePrice.Factor"/>); 0 counts as 1.</summary>
    public decimal ImagePriceRatio { get; init; }

    /// <summary>Product of all other ratios, such as seconds of video; 0 counts as 1.</summary>
    public decimal OtherRatio { get; init; }

    /// <summary>A realtime session: charged by the audio formula, whether or not the model has audio ratios of its own.</summary>
    public bool Realtime { get; init; }

    /// <summary>Built-in tools that were used, besides those that the usage itself reports.</summary>
    public IReadOnlyList<ToolUse>? Tools { get; init; }

    /// <summary>What a price that is a formula may know of the request; null where there is none to look into.</summary>
    public PricedRequest? Request { get; init; }

    /// <summary>What a task was asked for or turned out to be, such as its seconds, for formulas that price tasks.</summary>
    public IReadOnlyDictionary<string, decimal>? Facts { get; init; }

    /// <summary>What was set aside for the call: charged when its price turns out not to be computable.</summary>
    public Quota Held { get; init; }

    /// <summary>The upstream reports what a call cost it, but not what it wrote to the cache (OpenRouter).</summary>
    public bool InfersCacheWrites { get; init; }

    internal decimal PerCallRatio =>
        (Images == 0 ? 1 : Images) * (ImagePriceRatio == 0 ? 1 : ImagePriceRatio) * TokenRatio;

    internal decimal TokenRatio => OtherRatio == 0 ? 1 : OtherRatio;

    /// <summary>Whether every multiplier is one that a caller may cause (known problem A9).</summary>
    internal bool InRange =>
        Images is >= 0 and <= MostImages && ImagePriceRatio is >= 0 and <= 100 && OtherRatio is >= 0 and <= LargestOtherRatio;
}
