namespace NewApi.Domain.Pricing.Expressions;

/// <summary>The counts that an expression may name.</summary>
internal enum ExpressionVariable
{
    /// <summary><c>p</c>: prompt tokens that have no variable of their own in the expression.</summary>
    Prompt,

    /// <summary><c>c</c>: completion tokens that have no variable of their own in the expression.</summary>
    Completion,

    /// <summary><c>len</c>: the whole context, cache included.</summary>
    Length,

    /// <summary><c>cr</c></summary>
    CacheRead,

    /// <summary><c>cc</c>: cache writes, those that live an hour only where <c>cc1h</c> is not named.</summary>
    CacheWrite,

    /// <summary><c>cc1h</c></summary>
    CacheWrite1h,

    /// <summary><c>img</c></summary>
    ImageInput,

    /// <summary><c>img_o</c></summary>
    ImageOutput,

    /// <summary><c>ai</c></summary>
    AudioInput,

    /// <summary><c>ao</c></summary>
    AudioOutput,

    /// <summary><c>image_count</c></summary>
    ImageCount,
}

/// <summary>Names of the variables, and the space that their values take.</summary>
internal static class ExpressionVariables
{
    public const int Count = 11;

    public static IReadOnlyDictionary<string, ExpressionVariable> ByName { get; } =
        new Dictionary<string, ExpressionVariable>(StringComparer.Ordinal)
        {
            ["p"] = ExpressionVariable.Prompt,
            ["c"] = ExpressionVariable.Completion,
            ["len"] = ExpressionVariable.Length,
            ["cr"] = ExpressionVariable.CacheRead,
            ["cc"] = ExpressionVariable.CacheWrite,
            ["cc1h"] = ExpressionVariable.CacheWrite1h,
            ["img"] = ExpressionVariable.ImageInput,
            ["img_o"] = ExpressionVariable.ImageOutput,
            ["ai"] = ExpressionVariable.AudioInput,
            ["ao"] = ExpressionVariable.AudioOutput,
            ["image_count"] = ExpressionVariable.ImageCount,
        };
}
