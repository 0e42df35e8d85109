using System.Text.Json;
using NewApi.Domain;
using NewApi.Domain.Tokens;
using NewApi.Protocols.Anthropic;
using NewApi.Protocols.Gemini;
using NewApi.Protocols.OpenAI;

namespace NewApi.Protocols;

/// <summary>
/// Watches the frames of one upstream's answer as they pass and keeps the facts: usage, whether content came, how it ended. The state
/// is of constant size, however long the stream. Whole (buffered) answers are read by the same code.
/// </summary>
public abstract class StreamTap
{
    private const int LongestName = 256;

    private byte[]? _joined;
    private byte[]? _text;
    private TokenEstimate _estimate;
    private TextTally? _tally;

    private protected StreamTap()
    {
    }

    /// <summary>What the upstream reported so far. Both totals zero means that it does not count, and reads as not reported.</summary>
    public abstract Usage Usage { get; }

    /// <summary>
    /// The usage is the upstream's final word. False while Anthropic's closing event is missing: its opening event carries input figures,
    /// and a placeholder for the output.
    /// </summary>
    public bool UsageComplete { get; private protected set; }

    /// <summary>Content, reasoning or a tool call has been seen.</summary>
    public bool Delivered { get; private protected set; }

    /// <summary>The answer reached its end: a finish reason or the terminal frame was seen. Usage may still follow.</summary>
    public bool Finished { get; private protected set; }

    /// <summary>The first error inside the answer.</summary>
    public RelayFault? Error { get; private protected set; }

    /// <summary>The last finish reason, in the words of the dialect.</summary>
    public string? FinishReason { get; private protected set; }

    public int ToolCalls { get; private protected set; }

    public int MalformedFrames { get; private set; }

    /// <summary>Pictures in the answer.</summary>
    public int Images { get; private protected set; }

    /// <summary>UTF-8 bytes of the content, reasoning and tool calls that came.</summary>
    public long DeliveredBytes { get; private set; }

    /// <summary>
    /// The same in tokens, estimated, seven more for each tool call: for upstreams that report nothing (specification: billing §9).
    /// Error texts are never in it.
    /// </summary>
    public long EstimatedOutput => _estimate.Total + (7L * ToolCalls);

    /// <summary>Id of the answer, as the upstream gave it.</summary>
    public string? ReplyId { get; private set; }

    /// <summary>Model as the upstream names it in the answer.</summary>
    public string? ReplyModel { get; private set; }

    /// <summary><c>created</c> of OpenAI answers, in seconds since 1970; 0 when absent.</summary>
    public long Created { get; private protected set; }

    /// <summary>The sequence number that the next event of a Responses stream should bear.</summary>
    public long NextSequence { get; private protected set; }

    /// <summary>A whole answer, whose figures are final, rather than frames.</summary>
    internal bool IsWhole { get; init; }

    /// <summary>Off where only reported usage matters.</summary>
    internal bool CountsText { get; init; } = true;

    /// <summary>A tap for one stream.</summary>
    /// <param name="dialect">The upstream's dialect.</param>
    /// <param name="family">Whose tokens <see cref="EstimatedOutput"/> estimates.</param>
    public static StreamTap Create(Dialect dialect, TokenFamily family = TokenFamily.Other) =>
        Create(dialect, family, whole: false, countsText: true);

    internal static StreamTap Create(Dialect dialect, TokenFamily family, bool whole, bool countsText, TextTally? tally = null)
    {
        StreamTap tap = dialect switch
        {
            Dialect.OpenAIChat or Dialect.OpenAICompletions or Dialect.OpenAIEmbeddings => new OpenAITap { IsWhole = whole, CountsText = countsText },
            Dialect.AnthropicMessages => new AnthropicTap { IsWhole = whole, CountsText = countsText },
            Dialect.GeminiContent => new GeminiTap { IsWhole = whole, CountsText = countsText },
            Dialect.OpenAIResponses => new ResponsesTap { IsWhole = whole, CountsText = countsText },
            _ => new DocumentTap(dialect) { IsWhole = whole, CountsText = countsText },
        };
        tap._estimate = new TokenEstimate(family);
        tap._tally = tally;
        return tap;
    }

