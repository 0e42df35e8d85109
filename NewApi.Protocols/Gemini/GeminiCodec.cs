using System.Buffers;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Gemini;

/// <summary>Gemini's <c>generateContent</c> and <c>streamGenerateContent</c> (specification: relay §5.4, §5.7).</summary>
internal sealed class GeminiCodec : ChatCodec
{
    public override Dialect Dialect => Dialect.GeminiContent;

    public override ChatRequest ReadRequest(JsonElement body, string model, bool stream) => GeminiRequestReader.Read(body, model, stream);

    public override void WriteRequest(ChatRequest request, IBufferWriter<byte> output, in UpstreamTraits traits) =>
        GeminiRequestWriter.Write(request, output, traits);

    public override ChatReplyReader OpenReader() => new GeminiReplyReader();

    /// <summary>Reads an answer, or the array of chunks that a stream without <c>alt=sse</c> is.</summary>
    public override ChatReply ReadReply(ReadOnlyMemory<byte> body)
    {
        var collector = new ReplyCollector();
        var answer = new GeminiReplyReader();
        var reader = new Utf8JsonReader(body.Span, new JsonReaderOptions { MaxDepth = 256 });
        reader.Read();
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
            {
                answer.ReadDocument(ref reader, body.Span, collector);
            }
        }
        else if (reader.TokenType == JsonTokenType.StartObject)
        {
            answer.ReadDocument(ref reader, body.Span, collector);
        }
        else
        {
            throw new JsonException("The answer is no object.");
        }

        var reply = collector.Reply;
        reply.Fault = answer.Fault;
        return reply;
    }

    public override ReplyStreamWriter OpenStream(IBufferWriter<byte> output, ReplyContext context) => new GeminiStreamWriter(output, context);

    public override void WriteReply(ChatReply reply, IBufferWriter<byte> output, ReplyContext context) =>
        GeminiReplyWriter.Write(reply, output, context);
}
