namespace NewApi.AdminService.Http;

/// <summary>A message in the languages we speak. The text is for people; clients decide on <c>success</c> alone.</summary>
internal readonly record struct Text(string English, string Chinese)
{
    public static readonly Text None = new("", "");

    public string In(Language language) => language is Language.Chinese ? Chinese : English;

    /// <summary>The same words in every language: names, and texts that an upstream wrote.</summary>
    public static Text Verbatim(string text) => new(text, text);
}

internal enum Language
{
    English,
    Chinese,
}

/// <summary>Language of an answer: the user's setting, then <c>Accept-Language</c>, then English (specification: admin API §1.1).</summary>
internal static class Languages
{
    public static Language Of(HttpContext context)
    {
        if (context.Features.Get<Access.AdminCaller>()?.Language is { Length: > 0 } chosen)
        {
            return Parse(chosen);
        }
        foreach (var range in context.Request.GetTypedHeaders().AcceptLanguage.OrderByDescending(range => range.Quality ?? 1))
        {
            if (range.Value.StartsWith("zh", StringComparison.OrdinalIgnoreCase))
            {
                return Language.Chinese;
            }
            if (range.Value.StartsWith("en", StringComparison.OrdinalIgnoreCase))
            {
                return Language.English;
            }
        }
        return Language.English;
    }

    private static Language Parse(string name) =>
        name.StartsWith("zh", StringComparison.OrdinalIgnoreCase) ? Language.Chinese : Language.English;
}
