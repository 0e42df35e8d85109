namespace NewApi.Domain.Options;

/// <summary>How the text of an option is read.</summary>
public enum OptionKind
{
    Text,

    /// <summary><c>true</c>; everything else is false.</summary>
    Flag,

    /// <summary>A decimal without exponent; whole-number options drop the fraction.</summary>
    Number,

    Json,
}

/// <summary>One known option; without a default it is visible only once stored.</summary>
public sealed record OptionEntry(string Key, string? Default, OptionKind Kind);
