using System.Text.Json;
using System.Text.RegularExpressions;

namespace NewApi.RelayService.Channels;

/// <summary>
/// A channel's own headers (specification: relay §3.10). They win over everything, the credential included. <c>{api_key}</c> stands for the
/// credential; a value that is exactly <c>{client_header:Name}</c> copies the caller's header if there is one; the names <c>*</c> and
/// <c>re:…</c> pass the caller's headers on, all or those that match, before the others are set.
/// </summary>
internal sealed class HeaderOverride
{
    private const string ClientHeader = "{client_header:";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>Never passed on by a wildcard: they belong to a connection, to the caller, or carry a credential.</summary>
    private static readonly HashSet<string> NeverPassed = new(StringComparer.OrdinalIgnoreCase)
    {
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade", "cookie",
        "host", "content-length", "accept-encoding", "authorization", "x-api-key", "x-goog-api-key", "sec-websocket-key",
        "sec-websocket-version", "sec-websocket-extensions",
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
    public Dictionary<string, string> Resolve(IHeaderDictionary client, string key)
    {
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var pattern in _passed)
        {
            foreach (var (name, values) in client)
            {
                if (!NeverPassed.Contains(name) && !name.StartsWith(':') && (pattern is null || pattern.IsMatch(name)))
                {
                    headers[name] = values.ToString();
                }
            }
        }
        foreach (var (name, template) in _set)
        {
            if (!template.StartsWith(ClientHeader, StringComparison.Ordinal) || !template.EndsWith('}'))
            {
                headers[name] = template.Replace("{api_key}", key, StringComparison.Ordinal);
            }
            else if (client[template[ClientHeader.Length..^1]].ToString() is { Length: > 0 } copied)
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
