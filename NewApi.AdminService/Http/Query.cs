namespace NewApi.AdminService.Http;

/// <summary>Query values as clients send them: a missing, empty or unreadable value means that it was not given.</summary>
internal static class Query
{
    public static string Text(this HttpRequest request, string name) => request.Query[name].ToString().Trim();

    public static long Number(this HttpRequest request, string name) => long.TryParse(request.Query[name], out var value) ? value : 0;

    /// <summary>1, t, true and their upper-case forms are true.</summary>
    public static bool Flag(this HttpRequest request, string name) =>
        request.Query[name].ToString() is "1" or "t" or "T" or "true" or "True" or "TRUE";
}
