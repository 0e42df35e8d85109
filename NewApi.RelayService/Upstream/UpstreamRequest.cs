using System.Net;
using System.Net.Http.Headers;
using NewApi.Domain;
using NewApi.Providers;
using NewApi.RelayService.Channels;

namespace NewApi.RelayService.Upstream;

/// <summary>Builds the HTTP request of one attempt: address, credential, headers; the body is the caller's, patched.</summary>
internal static class UpstreamRequest
{
    private const string DefaultAnthropicVersion = "2023-06-01";
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    public static HttpRequestMessage Build(
        Channel channel,
        ChannelKey key,
        Dialect dialect,
        string model,
        string? action,
        bool stream,
        BodyContent body,
        HttpRequest client)
    {
        var address = channel.AddressOf(dialect, model, action);
        if (dialect == Dialect.GeminiContent && stream)
        {
            address = new Uri(address + "?alt=sse");
        }
        else if (dialect == Dialect.AnthropicMessages && client.Query["beta"] == "true")
        {
            address = new Uri(address + "?beta=true");
        }
        var request = new HttpRequestMessage(HttpMethod.Post, address)
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrHigher,
            Content = body,
        };
        request.Content.Headers.ContentType = Json;
        var headers = request.Headers;
        AddCredential(headers, channel, key, client);
        if (channel.Organization is { Length: > 0 } organization)
        {
            headers.TryAddWithoutValidation("OpenAI-Organization", organization);
        }
        foreach (var (name, value) in channel.Profile.Headers)
        {
            headers.TryAddWithoutValidation(name, value);
        }
        if (channel.HeaderOverride.Count > 0)
        {
            Override(request, channel, key, client);
        }
        return request;
    }

    private static void AddCredential(HttpRequestHeaders headers, Channel channel, ChannelKey key, HttpRequest client)
    {
        switch (channel.Profile.Credential)
        {
            case CredentialScheme.AnthropicKey:
                headers.TryAddWithoutValidation("x-api-key", key.Secret);
                var version = client.Headers["anthropic-version"].ToString();
                headers.TryAddWithoutValidation("anthropic-version", version.Length == 0 ? DefaultAnthropicVersion : version);
                var beta = client.Headers["anthropic-beta"].ToString();
                if (beta.Length > 0)
                {
                    headers.TryAddWithoutValidation("anthropic-beta", beta);
                }
                break;
            case CredentialScheme.GoogleKey:
                headers.TryAddWithoutValidation("x-goog-api-key", key.Secret);
                break;
            case CredentialScheme.AzureKey:
                headers.TryAddWithoutValidation("api-key", key.Secret);
                break;
            default:
                headers.TryAddWithoutValidation("Authorization", "Bearer " + key.Secret);
                break;
        }
    }

    /// <summary>
    /// The channel's own headers come last and win, the credential included (specification: relay §3.10). <c>{api_key}</c> stands for
    /// the credential; a value that is exactly <c>{client_header:Name}</c> copies the caller's header, if there is one.
    /// </summary>
    private static void Override(HttpRequestMessage request, Channel channel, ChannelKey key, HttpRequest client)
    {
        const string ClientHeader = "{client_header:";
        foreach (var (name, template) in channel.HeaderOverride)
        {
            var value = template.Replace("{api_key}", key.Secret, StringComparison.Ordinal);
            if (value.StartsWith(ClientHeader, StringComparison.Ordinal) && value.EndsWith('}'))
            {
                value = client.Headers[value[ClientHeader.Length..^1]].ToString();
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
}
