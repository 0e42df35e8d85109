using System.Buffers;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.OpenAI;

/// <summary>OpenAI's <c>/v1/responses</c> (specification: relay §5.6).</summary>
internal sealed class ResponsesCodec : ChatCodec
{
    public override Dialect Dialect => Dialect.OpenAIResponses;

    public override ChatRequest ReadRequest(JsonElement body, string model, bool stream)
    {
        try
        {
            return ResponsesRequestReader.Read(body, model, stream);
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate shows only when a text is read.
            throw TranslationException.NotUnicode;
        }
    }

    public override void WriteRequest(ChatRequest request, IBufferWriter<byte> output, in UpstreamTraits traits)
    {
        try
        {
            ResponsesRequestWriter.Write(request, output, traits);
        }
        catch (Exception broken) when (broken is InvalidOperationException or ArgumentException)
        {
            // The same in what is handed on unread, such as schemas.
            throw TranslationException.NotUnicode;
        }
    }

    public override ChatReplyReader OpenReader() => new ResponsesReplyReader();

    public override ChatReply ReadReply(ReadOnlyMemory<byte> body)
    {
        var collector = new ReplyCollector();
        new ResponsesReplyReader().ReadResponse(JsonText.Repair(body.Span), collector, complete: true);
        return collector.Reply;
    }

    public override ReplyStreamWriter OpenStream(IBufferWriter<byte> output, ReplyContext context) =>
        new ResponsesStreamWriter(output, context);

    public override void WriteReply(ChatReply reply, IBufferWriter<byte> output, ReplyContext context)
    {
        var writer = new ResponsesStreamWriter(new Nowhere(), context);
        reply.Replay(writer);
        writer.WriteWhole(output, reply.Usage);
    }

    /// <summary>Takes the events that nobody asked for.</summary>
    private sealed class Nowhere : IBufferWriter<byte>
    {
        private byte[] _buffer = new byte[1024];

        public void Advance(int count)
        {
        }

        public Memory<byte> GetMemory(int sizeHint = 0) => Room(sizeHint);

        public Span<byte> GetSpan(int sizeHint = 0) => Room(sizeHint);

        private byte[] Room(int sizeHint)
        {
            if (_buffer.Length < sizeHint)
            {
                _buffer = new byte[sizeHint];
            }

            return _buffer;
        }
    }
}
