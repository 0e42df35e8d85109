using System.Numerics;
using NewApi.Domain;
using NewApi.Domain.Tokens;

namespace NewApi.Protocols;

/// <summary>
/// Watches the frames of one upstream's answer as they pass and keeps the facts: usage, whether content came, how it ended. The state
/// is of bounded size, however long the stream. What passes as it is, is watched by a <see cref="FrameTap"/>; what is told anew, by the
/// <see cref="Canonical.StreamTranslator"/> that reads it anyway.
/// </summary>
public abstract class StreamTap
{
    /// <summary>Bytes of an answer's beginning that are kept, at the most.</summary>
    public const int MostKept = 16 * 1024;

    private const int FirstKept = 1024;

    private byte[] _kept = [];
    private long _estimateOfKept;

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

    /// <summary>
    /// The beginning of what was delivered, for a count of its tokens should the upstream report none; empty where the tap was not made to
    /// keep it. UTF-8, perhaps cut inside its last character.
    /// </summary>
    public ReadOnlySpan<byte> KeptText => _kept.AsSpan(0, (int)Math.Min(DeliveredBytes, _kept.Length));

    /// <summary>Tokens of what came after <see cref="KeptText"/>, estimated, without the weight of tool calls.</summary>
    public long EstimatedRest => !KeepsText ? Estimated.Total : DeliveredBytes <= MostKept ? 0 : Estimated.Total - _estimateOfKept;

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

    /// <summary>Whether <see cref="KeptText"/> is kept.</summary>
    private protected bool KeepsText;

    /// <summary>A tap for one stream.</summary>
    /// <param name="dialect">The upstream's dialect.</param>
    /// <param name="family">Whose tokens <see cref="EstimatedOutput"/> estimates.</param>
    /// <param name="keepsText">Keep <see cref="KeptText"/>.</param>
    public static StreamTap Create(Dialect dialect, TokenFamily family = TokenFamily.Other, bool keepsText = false)
    {
        var tap = FrameTap.Create(dialect, family, whole: false, countsText: true);
        tap.KeepsText = keepsText;
        return tap;
    }

    /// <summary>Takes note of one raw frame of <see cref="SseFrameBuffer"/>.</summary>
    public abstract FrameKind Observe(ReadOnlySpan<byte> frame);

    /// <summary>Counts text as delivered.</summary>
    private protected void Tally(ReadOnlySpan<byte> utf8)
    {
        if (KeepsText && DeliveredBytes < MostKept)
        {
            utf8 = Keep(utf8);
        }
        DeliveredBytes += utf8.Length;
        Estimated.Add(utf8);
    }

    /// <summary>Keeps as much as there is room for, and returns what there is none for.</summary>
    private ReadOnlySpan<byte> Keep(ReadOnlySpan<byte> utf8)
    {
        // Where the text ends is known by what was delivered: a frame that is taken back takes its text along.
        var start = (int)DeliveredBytes;
        var text = utf8[..Math.Min(utf8.Length, MostKept - start)];
        var end = start + text.Length;
        if (_kept.Length < end)
        {
            Array.Resize(ref _kept, Math.Max(FirstKept, (int)BitOperations.RoundUpToPowerOf2((uint)end)));
        }
        text.CopyTo(_kept.AsSpan(start));
        DeliveredBytes = end;
        Estimated.Add(text);
        if (end == MostKept)
        {
            _estimateOfKept = Estimated.Total;
        }
        return utf8[text.Length..];
    }
}
