namespace NewApi.Data.Settings;

/// <summary>The <c>a=b&amp;c=d</c> part of a connection string.</summary>
internal static class QueryText
{
    public static IEnumerable<(string Name, string Value)> Read(string query)
    {
        foreach (var part in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            yield return equals < 0
                ? (Uri.UnescapeDataString(part), "")
                : (Uri.UnescapeDataString(part[..equals]), Uri.UnescapeDataString(part[(equals + 1)..]));
        }
    }
}
