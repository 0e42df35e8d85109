using System.Net;
using System.Net.Http.Headers;
using NewApi.Domain;

namespace NewApi.Providers;

/// <summary>Builds the HTTP request of one attempt by the rows of its provider: address, credential, headers.</summary>
public static class UpstreamRequests
{
    private const string DefaultAnthropicVersion = "2023-06-01";
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    /// <summary>The whole request, ready to be sent.</summary>
    public static HttpRequestMessage Build(UpstreamMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        var address = message.Account.AddressOf(message);
        if (message.Dialect is Dialect.GeminiContent or Dialect.GeminiAction && message.Stream)
        {
            address = WithQuery(address, "alt=sse");
        }
        else if (message.Dialect is Dialect.AnthropicMessages or Dialect.AnthropicCountTokens
            && (message.ClientQuery("beta") == "true" || message.Account.Flag("claude_beta_query")))
        {
            address = WithQuery(address, "beta=true");
        }
        var request = Post(address, message.Content);
        AddCredential(request.Headers, message);
        return Finish(request, message);
    }

    /// <summary>A POST whose body is JSON unless it says otherwise.</summary>
    public static HttpRequestMessage Post(Uri address, HttpContent? content)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, address)
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrHigher,
            Content = content,
        };
        if (content is not null)
        {
            content.Headers.ContentType ??= Json;
        }
        return request;
    }

    public static void AddCredential(HttpRequestHeaders headers, UpstreamMessage message)
    {
        ArgumentNullException.ThrowIfNull(headers);
        ArgumentNullException.ThrowIfNull(message);
        switch (message.Account.Profile.Credential)
        {
            case CredentialScheme.AnthropicKey:
                headers.TryAddWithoutValidation("x-api-key", message.Key);
                break;
            case CredentialScheme.GoogleKey:
                headers.TryAddWithoutValidation("x-goog-api-key", message.Key);
                break;
            case CredentialScheme.AzureKey:
                headers.TryAddWithoutValidation("api-key", message.Key);
                break;
            default:
                headers.TryAddWithoutValidation("Authorization", "Bearer " + message.Key);
                break;
        }
        AddDialectHeaders(headers, message);
    }

    /// <summary>What a dialect demands besides the credential.</summary>
    internal static void AddDialectHeaders(HttpRequestHeaders headers, UpstreamMessage message)
    {
        if (message.Dialect is Dialect.AnthropicMessages or Dialect.AnthropicCountTokens)
        {
            headers.TryAddWithoutValidation("anthropic-version", message.ClientHeader("anthropic-version") ?? DefaultAnthropicVersion);
            if (message.ClientHeader("anthropic-beta") is { } beta)
            {
                headers.TryAddWithoutValidation("anthropic-beta", beta);
            }
            AddModelHeaders(headers, message);
        }
    }

    /// <summary>Adds the headers of account and profile and, last of all, the channel's own.</summary>
    public static HttpRequestMessage Finish(HttpRequestMessage request, UpstreamMessage message)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(message);
        if (message.Account.Organization is { } organization)
        {
            request.Headers.TryAddWithoutValidation("OpenAI-Organization", organization);
        }
        foreach (var (name, value) in message.Account.Profile.Headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }
        message.Account.Profile.AddHeaders?.Invoke(message, request.Headers);
        message.Override(request);
        return request;
    }

    /// <summary>An address with one more query value.</summary>
    public static Uri WithQuery(Uri address, string query)
    {
        ArgumentNullException.ThrowIfNull(address);
        return new Uri(address.AbsoluteUri + (address.Query.Length == 0 ? '?' : '&') + query);
    }

    /// <summary>The operator's headers for a model join the caller's in one comma list, each value once.</summary>
    internal static void AddModelHeaders(HttpRequestHeaders headers, UpstreamMessage message)
    {
        foreach (var (name, values) in message.ModelHeaders)
        {
            var all = headers.TryGetValues(name, out var present)
                ? present.SelectMany(value => value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
                : [];
            var joined = string.Join(',', all.Concat(values).Distinct(StringComparer.Ordinal));
            headers.Remove(name);
            headers.TryAddWithoutValidation(name, joined);
        }
    }
}
