using System.Collections.ObjectModel;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Providers;
using NewApi.RelayService.Channels;

namespace NewApi.RelayService.Upstream;

/// <summary>What one attempt of a call sends, with the caller's headers at hand and the channel's own, which win.</summary>
internal sealed class RelayMessage(HttpRequest client, Channel channel) : UpstreamMessage
{
    public static RelayMessage For(
        RelayCall call, Channel channel, ChannelKey key, Dialect dialect, string model, BodyContent content, RelayOptions options, TimeProvider clock) =>
        new(call.Http.Request, channel)
        {
            Account = channel.Account,
            Key = key.Secret,
            Dialect = dialect,
            Caller = call.Dialect,
            CallerModel = call.Model,
            RequestId = call.RequestId,
            Settings = options.Providers,
            Model = model,
            Action = ActionOf(call, dialect),
            Stream = call.Stream,
            Content = content,
            Body = content.Body,
            Clock = clock,
            ModelHeaders = ModelHeadersOf(call, dialect, model),
        };

    public override string? ClientHeader(string name) => client.Headers[name].ToString() is { Length: > 0 } value ? value : null;

    public override string? ClientQuery(string name) => client.Query[name].ToString() is { Length: > 0 } value ? value : null;

    /// <summary>
    /// The channel's own headers come last and win, the credential included (specification: relay §3.10). <c>{api_key}</c> stands for
    /// the credential; a value that is exactly <c>{client_header:Name}</c> copies the caller's header, if there is one.
    /// </summary>
    public override void Override(HttpRequestMessage request)
    {
        ArgumentNullException.ThrowIfNull(request);
        const string Prefix = "{client_header:";
        foreach (var (name, template) in channel.HeaderOverride)
        {
            var value = template.Replace("{api_key}", Key, StringComparison.Ordinal);
            if (value.StartsWith(Prefix, StringComparison.Ordinal) && value.EndsWith('}'))
            {
                value = client.Headers[value[Prefix.Length..^1]].ToString();
                if (value.Length == 0)
                {
                    continue;
                }
            }
            if (name.Equals("Host", StringComparison.OrdinalIgnoreCase))
            {
                request.Headers.Host = value;
                continue;
            }
            request.Headers.Remove(name);
            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                request.Content!.Headers.Remove(name);
                request.Content.Headers.TryAddWithoutValidation(name, value);
            }
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

    private static string? ActionOf(RelayCall call, Dialect dialect) =>
        dialect != Dialect.GeminiContent ? call.Action : call.Stream ? "streamGenerateContent" : "generateContent";
}
