using NewApi.Domain;
using NewApi.Protocols;
using NewApi.RelayService.Channels;

namespace NewApi.RelayService.Upstream;

/// <summary>
/// An attempt that answered: headers are in, and of a stream the first meaningful event too. Nothing has been sent to the caller yet, so
/// it is also where an attempt that turned out useless ends without a trace.
/// </summary>
internal sealed class Exchange(Channel channel, ChannelKey key, CancellationTokenSource deadline) : IDisposable
{
    public Channel Channel => channel;

    public ChannelKey Key => key;

    /// <summary>Fires when the caller leaves or a timeout of this attempt has passed.</summary>
    public CancellationTokenSource Deadline => deadline;

    public HttpResponseMessage? Response { get; set; }

    public Stream? Body { get; set; }

    /// <summary>The whole answer, when it is not a stream.</summary>
    public PooledBuffer? Buffered { get; set; }

    public ReplyFacts Facts { get; set; }

    /// <summary>What has been read of a stream and not been sent on.</summary>
    public SseFrameBuffer? Frames { get; set; }

    public StreamTap? Tap { get; set; }

    /// <summary>Events that came before the first meaningful one, together with it: the first bytes that the caller gets.</summary>
    public PooledBuffer? Lead { get; set; }

    /// <summary>The stream has ended already.</summary>
    public bool EndOfStream { get; set; }

    /// <summary>The lead holds the terminal event.</summary>
    public bool Terminal { get; set; }

    /// <summary>Why the attempt is useless; null when the answer can be sent on.</summary>
    public RelayFault? Fault { get; set; }

    public void Dispose()
    {
        Frames?.Dispose();
        Lead?.Dispose();
        Buffered?.Dispose();
        Response?.Dispose();
        deadline.Dispose();
    }
}
