using System.Buffers;
using NewApi.Domain;

namespace NewApi.Protocols.Canonical;

/// <summary>Turns the frames of one upstream's answer into those of its caller's dialect, as they come; it keeps nothing of them.</summary>
public sealed class StreamTranslator
{
    private readonly ChatReplyReader _reader;
    private readonly ReplyStreamWriter _writer;
    private readonly ReplySink _sink;
    private readonly IBufferWriter<byte> _output;
    private readonly Dialect _caller;
    private readonly string _requestId;
    private bool _ended;

    /// <param name="upstream">What the frames are written in.</param>
    /// <param name="caller">What the caller reads.</param>
    /// <param name="output">Receives whole frames.</param>
    /// <param name="context">What the call knows.</param>
    /// <param name="thoughtsAsText">Thoughts are told as text in tags.</param>
    public StreamTranslator(Dialect upstream, Dialect caller, IBufferWriter<byte> output, ReplyContext context, bool thoughtsAsText = false)
    {
        _reader = Translations.CodecOf(upstream).OpenReader();
        _writer = Translations.CodecOf(caller).OpenStream(output, context);
        _sink = thoughtsAsText ? new ThoughtsAsText(_writer) : _writer;
        (_output, _caller, _requestId) = (output, caller, context.RequestId);
    }

    /// <summary>See <see cref="ChatReplyReader.Fault"/>: as long as no frame went out, the call may still be answered by an error.</summary>
    public RelayFault? Fault => _reader.Fault;

    /// <summary>Translates one frame into none, one or several.</summary>
    public void Write(ReadOnlySpan<byte> frame) => _reader.Read(frame, _sink);

    /// <summary>Writes the terminal events; a second call does nothing.</summary>
    public void End(in Usage usage)
    {
        if (!_ended)
        {
            _ended = true;
            _writer.End(usage);
        }
    }

    /// <summary>Says in the stream that it broke, in place of the terminal events.</summary>
    public void Fail(RelayFault fault)
    {
        if (!_ended)
        {
            _ended = true;
            StreamEnd.WriteError(_output, _caller, fault, _requestId, _writer.NextSequence);
            _writer.Broken(fault);
        }
    }
}
