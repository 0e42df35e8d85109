using NewApi.Domain;

namespace NewApi.RelayService.Authentication;

/// <summary>What a request presents: the bare key, and the channel that an administrator's key may pin behind a dash.</summary>
internal readonly record struct PresentedKey(string Key, string? Channel);

/// <summary>Finds the key among its carriers; later carriers override earlier ones (specification: relay §2.1).</summary>
internal static class KeyReader
{
    private const string Bearer = "Bearer ";
    private const string LowerBearer = "bearer ";
    private const string Prefix = "sk-";
    private const string WebSocketItem = "openai-insecure-api-key.";

    public static PresentedKey Read(HttpRequest request)
    {
        var headers = request.Headers;
        var path = request.Path.Value ?? "";
        var text = headers.Authorization.ToString();

        if (headers.SecWebSocketProtocol.Count > 0)
        {
            foreach (var item in headers.SecWebSocketProtocol.ToString().Split(',', StringSplitOptions.TrimEntries))
            {
                if (item.StartsWith(WebSocketItem, StringComparison.Ordinal))
                {
                    text = item[WebSocketItem.Length..];
                    break;
                }
            }
        }
        if (Contains(path, "/v1/messages") || Contains(path, "/v1/models"))
        {
            text = Override(text, headers["x-api-key"].ToString());
        }
        if (path == "/v1/models" || Starts(path, "/v1/models/") || Starts(path, "/v1beta/models") || Starts(path, "/v1beta/openai/"))
        {
            text = Override(text, request.Query["key"].ToString());
            text = Override(text, headers["x-goog-api-key"].ToString());
        }
        var bare = Strip(text);
        if (bare.Length == 0 || bare == "midjourney-proxy")
        {
            bare = Strip(headers["mj-api-secret"].ToString());
        }
        return Split(bare);
    }

    /// <summary>Takes one exact prefix off, never a set of characters: keys may begin with any of them (rule R-G8).</summary>
    private static string Strip(string text)
    {
        if (text.StartsWith(Bearer, StringComparison.Ordinal) || text.StartsWith(LowerBearer, StringComparison.Ordinal))
        {
            text = text[Bearer.Length..];
        }
        text = text.Trim();
        return text.StartsWith(Prefix, StringComparison.Ordinal) ? text[Prefix.Length..] : text;
    }

    private static PresentedKey Split(string text)
    {
        var dash = text.IndexOf('-');
        if (dash < 0)
        {
            return new(text, null);
        }
        var rest = text[(dash + 1)..];
        var end = rest.IndexOf('-');
        return new(text[..dash], end < 0 ? rest : rest[..end]);
    }

    private static string Override(string text, string later) => later.Length == 0 ? text : later;

    private static bool Contains(string path, string part) => path.Contains(part, StringComparison.Ordinal);

    private static bool Starts(string path, string part) => path.StartsWith(part, StringComparison.Ordinal);
}
