using System.Buffers;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Gemini;

/// <summary>Gemini's <c>generateContent</c> and <c>streamGenerateContent</c> (specification: relay §5.4, §5.7).</summary>
internal sealed class GeminiCodec : ChatCodec
{
    public override Dialect Dialect => Dialect.GeminiContent;

    public override ChatRequest ReadRequest(JsonElement body, string model, bool stream)
    {
        try
        {
            return GeminiRequestReader.Read(body, model, stream);
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
            GeminiRequestWriter.Write(request, output, traits);
        }
        catch (Exception broken) when (broken is InvalidOperationException or ArgumentException)
        {
            // The same in what is handed on unread, such as schemas.
            throw TranslationException.NotUnicode;
        }
    }

    public override ChatReplyReader OpenReader() => new GeminiReplyReader();

    /// <summary>Reads an answer, or the array of chunks that a stream without <c>alt=sse</c> is.</summary>
    public override ChatReply ReadReply(ReadOnlyMemory<byte> body)
    {
        var collector = new ReplyCollector();
        var answer = new GeminiReplyReader();
        var json = JsonText.Repair(body.Span);
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 256 });
        reader.Read();
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
            {
                answer.ReadDocument(ref reader, json, collector);
            }
        }
        else if (reader.TokenType == JsonTokenType.StartObject)
        {
            answer.ReadDocument(ref reader, json, collector);
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
