using System.Buffers;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Gemini;

namespace NewApi.Protocols.Canonical;

/// <summary>
/// Calls that are no chats (embeddings, pictures) between dialects that mean the same thing. There is no canonical model: each pair is one
/// class. How a relay uses it:
/// <code>
/// if (DocumentTranslations.Exists(call.Dialect, dialect))
/// {
///     var translation = DocumentTranslations.Open(call.Dialect, dialect, upstreamModel);   // one for each attempt
///     translation.WriteRequest(body, output);         // TranslationException: 400 for the caller, as with chats
///     // translation.Action is the action of a Gemini address: models/{model}:{action}
///     // usage: what ReplyReader reads of the upstream's answer; where that is empty, tokens are estimated as for any other call
///     translation.WriteReply(reply, output, context, usage); // JsonException: unreadable; translation.Fault: a refusal, nothing to send
/// }
/// </code>
/// </summary>
public static class DocumentTranslations
{
    /// <summary>Whether a call of one dialect can be served by an upstream that speaks another.</summary>
    public static bool Exists(Dialect caller, Dialect upstream) => Make(caller, upstream, "") is not null;

    /// <summary>Dialects that a call may be translated into, closest first; empty when it has to stay what it is.</summary>
    public static ReadOnlySpan<Dialect> RelativesOf(Dialect caller) => caller switch
    {
        Dialect.OpenAIEmbeddings => [Dialect.GeminiEmbeddings],
        Dialect.GeminiEmbeddings => [Dialect.OpenAIEmbeddings],
        Dialect.OpenAIImages => [Dialect.GeminiAction, Dialect.GeminiContent],
        Dialect.GeminiAction => [Dialect.OpenAIImages],
        _ => [],
    };

    /// <summary>
    /// Which of Gemini's two ways a model makes pictures: Imagen by <c>:predict</c> (<see cref="Dialect.GeminiAction"/>), Gemini's own image
    /// models by <c>:generateContent</c>.
    /// </summary>
    public static Dialect PicturesOf(string model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.Contains("imagen", StringComparison.OrdinalIgnoreCase) ? Dialect.GeminiAction : Dialect.GeminiContent;
    }

    /// <exception cref="NotSupportedException">There is no such translation.</exception>
    public static DocumentTranslation Open(Dialect caller, Dialect upstream, string model) =>
        Make(caller, upstream, model) ?? throw new NotSupportedException($"{caller} cannot be told to an upstream that speaks {upstream}.");

    private static DocumentTranslation? Make(Dialect caller, Dialect upstream, string model) => (caller, upstream) switch
    {
        (Dialect.OpenAIEmbeddings, Dialect.GeminiEmbeddings) => new EmbeddingsForGemini(model),
        (Dialect.GeminiEmbeddings, Dialect.OpenAIEmbeddings) => new EmbeddingsForOpenAI(model),
        (Dialect.OpenAIImages, Dialect.GeminiAction) => new PicturesForImagen(model),
        (Dialect.OpenAIImages, Dialect.GeminiContent) => new PicturesForGemini(model),
        (Dialect.GeminiAction, Dialect.OpenAIImages) => new PicturesForOpenAI(model),
        _ => null,
    };
}

/// <summary>One call in another dialect: the request there, the answer back. It remembers of the request what the answer needs.</summary>
public abstract class DocumentTranslation
{
    /// <summary>The action of a Gemini upstream, known once the request is written; null for upstreams that have none.</summary>
    public virtual string? Action => null;

    /// <summary>A refusal that the upstream calls an answer; the caller gets it as an error, and what was written is void.</summary>
    public RelayFault? Fault { get; private protected set; }

    /// <exception cref="TranslationException">The other dialect cannot say it.</exception>
    public abstract void WriteRequest(JsonElement body, IBufferWriter<byte> output);

    /// <exception cref="JsonException">The answer is not what it should be.</exception>
    public abstract void WriteReply(ReadOnlyMemory<byte> reply, IBufferWriter<byte> output, ReplyContext context, in Usage usage);
}