    /// <summary>Takes note of one raw frame of <see cref="SseFrameBuffer"/>.</summary>
    public FrameKind Observe(ReadOnlySpan<byte> frame)
    {
        var sse = SseFrame.Read(frame, ref _joined);
        var data = sse.Data.Trim(" \t\r\n"u8);
        if (data.IsEmpty)
        {
            return FrameKind.None;
        }

        if (data.SequenceEqual("[DONE]"u8))
        {
            Finished |= Error is null;
            return FrameKind.Terminal;
        }

        return ObserveJson(data, sse.Event);
    }

    /// <summary>Takes note of one JSON document: the data of a frame, or a whole answer.</summary>
    internal FrameKind ObserveJson(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name)
    {
        var (delivered, finished, calls, bytes, estimate) = (Delivered, Finished, ToolCalls, DeliveredBytes, _estimate);
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 256 });
            reader.Read();
            var kind = Read(ref reader, json, name);
            if ((kind & FrameKind.Malformed) != 0)
            {
                MalformedFrames++;
            }

            return kind;
        }
        catch (JsonException)
        {
            // What a broken frame seemed to say does not count.
            (Delivered, Finished, ToolCalls, DeliveredBytes, _estimate) = (delivered, finished, calls, bytes, estimate);
            MalformedFrames++;
            return FrameKind.Malformed;
        }
    }

    /// <summary>Reads one document; the reader stands on its first token, and must be read to its end.</summary>
    private protected abstract FrameKind Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ReadOnlySpan<byte> name);

    /// <summary>Counts the current string as delivered; returns whether there was text in it.</summary>
    private protected bool Deliver(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String || reader.ValueSpan.IsEmpty)
        {
            reader.Skip();
            return false;
        }

        Delivered = true;
        Count(reader.ValueSpan, reader.ValueIsEscaped);
        return true;
    }

    /// <summary>Counts text that the model has produced.</summary>
    private protected void Count(ReadOnlySpan<byte> raw, bool escaped)
    {
        if (!CountsText)
        {
            return;
        }

        if (!escaped)
        {
            Tally(raw);
            return;
        }

        if (raw.Length <= 256)
        {
            Span<byte> small = stackalloc byte[256];
            Tally(small[..JsonText.Decode(raw, small)]);
            return;
        }

        if (_text is null || _text.Length < raw.Length)
        {
            _text = new byte[raw.Length];
        }

        Tally(_text.AsSpan(0, JsonText.Decode(raw, _text)));
    }

    private void Tally(ReadOnlySpan<byte> utf8)
    {
        DeliveredBytes += utf8.Length;
        if (_tally is null)
        {
            _estimate.Add(utf8);
        }
        else
        {
            _tally.Text(utf8);
        }
    }

    private protected void NoteId(ref Utf8JsonReader reader)
    {
        if (ReplyId is null && IsShortText(reader))
        {
            ReplyId = JsonText.ToText(reader.ValueSpan, reader.ValueIsEscaped);
        }

        reader.Skip();
    }

    private protected void NoteModel(ref Utf8JsonReader reader)
    {
        if (ReplyModel is null && IsShortText(reader))
        {
            ReplyModel = JsonText.ToText(reader.ValueSpan, reader.ValueIsEscaped);
        }

        reader.Skip();
    }

    /// <summary>Takes a finish reason; returns whether there was one.</summary>
    private protected bool NoteFinish(ref Utf8JsonReader reader)
    {
        if (!IsShortText(reader))
        {
            reader.Skip();
            return false;
        }

        FinishReason = JsonFields.Word(ref reader);
        Finished = true;
        return true;
    }

    private static bool IsShortText(in Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.String && reader.ValueSpan.Length is > 0 and <= LongestName;
}
