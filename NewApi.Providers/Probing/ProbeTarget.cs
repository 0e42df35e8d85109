using System.Net.Http.Headers;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Overrides;

namespace NewApi.Providers.Probing;

/// <summary>An account to be asked, as a channel's row has it.</summary>
/// <param name="type">Number of the provider.</param>
/// <param name="key">The credential.</param>
/// <param name="baseUrl">The channel's own address; empty for the provider's.</param>
public sealed class ProbeTarget(long type, string key, string? baseUrl)
{
    /// <summary>Null for a number that names none.</summary>
    public ProviderProfile? Profile { get; } = ProviderRegistry.Find((int)type);

    /// <summary>The credential. It must not reach a log, a trace or an error text.</summary>
    public string Key => key;

    public string? BaseUrl => baseUrl;

    public string? Other { get; init; }

    public string? Organization { get; init; }

    /// <summary>The row's <c>setting</c>: JSON.</summary>
    public string? Setting { get; init; }

    /// <summary>The row's <c>settings</c>: JSON.</summary>
    public string? Settings { get; init; }

    public string? HeaderOverride { get; init; }

    public string? ParamOverride { get; init; }

    public long Created { get; init; }

    /// <summary>http, https or socks5 address, or null.</summary>
    public string? Proxy =>
        ObjectOf(Setting) is { } setting && setting.TryGetProperty("proxy", out var proxy)
        && proxy.ValueKind == JsonValueKind.String && proxy.GetString() is { Length: > 0 } address ? address : null;

    /// <summary>A question of the gateway's own to the account; null when its provider is unknown or its address cannot be used.</summary>
    /// <exception cref="ProviderException">Its headers cannot be read.</exception>
    public UpstreamMessage? Ask(Dialect dialect, string model, TimeProvider clock) =>
        Profile is { } profile && AccountWith(profile) is { IsUsable: true } account
            ? new ProbeMessage(Headers()) { Account = account, Key = Key, Dialect = dialect, Model = model, Clock = clock }
            : null;

    internal ProviderAccount AccountWith(ProviderProfile profile) =>
        new(profile, BaseUrl, Other, Organization, ObjectOf(Settings) ?? default, Created);

    /// <summary>
    /// The channel's own headers: those that need no caller (specification: relay §3.10). Those that copy a caller's are left out.
    /// </summary>
    /// <exception cref="ProviderException">They cannot be read.</exception>
    internal Dictionary<string, string> Headers()
    {
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        if (string.IsNullOrWhiteSpace(HeaderOverride))
        {
            return headers;
        }
        foreach (var header in (ObjectOf(HeaderOverride) ?? throw Broken()).EnumerateObject())
        {
            var value = header.Value.ValueKind == JsonValueKind.String ? header.Value.GetString()! : throw Broken();
            if (header.Name != "*" && !header.Name.StartsWith("re:", StringComparison.Ordinal)
                && !header.Name.StartsWith("regex:", StringComparison.Ordinal) && !value.StartsWith("{client_header:", StringComparison.Ordinal))
            {
                headers[header.Name] = value.Replace("{api_key}", Key, StringComparison.Ordinal);
            }
        }
        return headers;

        static ProviderException Broken() => new("channel:header_override_invalid", "The channel's header override cannot be read.");
    }

    /// <exception cref="OverrideException">The override cannot be read.</exception>
    internal ParamOverride? Overrides() => Protocols.Overrides.ParamOverride.Parse(ParamOverride);

    private static JsonElement? ObjectOf(string? json)
    {
        if (string.IsNullOrWhiteSpace(json))
        {
            return null;
        }
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>A request of nobody's: no caller, and the channel's own headers, which win.</summary>
internal sealed class ProbeMessage(IReadOnlyDictionary<string, string> headers) : UpstreamMessage
{
    public override void Override(HttpRequestMessage request)
    {
        ArgumentNullException.ThrowIfNull(request);
        foreach (var (name, value) in headers)
        {
            if (name.Equals("Host", StringComparison.OrdinalIgnoreCase))
            {
                request.Headers.Host = value;
                continue;
            }
            var target = name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase) ? request.Content?.Headers : (HttpHeaders)request.Headers;
            target?.Remove(name);
            target?.TryAddWithoutValidation(name, value);
        }
    }
}
