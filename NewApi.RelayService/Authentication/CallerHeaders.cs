namespace NewApi.RelayService.Authentication;

/// <summary>
/// The caller's headers as far as operators may pass them on: without those that hold the caller's key to the gateway, or its session, which
/// are nobody else's business. It is the key that is looked for, not names: a caller's own key for the upstream may come in a header in which
/// others send theirs for the gateway.
/// </summary>
internal static class CallerHeaders
{
    public static Dictionary<string, string> Read(HttpRequest request)
    {
        var key = KeyReader.Read(request).Key;
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, values) in request.Headers)
        {
            var value = values.ToString();
            if (!name.StartsWith(':')
                && !name.Equals("Cookie", StringComparison.OrdinalIgnoreCase)
                && (key.Length == 0 || !value.Contains(key, StringComparison.OrdinalIgnoreCase)))
            {
                headers[name] = value;
            }
        }
        return headers;
    }
}
