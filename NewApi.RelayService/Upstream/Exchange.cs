using System.Buffers;
using NewApi.Domain;
using NewApi.Protocols;
using NewApi.Protocols.Canonical;
using NewApi.Protocols.Sound;
using NewApi.RelayService.Channels;

namespace NewApi.RelayService.Upstream;

/// <summary>
/// An attempt that answered: headers are in, and of a stream the first meaningful event too. Nothing has been sent to the caller yet, so
/// it is also where an attempt that turned out useless ends without a trace.
/// </summary>
internal sealed class Exchange : IDisposable
{
    private readonly CancellationTokenRegistration _leaving;

    public Exchange(Attempt attempt, CancellationToken aborted)
    {
        Attempt = attempt;
        attempt.Channel.Latency.Began();
        _leaving = aborted.UnsafeRegister(static state => ((Exchange)state!).CallerLeft(), this);
    }

    public Attempt Attempt { get; }

    public Channel Channel => Attempt.Channel;

    /// <summary>Fires when the caller leaves or a timeout of this attempt has passed.</summary>
    public CancellationTokenSource Deadline { get; } = new();

    /// <summary>When set, a caller who leaves does not end the attempt at once.</summary>
    public DrainLimit? Drain { get; set; }

    /// <summary>The upstream's name of the model.</summary>
    public string Model { get; set; } = "";

    /// <inheritdoc cref="OutgoingRequest.Effort"/>
    public string? Effort { get; set; }

    /// <inheritdoc cref="OutgoingRequest.Overridden"/>
    public IReadOnlyList<string>? Overridden { get; set; }

    /// <summary>Timestamp of the first event, or of the whole answer.</summary>
    public long FirstByteAt { get; set; }

    public HttpResponseMessage? Response { get; set; }

    public Stream? Body { get; set; }

    /// <summary>What the upstream answers in.</summary>
    public Dialect Dialect { get; set; }

    /// <summary>The answer is a chat and not passed on but told anew: in another dialect, or in the same as the channel wants it.</summary>
    public bool Retold { get; set; }

    /// <summary>Thoughts in the answer become text.</summary>
    public bool ThoughtsAsText { get; set; }

    /// <summary>The whole answer, when it is not a stream.</summary>
    public PooledBuffer? Buffered { get; set; }

    /// <summary>The whole answer, read, when it has to be told anew.</summary>
    public ChatReply? Reply { get; set; }

    /// <summary>Tells the whole answer in the caller's dialect when it is no chat; null for all others.</summary>
    public DocumentTranslation? Document { get; set; }

    /// <summary>What it told.</summary>
    public PooledBuffer? Told { get; set; }

    public ReplyFacts Facts { get; set; }

    /// <summary>What has been read of a stream and not been sent on.</summary>
    public SseFrameBuffer? Frames { get; set; }

    public StreamTap? Tap { get; set; }

    /// <summary>Events that came before the first meaningful one, together with it: the first bytes that the caller gets.</summary>
    public PooledBuffer? Lead { get; set; }

    /// <summary>The tap, where it is one that tells the stream anew, into the lead; null when it passes as it is.</summary>
    public StreamTranslator? Translator => Tap as StreamTranslator;

    /// <summary>Measures an answer that is sound, whose first bytes are in the lead; null for all others.</summary>
    public SoundMeter? Sound { get; set; }

    /// <summary>The stream has ended already.</summary>
    public bool EndOfStream { get; set; }

    /// <summary>The lead holds the terminal event.</summary>
    public bool Terminal { get; set; }

    /// <summary>Why the attempt is useless; null when the answer can be sent on.</summary>
    public RelayFault? Fault { get; set; }

    /// <summary>The same as the upstream reported it, before statuses are mapped.</summary>
    public RelayFault? RawFault { get; set; }

    /// <summary>Adds one event of the upstream, which the tap has seen, to the lead; a translator has put it there already.</summary>
    public void Pass(ReadOnlySpan<byte> frame)
    {
        if (Translator is null)
        {
            Lead!.Write(frame);
        }
    }

    /// <summary>The same for a last event that the upstream forgot to end.</summary>
    public void PassRest(ReadOnlySpan<byte> rest)
    {
        if (Translator is null)
        {
            Lead!.Write(rest);
            Lead!.Write("\n\n"u8);
        }
    }

    /// <summary>Lets go of an upstream that would go on with its answer for nobody; what has been read of it stays.</summary>
    public void HangUp() => Response?.Dispose();

    public void Dispose()
    {
        // Waits for a caller's leaving that is being handled.
        _leaving.Dispose();
        Attempt.Channel.Latency.Ended();
        Frames?.Dispose();
        Lead?.Dispose();
        Buffered?.Dispose();
        Told?.Dispose();
        Response?.Dispose();
        Deadline.Dispose();
    }

    private void CallerLeft()
    {
        if (Drain is { } limit)
        {
            Deadline.CancelAfter(limit.Time);
        }
        else
        {
            Deadline.Cancel();
        }
    }
}
