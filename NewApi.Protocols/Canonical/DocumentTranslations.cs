using System.Buffers;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Gemini;

namespace NewApi.Protocols.Canonical;

/// <summary>
/// Calls that are no chats (embeddings, pictures) between dialects that mean the same thing. There is no canonical model: each pair is one
/// class.
/// </summary>
public static class DocumentTranslations
{
    /// <summary>The dialect that a call may be translated into for an upstream's model; null when it has to stay what it is.</summary>
    public static Dialect? RelativeOf(Dialect caller, string model) => caller switch
    {
        Dialect.OpenAIEmbeddings => Dialect.GeminiEmbeddings,
        Dialect.GeminiEmbeddings => Dialect.OpenAIEmbeddings,
        // Imagen makes pictures by :predict, Gemini's own models by :generateContent.
        Dialect.OpenAIImages => IsImagen(model) ? Dialect.GeminiAction : Dialect.GeminiContent,
        _ => null,
    };

    /// <summary>Whether a call of one dialect goes to an upstream that speaks another by one of these.</summary>
    public static bool Exists(Dialect caller, Dialect upstream) => Make(caller, upstream, "") is not null;

    /// <exception cref="NotSupportedException">There is no such translation.</exception>
    public static DocumentTranslation Open(Dialect caller, Dialect upstream, string model) =>
        Make(caller, upstream, model) ?? throw new NotSupportedException($"{caller} cannot be told to an upstream that speaks {upstream}.");

    private static bool IsImagen(string model) => model.Contains("imagen", StringComparison.OrdinalIgnoreCase);

    private static DocumentTranslation? Make(Dialect caller, Dialect upstream, string model) => (caller, upstream) switch
    {
        (Dialect.OpenAIEmbeddings, Dialect.GeminiEmbeddings) => new EmbeddingsForGemini(model),
        (Dialect.GeminiEmbeddings, Dialect.OpenAIEmbeddings) => new EmbeddingsForOpenAI(model),
        (Dialect.OpenAIImages, Dialect.GeminiAction) => new PicturesForImagen(model),
        (Dialect.OpenAIImages, Dialect.GeminiContent) => new PicturesForGemini(model),
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
