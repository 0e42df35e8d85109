using System.Buffers;
using System.Collections.ObjectModel;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Domain.Options;

namespace NewApi.Protocols.Canonical;

/// <summary>
/// One dialect to and from the canonical chat model, requests and answers, for either side. Stateless; the readers and writers that it
/// opens belong to one answer each.
/// </summary>
public abstract class ChatCodec
{
    public abstract Dialect Dialect { get; }

    /// <summary>Reads a caller's request.</summary>
    /// <param name="body">The JSON, whose elements the result may keep.</param>
    /// <param name="model">The model the call is routed by.</param>
    /// <param name="stream">The caller wants events, wherever the dialect says so.</param>
    /// <exception cref="TranslationException">The request cannot be read, or says something that no other dialect could.</exception>
    public abstract ChatRequest ReadRequest(JsonElement body, string model, bool stream);

    /// <summary>Writes a request for an upstream.</summary>
    /// <exception cref="TranslationException">This dialect cannot say what the request asks for, and leaving it out would change its meaning.</exception>
    public abstract void WriteRequest(ChatRequest request, IBufferWriter<byte> output, in UpstreamTraits traits);

    /// <summary>A reader for one answer of an upstream.</summary>
    public abstract ChatReplyReader OpenReader();

    /// <summary>Reads a whole answer of an upstream.</summary>
    /// <exception cref="JsonException">The answer cannot be read.</exception>
    public abstract ChatReply ReadReply(ReadOnlyMemory<byte> body);

    /// <summary>A writer of frames for one streamed answer to a caller.</summary>
    public abstract ReplyStreamWriter OpenStream(IBufferWriter<byte> output, ReplyContext context);

    /// <summary>Writes a whole answer for a caller.</summary>
    public abstract void WriteReply(ChatReply reply, IBufferWriter<byte> output, ReplyContext context);
}

/// <summary>
/// Reads the frames of one upstream's answer: what it says goes to a sink, what it says of itself (usage, errors, its end) stays with the
/// reader. A frame that cannot be read is counted and skipped.
/// </summary>
public abstract class ChatReplyReader
{
    private byte[]? _joined;
    private byte[]? _text;

    /// <summary>
    /// What callers of other dialects must get as an error though the upstream calls it an answer, such as a prompt that Gemini blocked.
    /// </summary>
    public RelayFault? Fault { get; private protected set; }

    /// <summary>What the upstream reported so far.</summary>
    public abstract Usage Usage { get; }

    /// <summary>See <see cref="StreamTap.UsageComplete"/>.</summary>
    public bool UsageComplete { get; private protected set; }

    /// <summary>The first error inside the answer.</summary>
    public RelayFault? Error { get; private protected set; }

    /// <summary>The last frame of the dialect has come; choices may have finished before.</summary>
    public bool Ended { get; private protected set; }

    /// <summary>The upstream has done something for its money that is told to nobody.</summary>
    public bool Worked { get; private protected set; }

    public int MalformedFrames { get; private set; }

    /// <summary>What the frame that is being read means besides what the sink is told.</summary>
    private protected FrameKind Kind { get; set; }

    /// <summary>Reads one frame.</summary>
    /// <param name="frame">One raw frame of <see cref="SseFrameBuffer"/>.</param>
    /// <param name="sink">Is told what the frame says.</param>
    /// <returns>What the frame means; content that the sink is told is not in it.</returns>
    public FrameKind Read(ReadOnlySpan<byte> frame, ReplySink sink)
    {
        var sse = SseFrame.Read(frame, ref _joined);
        var data = sse.Data.Trim(" \t\r\n"u8);
        if (data.IsEmpty)
        {
            return FrameKind.None;
        }

        if (data.SequenceEqual("[DONE]"u8))
        {
            Ended |= Error is null;
            return FrameKind.Terminal;
        }

        // Also a frame that broke off in the middle is told from a whole one: half of it must not be passed on.
        var json = JsonText.Repair(data);
        if (json.Length < 2 || json[0] != (byte)'{' || json[^1] != (byte)'}')
        {
            MalformedFrames++;
            return FrameKind.Malformed;
        }

        Kind = FrameKind.None;
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 256 });
            reader.Read();
            ReadEvent(ref reader, json, sse.Event, sink);
            return Kind;
        }
        catch (JsonException)
        {
            MalformedFrames++;
            return FrameKind.Malformed;
        }
    }

    /// <summary>Reads one document; the reader stands on its opening brace.</summary>
    /// <param name="reader">Over <paramref name="json"/>.</param>
    /// <param name="json">The data of the frame.</param>
    /// <param name="name">Name of the event; empty when the frame has none.</param>
    /// <param name="sink">Is told what the document says.</param>
    private protected abstract void ReadEvent(
        ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ReadOnlySpan<byte> name, ReplySink sink);

    /// <summary>Notes an error inside the answer; an empty one takes the words of the whole document.</summary>
    private protected void Fail(ReadOnlySpan<byte> error, ReadOnlySpan<byte> json)
    {
        Error ??= UpstreamError.InBand(error.IsEmpty ? json : error);
        Kind = FrameKind.Error;
    }

    /// <summary>The current string, escapes resolved; valid until the next call. Empty for anything else.</summary>
    private protected ReadOnlySpan<byte> TextOf(scoped ref Utf8JsonReader reader) => JsonText.Utf8Of(ref reader, ref _text);
}

