using NewApi.Domain;
using NewApi.Domain.Tokens;

namespace NewApi.Protocols;

/// <summary>
/// Watches the frames of one upstream's answer as they pass and keeps the facts: usage, whether content came, how it ended. The state
/// is of constant size, however long the stream. What passes as it is, is watched by a <see cref="FrameTap"/>; what is told anew, by the
/// <see cref="Canonical.StreamTranslator"/> that reads it anyway.
/// </summary>
public abstract class StreamTap
{
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

    public int MalformedFrames { get; private protected set; }

    /// <summary>Pictures in the answer.</summary>
    public int Images { get; private protected set; }

    /// <summary>UTF-8 bytes of the content, reasoning and tool calls that came.</summary>
    public long DeliveredBytes { get; private protected set; }

    /// <summary>
    /// The same in tokens, estimated, seven more for each tool call: for upstreams that report nothing (specification: billing §9).
    /// Error texts are never in it.
    /// </summary>
    public long EstimatedOutput => Estimated.Total + (7L * ToolCalls);

    /// <summary>Id of the answer, as the upstream gave it.</summary>
    public string? ReplyId { get; private protected set; }

    /// <summary>Model as the upstream names it in the answer.</summary>
    public string? ReplyModel { get; private protected set; }

    /// <summary><c>created</c> of OpenAI answers, in seconds since 1970; 0 when absent.</summary>
    public long Created { get; private protected set; }

    /// <summary>The sequence number that the next event of a Responses stream should bear.</summary>
    public long NextSequence { get; private protected set; }

    /// <summary>What was delivered, in tokens without calls.</summary>
    private protected TokenEstimate Estimated;

    /// <summary>A tap for one stream.</summary>
    /// <param name="dialect">The upstream's dialect.</param>
    /// <param name="family">Whose tokens <see cref="EstimatedOutput"/> estimates.</param>
    public static StreamTap Create(Dialect dialect, TokenFamily family = TokenFamily.Other) =>
        FrameTap.Create(dialect, family, whole: false, countsText: true);

    /// <summary>Takes note of one raw frame of <see cref="SseFrameBuffer"/>.</summary>
    public abstract FrameKind Observe(ReadOnlySpan<byte> frame);

    /// <summary>Counts text as delivered.</summary>
    private protected void Tally(ReadOnlySpan<byte> utf8)
    {
        DeliveredBytes += utf8.Length;
        Estimated.Add(utf8);
    }
}
