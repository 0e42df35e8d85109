using System.Buffers;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Providers.Answers;

/// <summary>
/// A provider whose chat format is its own: the caller's OpenAI chat goes through the canonical model into it, and the answer comes back
/// the same way, while it flows. What else the provider speaks goes by the rows.
/// </summary>
internal abstract class OwnChatAdapter : ProviderAdapter
{
    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = 256 };

    /// <summary>The request as the provider wants it, credential included.</summary>
    protected abstract ValueTask<HttpRequestMessage> WriteAsync(
        ChatRequest request, UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel);

    protected abstract OwnReplyReader OpenReader(UpstreamMessage message);

    /// <summary>The pieces of a streamed answer; server-sent events unless the provider frames otherwise.</summary>
    protected virtual IAsyncEnumerable<SseItem<JsonElement>> PiecesOf(Stream body, CancellationToken cancel) => Answer.EventsOf(body, cancel);

    /// <summary>Dialects besides chat that rows cannot serve.</summary>
    protected virtual Task<HttpResponseMessage> SendOtherAsync(UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel) =>
        SendByRowsAsync(message, http, cancel);

    public override async Task<HttpResponseMessage> SendAsync(UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (message.Dialect != Dialect.OpenAIChat)
        {
            return await SendOtherAsync(message, http, cancel);
        }
        using var request = await WriteAsync(ReadRequest(message), message, http, cancel);
        var response = await http.SendAsync(request, cancel);
        if (!response.IsSuccessStatusCode)
        {
            return response;
        }
        return await AnswerAsync(message, response, cancel);
    }

    protected static ChatRequest ReadRequest(UpstreamMessage message)
    {
        using var body = JsonDocument.Parse(message.Body, Deep);
        var request = Translations.CodecOf(Dialect.OpenAIChat).ReadRequest(body.RootElement.Clone(), message.Model, message.Stream);
        request.Model = message.Model;
        request.Stream = message.Stream;
        return request;
    }

    /// <summary>Tells the provider's answer in OpenAI's words.</summary>
    protected async Task<HttpResponseMessage> AnswerAsync(UpstreamMessage message, HttpResponseMessage response, CancellationToken cancel)
    {
        var reader = OpenReader(message);
        if (message.Stream && response.Content.Headers.ContentType?.MediaType is not "application/json")
        {
            var source = response.Content;
            var body = await source.ReadAsStreamAsync(cancel);
            return Answer.Events(response, TellAsync(PiecesOf(body, cancel), reader, ContextOf(message), cancel), source, cancel);
        }
        try
        {
            var collector = new ReplyCollector();
            reader.Read("message", await Answer.ReadJsonAsync(response, cancel), collector);
            return message.Stream
                ? Answer.Events(response, Played(collector.Reply, reader.Usage, message))
                : Answer.Whole(response, Written(collector.Reply, reader.Usage, message));
        }
        catch (UpstreamRefusal refusal)
        {
            return Answer.Refusal(response, refusal);
        }
    }

    protected static ReadOnlyMemory<byte> Written(ChatReply reply, in Usage usage, UpstreamMessage message)
    {
        reply.Usage = usage;
        var output = new ArrayBufferWriter<byte>();
        Translations.CodecOf(Dialect.OpenAIChat).WriteReply(reply, output, ContextOf(message));
        return output.WrittenMemory;
    }

    /// <summary>A whole answer as if it had been streamed, for a caller who asked for events.</summary>
    private static ReadOnlyMemory<byte> Played(ChatReply reply, in Usage usage, UpstreamMessage message)
    {
        var output = new ArrayBufferWriter<byte>();
        var events = Translations.CodecOf(Dialect.OpenAIChat).OpenStream(output, ContextOf(message));
        reply.Usage = usage;
        reply.Replay(events);
        events.End(usage);
        return output.WrittenMemory;
    }

    protected static ReplyContext ContextOf(UpstreamMessage message) =>
        new(message.RequestId, message.Model, message.Clock.GetUtcNow().ToUnixTimeSeconds(), true, 0);

    protected static async IAsyncEnumerable<ReadOnlyMemory<byte>> TellAsync(
        IAsyncEnumerable<SseItem<JsonElement>> pieces,
        OwnReplyReader reader,
        ReplyContext context,
        [EnumeratorCancellation] CancellationToken cancel)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = Translations.CodecOf(Dialect.OpenAIChat).OpenStream(output, context);
        await foreach (var piece in pieces.WithCancellation(cancel))
        {
            try
            {
                reader.Read(piece.EventType, piece.Data, writer);
            }
            catch (UpstreamRefusal refusal)
            {
                output.Write("data: "u8);
                output.Write(System.Text.Encoding.UTF8.GetBytes(refusal.ToJson().ToJsonString()));
                output.Write("\n\n"u8);
            }
            if (output.WrittenCount > 0)
            {
                yield return output.WrittenMemory;
                output.ResetWrittenCount();
            }
            if (reader.Finished && reader.EndsAtFinish)
            {
                break;
            }
        }
        if (reader.Finished)
        {
            writer.End(reader.Usage);
            yield return output.WrittenMemory;
        }
    }
}