/// <summary>Writes frames of a caller's dialect as it is told what the answer says.</summary>
public abstract class ReplyStreamWriter : ReplySink
{
    /// <summary>The terminal events, once: whatever is still open is closed, in the order that the dialect's clients demand.</summary>
    /// <param name="usage">The usage as metered: reported by the upstream, or estimated.</param>
    public abstract void End(in Usage usage);

    /// <summary>Number of the next event, where the dialect numbers them.</summary>
    public virtual long NextSequence => 0;

    /// <summary>The answer broke off and its error frame is written: what the dialect's clients expect after it, if anything.</summary>
    public virtual void Broken(RelayFault fault)
    {
    }
}

/// <summary>What an answer to a caller needs to know of the call.</summary>
/// <param name="RequestId">The gateway's id of the call; ids that the upstream does not give are made of it.</param>
/// <param name="Model">The model to name where the upstream names none.</param>
/// <param name="Created">Seconds since 1970, where the upstream says nothing.</param>
/// <param name="IncludeUsage">OpenAI's <c>stream_options.include_usage</c>; null when not said.</param>
/// <param name="PromptEstimate">Prompt tokens, roughly: for dialects that tell them before the upstream has.</param>
public sealed record ReplyContext(string RequestId, string Model, long Created, bool? IncludeUsage, long PromptEstimate)
{
    /// <summary>Names of the request's custom tools (<see cref="ChatTool.IsCustom"/>): calls of them are told as such.</summary>
    public IReadOnlyCollection<string> CustomTools { get; init; } = [];

    /// <summary>The request's tools in namespaces (<see cref="ChatRequest.Qualified"/>): calls of them are told as such.</summary>
    public IReadOnlyDictionary<string, QualifiedName> Qualified { get; init; } = ReadOnlyDictionary<string, QualifiedName>.Empty;
}

/// <summary>What an upstream understands beyond its dialect, as far as codecs care; rows of its provider profile decide.</summary>
public readonly record struct UpstreamTraits
{
    /// <summary>Knows <c>stream_options.include_usage</c>.</summary>
    public bool StreamOptions { get; init; }

    /// <summary>Wants <c>max_tokens</c> rather than <c>max_completion_tokens</c>.</summary>
    public bool MaxTokensOnly { get; init; }

    /// <summary><c>max_tokens</c> where the dialect demands one and the caller gave none.</summary>
    public long DefaultMaxTokens { get; init; }

    /// <summary>Takes Anthropic's <c>cache_control</c> and <c>reasoning</c> inside OpenAI chat (OpenRouter).</summary>
    public bool OpenRouter { get; init; }

    /// <summary>Options of Gemini upstreams: safety settings, thinking by suffix, signatures; null sends none of them.</summary>
    public GeminiSettings? Gemini { get; init; }

    /// <summary>Takes the thoughts of earlier turns back inside OpenAI chat (<c>reasoning_content</c>); others refuse the member.</summary>
    public bool TakesReasoning { get; init; }

    /// <summary>Refuses an earlier tool call without the thoughts before it, be they empty.</summary>
    public bool NeedsReasoning { get; init; }

    /// <summary>Optional members that the channel does not let through.</summary>
    public RequestFields Removed { get; init; }
}

/// <summary>A request that cannot be translated; the message is for the caller and repeats nothing of the prompt.</summary>
public sealed class TranslationException(string message) : Exception(message)
{
    internal static TranslationException NotUnicode => new("The request contains text that is not valid Unicode.");

    public RelayFault ToFault() => new(400, "convert_request_failed", Message) { Type = "invalid_request_error", Final = true };
}
