namespace NewApi.AdminService.Http;

/// <summary>
/// Words that people search for, as LIKE patterns with <c>~</c> as the escape character. A <c>%</c> of theirs counts as a wildcard only within
/// bounds, so that nobody makes the database work for nothing (known problem D7).
/// </summary>
internal static class SearchPattern
{
    /// <summary>Anything that contains the word; or, when the word has a <c>%</c>, whatever fits it. Null when it is out of bounds.</summary>
    public static string? Part(string word) => word.Contains('%') ? Wild(word) : "%" + Literal(word) + "%";

    /// <summary>The very word; or, when it has a <c>%</c>, whatever fits it. Null when it is out of bounds.</summary>
    public static string? Whole(string word) => word.Contains('%') ? Wild(word) : Literal(word);

    /// <summary>Whatever starts with the word.</summary>
    public static string Prefix(string word) => Literal(word) + "%";

    private static string? Wild(string word)
    {
        var wildcards = word.Count(c => c == '%');
        return wildcards > 2 || word.Contains("%%") || word.Length - wildcards < 2
            ? null
            : word.Replace("~", "~~").Replace("_", "~_");
    }

    private static string Literal(string word) => word.Replace("~", "~~").Replace("%", "~%").Replace("_", "~_");
}
