using System.Buffers;
using NewApi.Domain;
using NewApi.Domain.Tokens;

namespace NewApi.Protocols.Canonical;

/// <summary>
/// Turns the frames of one upstream's answer into those of its caller's dialect, as they come, and keeps the facts of it on the way: every
/// frame is read once.
/// </summary>
public sealed class StreamTranslator : StreamTap
{
    private readonly ChatReplyReader _reader;
    private readonly ReplyStreamWriter _writer;
    private readonly Meter _meter;
    private readonly IBufferWriter<byte> _output;
    private readonly Dialect _caller;
    private readonly string _requestId;
    private bool _meaningful;
    private bool _ended;

    /// <param name="upstream">What the frames are written in.</param>
    /// <param name="caller">What the caller reads.</param>
    /// <param name="output">Receives whole frames.</param>
    /// <param name="context">What the call knows.</param>
    /// <param name="family">Whose tokens <see cref="StreamTap.EstimatedOutput"/> estimates.</param>
    /// <param name="thoughtsAsText">Thoughts are told as text in tags.</param>
    /// <param name="keepsText">Keep <see cref="StreamTap.KeptText"/>.</param>
    public StreamTranslator(
        Dialect upstream,
        Dialect caller,
        IBufferWriter<byte> output,
        ReplyContext context,
        TokenFamily family = TokenFamily.Other,
        bool thoughtsAsText = false,
        bool keepsText = false)
    {
        _reader = Translations.CodecOf(upstream).OpenReader();
        _writer = Translations.CodecOf(caller).OpenStream(output, context);
        _meter = new Meter(this, thoughtsAsText ? new ThoughtsAsText(_writer) : _writer);
        (_output, _caller, _requestId) = (output, caller, context.RequestId);
        Estimated = new TokenEstimate(family);
        KeepsText = keepsText;
    }

    /// <summary>See <see cref="ChatReplyReader.Fault"/>: as long as no frame went out, the call may still be answered by an error.</summary>
    public RelayFault? Fault => _reader.Fault;

    public override Usage Usage => _reader.Usage;

    /// <summary>Translates one frame into none, one or several.</summary>
    public override FrameKind Observe(ReadOnlySpan<byte> frame)
    {
        _meaningful = false;
        var kind = _reader.Read(frame, _meter);
        UsageComplete = _reader.UsageComplete;
        Error = _reader.Error;
        Finished |= _reader.Ended;
        Delivered |= _reader.Worked;
        MalformedFrames = _reader.MalformedFrames;
        return _meaningful && kind != FrameKind.Malformed ? kind | FrameKind.Meaningful : kind;
    }

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

    /// <summary>Takes note of what is told, and tells it on.</summary>
    private sealed class Meter(StreamTranslator facts, ReplySink inner) : PassingSink(inner)
    {
        public override void Text(int choice, ReadOnlySpan<byte> utf8)
        {
            Note(utf8);
            base.Text(choice, utf8);
        }

        public override void Reasoning(int choice, ReadOnlySpan<byte> utf8)
        {
            Note(utf8);
            base.Reasoning(choice, utf8);
        }

        public override void EncryptedReasoning(int choice, ReadOnlySpan<byte> data)
        {
            Note(default);
            base.EncryptedReasoning(choice, data);
        }

        public override void Refusal(int choice, ReadOnlySpan<byte> utf8)
        {
            Note(utf8);
            base.Refusal(choice, utf8);
        }

        public override void ToolCall(int choice, int call, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name)
        {
            Note(name);
            facts.ToolCalls++;
            base.ToolCall(choice, call, id, name);
        }

        public override void ToolArguments(int choice, int call, ReadOnlySpan<byte> json)
        {
            Note(json);
            base.ToolArguments(choice, call, json);
        }

        public override void Image(int choice, ReadOnlySpan<byte> mimeType, ReadOnlySpan<byte> base64)
        {
            Note(default);
            base.Image(choice, mimeType, base64);
        }

        public override void Audio(int choice, ReadOnlySpan<byte> mimeType, ReadOnlySpan<byte> base64, ReadOnlySpan<byte> transcript)
        {
            Note(transcript);
            base.Audio(choice, mimeType, base64, transcript);
        }

        public override void Finish(int choice, FinishReason reason)
        {
            facts._meaningful = true;
            facts.Finished = true;
            facts.FinishReason = reason.Value;
            base.Finish(choice, reason);
        }

        private void Note(ReadOnlySpan<byte> delivered)
        {
            facts._meaningful = true;
            facts.Delivered = true;
            facts.Tally(delivered);
        }
    }
}
