using NewApi.Domain;

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
}

/// <summary>A channel that cannot be called as it is set up; the message is for its operator and names no secret.</summary>
/// <param name="code">A code of the <c>channel:</c> family, such as <c>channel:invalid_key</c>.</param>
/// <param name="message">What is wrong.</param>
public sealed class ProviderException(string code, string message) : Exception(message)
{
    public RelayFault ToFault() => new(500, code, Message);
}
