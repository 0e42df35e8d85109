using System.Collections.ObjectModel;
using System.Text.Json;
using System.Net.Http.Headers;
using NewApi.Domain;
using NewApi.Providers;
using NewApi.RelayService.Channels;

namespace NewApi.RelayService.Upstream;

/// <summary>What one attempt of a call sends, with the caller's headers at hand and the channel's own, which win.</summary>
internal sealed class RelayMessage(HttpRequest client, Dictionary<string, string>? headers) : UpstreamMessage
{
    public static RelayMessage For(
        RelayCall call,
        Channel channel,
        ChannelKey key,
        Dialect dialect,
        string model,
        BodyContent content,
        Dictionary<string, string>? headers,
        string? action,
        RelayOptions options,
        TimeProvider clock) =>
        new(call.Http.Request, headers)
        {
            Account = channel.Account,
            Key = key.Secret,
            Dialect = dialect,
            Caller = call.Dialect,
            CallerModel = call.Model,
            RequestId = call.RequestId,
            Settings = options.Providers,
            Model = model,
            Action = action ?? ActionOf(call, dialect),
            Stream = call.Stream,
            Content = content,
            Body = content.Body,
            Clock = clock,
            ModelHeaders = ModelHeadersOf(call, dialect, model),
        };

    public override string? ClientHeader(string name) => client.Headers[name].ToString() is { Length: > 0 } value ? value : null;

    public override string? ClientQuery(string name) => client.Query[name].ToString() is { Length: > 0 } value ? value : null;

    public override void Override(HttpRequestMessage request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (headers is null)
        {
            return;
        }
        foreach (var (name, value) in headers)
        {
            if (name.Equals("Host", StringComparison.OrdinalIgnoreCase))
            {
                request.Headers.Host = value;
                continue;
            }
            // The collection refuses names that belong to the other one.
            var target = IsOfContent(name) ? request.Content?.Headers : (HttpHeaders)request.Headers;
            target?.Remove(name);
            target?.TryAddWithoutValidation(name, value);
        }
    }

    /// <summary>The operator's headers for a model of Anthropic's: texts, or lists of them.</summary>
    private static IReadOnlyDictionary<string, string[]> ModelHeadersOf(RelayCall call, Dialect dialect, string model)
    {
        var settings = call.Snapshot.Options.Claude.ModelHeadersSettings;
        if (dialect != Dialect.AnthropicMessages || settings.ValueKind != JsonValueKind.Object
            || !settings.TryGetProperty(model, out var headers) || headers.ValueKind != JsonValueKind.Object)
        {
            return ReadOnlyDictionary<string, string[]>.Empty;
        }
        return headers.EnumerateObject().ToDictionary(
            header => header.Name,
            header => header.Value.ValueKind == JsonValueKind.Array
                ? [.. header.Value.EnumerateArray().Where(value => value.ValueKind == JsonValueKind.String).Select(value => value.GetString()!)]
                : header.Value.ValueKind == JsonValueKind.String ? new[] { header.Value.GetString()! } : []);
    }
    private static bool IsOfContent(string name) =>
        name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase)
        || name.Equals("Allow", StringComparison.OrdinalIgnoreCase)
        || name.Equals("Expires", StringComparison.OrdinalIgnoreCase)
        || name.Equals("Last-Modified", StringComparison.OrdinalIgnoreCase);

    private static string? ActionOf(RelayCall call, Dialect dialect) =>
        dialect != Dialect.GeminiContent ? call.Action : call.Stream ? "streamGenerateContent" : "generateContent";
}
