using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Protocols.Canonical;
using NewApi.Providers.Answers;

namespace NewApi.Providers;

/// <summary>
/// What rows cannot say of a provider: signatures, token exchange, a wire format of its own, binary frames, answers that must be polled
/// for. An adapter takes a request in a dialect that its profile claims to speak and answers in the same dialect; whatever lies between is
/// its own affair. It holds no state of a call and may be used by many at once.
/// </summary>
public abstract class ProviderAdapter
{
    /// <summary>False when the address follows from the credential, a region for example.</summary>
    public virtual bool NeedsAddress => true;

    /// <summary>Whether the provider speaks a dialect for a model (Vertex serves Claude and Gemini side by side).</summary>
    public virtual bool Speaks(ProviderAccount account, Dialect dialect, string model)
    {
        ArgumentNullException.ThrowIfNull(account);
        return account.Profile.Speaks(dialect);
    }

    /// <summary>
    /// Sends the request, or several, and returns an answer in the message's dialect: status, headers, and a body that is JSON, or
    /// server-sent events with content type <c>text/event-stream</c>, read lazily. Answers other than success are returned as they came.
    /// </summary>
    /// <param name="message">What to send.</param>
    /// <param name="http">The channel's connections; an adapter opens none of its own.</param>
    /// <param name="cancel">The caller has left, or a timeout has passed.</param>
    /// <exception cref="ProviderException">The credential or the settings of the channel cannot be used.</exception>
    public abstract Task<HttpResponseMessage> SendAsync(UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel);

    /// <summary>
    /// The channel itself says which dialect a caller's goes out in: <paramref name="dialect"/>, or null for none. False: the profile decides.
    /// </summary>
    public virtual bool TryChoose(ProviderAccount account, Dialect caller, string model, out Dialect? dialect)
    {
        dialect = null;
        return false;
    }

    /// <summary>What the rows alone would do.</summary>
    protected static async Task<HttpResponseMessage> SendByRowsAsync(UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(http);
        using var request = UpstreamRequests.Build(message);
        return await http.SendAsync(request, cancel);
    }

    /// <summary>A body of the provider's own to the address and with the credential of the rows.</summary>
    protected static async Task<HttpResponseMessage> SendJsonAsync(
        UpstreamMessage message, JsonObject body, HttpMessageInvoker http, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(http);
        using var request = UpstreamRequests.Post(message.Account.AddressOf(message), Answer.Content(body));
        UpstreamRequests.AddCredential(request.Headers, message);
        return await http.SendAsync(UpstreamRequests.Finish(request, message), cancel);
    }

    /// <summary>The caller's request, for formats that have to be written anew.</summary>
    /// <exception cref="TranslationException">It is no JSON object.</exception>
    protected static JsonObject Asked(UpstreamMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        try
        {
            return JsonNode.Parse(message.Body.Span) as JsonObject ?? throw new TranslationException("The request must be a JSON object.");
        }
        catch (JsonException)
        {
            throw new TranslationException("The provider takes this request as JSON only.");
        }
    }
}

/// <summary>A channel that cannot be called as it is set up; the message is for its operator and names no secret.</summary>
/// <param name="code">A code of the <c>channel:</c> family, such as <c>channel:invalid_key</c>.</param>
/// <param name="message">What is wrong.</param>
public sealed class ProviderException(string code, string message) : Exception(message)
{
    public string Code => code;

    public RelayFault ToFault() => new(500, code, Message);
}
