using System.Buffers;
using NewApi.Domain;

namespace NewApi.Protocols.Canonical;

/// <summary>Turns the frames of one upstream's answer into those of its caller's dialect, as they come; it keeps nothing of them.</summary>
public sealed class StreamTranslator
{
    private readonly ChatReplyReader _reader;
    private readonly ReplyStreamWriter _writer;
    private bool _ended;

    /// <param name="upstream">What the frames are written in.</param>
    /// <param name="caller">What the caller reads.</param>
    /// <param name="output">Receives whole frames.</param>
    /// <param name="context">What the call knows.</param>
    public StreamTranslator(Dialect upstream, Dialect caller, IBufferWriter<byte> output, ReplyContext context)
    {
        _reader = Translations.CodecOf(upstream).OpenReader();
        _writer = Translations.CodecOf(caller).OpenStream(output, context);
    }

    /// <summary>Translates one frame into none, one or several.</summary>
    public void Write(ReadOnlySpan<byte> frame) => _reader.Read(frame, _writer);

    /// <summary>Writes the terminal events; a second call does nothing.</summary>
    public void End(in Usage usage)
    {
        if (!_ended)
        {
            _ended = true;
            _writer.End(usage);
        }
    }
}
