namespace NewApi.Protocols.Gemini;

/// <summary>Code that Gemini ran, and what came of it, as text for dialects without a word for it.</summary>
internal static class GeminiCode
{
    public const string Output = "output";

    public static string Block(string? language, string? code) => $"\n```{Tag(language)}\n{code?.TrimEnd('\n')}\n```\n";

    private static string Tag(string? language) => language is null or "LANGUAGE_UNSPECIFIED" ? "" : language.ToLowerInvariant();
}
