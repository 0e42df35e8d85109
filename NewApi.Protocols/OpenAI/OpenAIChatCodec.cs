using System.Buffers;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.OpenAI;

/// <summary>OpenAI <c>/v1/chat/completions</c> (specification: relay §5.2, §5.5).</summary>
internal sealed class OpenAIChatCodec : ChatCodec
{
    public override Dialect Dialect => Dialect.OpenAIChat;

    public override ChatRequest ReadRequest(JsonElement body, string model, bool stream) =>
        RequestText.Guard(() => ChatRequestReader.Read(body, model, stream));

    public override void WriteRequest(ChatRequest request, IBufferWriter<byte> output, in UpstreamTraits traits) =>
        ChatRequestWriter.Write(request, output, traits);

    public override ChatReplyReader OpenReader() => new ChatChunkReader();

    public override ChatReply ReadReply(ReadOnlyMemory<byte> body) => ChatCompletion.Read(body);

    public override ReplyStreamWriter OpenStream(IBufferWriter<byte> output, ReplyContext context) => new ChatChunkWriter(output, context);

    public override void WriteReply(ChatReply reply, IBufferWriter<byte> output, ReplyContext context) =>
        ChatCompletion.Write(reply, output, context);
}
