using System.Text.Json;
using NewApi.Domain;
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
    private byte[]? _joined;

    private protected StreamTap()
    {
    }

    /// <summary>What the upstream reported so far, the largest figure per member.</summary>
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

    /// <summary>UTF-8 bytes of the content, reasoning and tool calls that came.</summary>
    public long DeliveredBytes { get; private set; }

    /// <summary>Id of the answer, when it has a short one.</summary>
    public string? ReplyId { get; private protected set; }

    /// <summary>Model as the upstream names it in the answer.</summary>
    public string? ReplyModel { get; private protected set; }

    /// <summary><c>created</c> of OpenAI answers, in seconds since 1970; 0 when absent.</summary>
    public long Created { get; private protected set; }

    /// <summary>The sequence number that the next event of a Responses stream should bear.</summary>
    public long NextSequence { get; private protected set; }

    public static StreamTap Create(Dialect dialect) => dialect switch
    {
        Dialect.AnthropicMessages => new AnthropicTap(),
        Dialect.GeminiContent => new GeminiTap(),
        Dialect.OpenAIResponses => new ResponsesTap(),
        _ => new OpenAITap(),
    };

    /// <summary>Takes note of one raw frame of <see cref="SseFrameBuffer"/>.</summary>
    public FrameKind Observe(ReadOnlySpan<byte> frame)
    {
        var sse = SseFrame.Read(frame, ref _joined);
        if (!sse.HasData)
        {
            return FrameKind.None;
        }

        var data = sse.Data.Trim(" \t\r\n"u8);
        if (data.IsEmpty)
        {
            return FrameKind.None;
        }

        if (data.SequenceEqual("[DONE]"u8))
        {
            Finished = true;
            return FrameKind.Terminal;
        }

        return ObserveJson(data, sse.Event);
    }

    /// <summary>Takes note of one JSON document: the data of a frame, or a whole answer.</summary>
    internal FrameKind ObserveJson(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name)
    {
        try
        {
            return Read(json, name);
        }
        catch (JsonException)
        {
            MalformedFrames++;
            return FrameKind.Malformed;
        }
    }

    private protected abstract FrameKind Read(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name);

    private protected void Count(ReadOnlySpan<byte> text) => DeliveredBytes += text.Length;
}
