using System.Buffers;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Anthropic;

/// <summary>Anthropic <c>/v1/messages</c> (specification: relay §5.2, §5.3, §5.5).</summary>
internal sealed class AnthropicCodec : ChatCodec
{
    public override Dialect Dialect => Dialect.AnthropicMessages;

    public override ChatRequest ReadRequest(JsonElement body, string model, bool stream) =>
        RequestText.Guard(() => MessagesRequestReader.Read(body, model, stream));

    public override void WriteRequest(ChatRequest request, IBufferWriter<byte> output, in UpstreamTraits traits)
    {
        try
        {
            MessagesRequestWriter.Write(request, output, traits);
        }
        catch (Exception broken) when (broken is InvalidOperationException or ArgumentException)
        {
            // Half a surrogate in what is handed on unread, such as schemas.
            throw TranslationException.NotUnicode;
        }
    }

    public override ChatReplyReader OpenReader() => new MessageEventReader();

    public override ChatReply ReadReply(ReadOnlyMemory<byte> body) => MessageReply.Read(body);

    public override ReplyStreamWriter OpenStream(IBufferWriter<byte> output, ReplyContext context) => new MessageEventWriter(output, context);

    public override void WriteReply(ChatReply reply, IBufferWriter<byte> output, ReplyContext context) =>
        MessageReply.Write(reply, output, context);
}
