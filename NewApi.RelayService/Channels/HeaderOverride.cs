using System.Text.Json;
using System.Text.RegularExpressions;
using NewApi.RelayService.Authentication;

namespace NewApi.RelayService.Channels;

/// <summary>
/// A channel's own headers (specification: relay §3.10). They win over everything, the credential included. <c>{api_key}</c> stands for the
/// credential; a value that is exactly <c>{client_header:Name}</c> copies the caller's header if there is one; the names <c>*</c> and
/// <c>re:…</c> pass the caller's headers on, all or those that match, before the others are set. The caller's key to the gateway passes in
/// none of these ways.
/// </summary>
internal sealed class HeaderOverride
{
    private const string ClientHeader = "{client_header:";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>Never passed on by a wildcard: they belong to a connection, tell of the body as it came, or carry a credential.</summary>
    private static readonly HashSet<string> NeverPassed = new(StringComparer.OrdinalIgnoreCase)
    {
        "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "host", "expect", "accept-encoding",
        "sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions",
        "content-length", "content-type", "content-encoding", "content-md5", "content-digest", "repr-digest", "digest",
        "cookie", "authorization", "proxy-authenticate", "proxy-authorization", "x-api-key", "x-goog-api-key", "api-key", "mj-api-secret",
        "sec-websocket-protocol", "new-api-user",
    };

    private readonly List<Regex?> _passed = [];
    private readonly List<KeyValuePair<string, string>> _set = [];

    private HeaderOverride()
    {
    }

    /// <summary>The row's text cannot be used: every attempt on the channel fails until it is mended.</summary>
    public bool Broken { get; private init; }

    /// <summary>Null when there is nothing to override.</summary>
    public static HeaderOverride? Parse(string? json)
    {
        if (string.IsNullOrWhiteSpace(json))
        {
            return null;
        }
        try
        {
            using var document = JsonDocument.Parse(json);
            var parsed = new HeaderOverride();
            foreach (var member in document.RootElement.EnumerateObject())
            {
                parsed.Add(member.Name, member.Value.GetString() ?? "");
            }
            return parsed._passed.Count + parsed._set.Count == 0 ? null : parsed;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or ArgumentException or NotSupportedException)
        {
            return new HeaderOverride { Broken = true };
        }
    }

    /// <summary>The headers of one attempt.</summary>
    public Dictionary<string, string> Resolve(HttpRequest client, string key)
    {
        Dictionary<string, string>? shown = null;
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var pattern in _passed)
        {
            foreach (var (name, value) in shown ??= CallerHeaders.Read(client))
            {
                if (!NeverPassed.Contains(name) && (pattern is null || pattern.IsMatch(name)))
                {
                    headers[name] = value;
                }
            }
        }
        foreach (var (name, template) in _set)
        {
            if (!template.StartsWith(ClientHeader, StringComparison.Ordinal) || !template.EndsWith('}'))
            {
                headers[name] = template.Replace("{api_key}", key, StringComparison.Ordinal);
            }
            else if ((shown ??= CallerHeaders.Read(client)).TryGetValue(template[ClientHeader.Length..^1], out var copied) && copied.Length > 0)
            {
                headers[name] = copied;
            }
        }
        return headers;
    }

    private void Add(string name, string value)
    {
        if (name == "*")
        {
            _passed.Add(null);
        }
        else if (name.StartsWith("re:", StringComparison.Ordinal) || name.StartsWith("regex:", StringComparison.Ordinal))
        {
            _passed.Add(new Regex(
                name[(name.IndexOf(':') + 1)..], RegexOptions.NonBacktracking | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, Patience));
        }
        else
        {
            _set.Add(new(name, value));
        }
    }
}
