using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace NewApi.Providers.Answers;

/// <summary>Makes the answers that adapters give, and reads those they get.</summary>
internal static class Answer
{
    private const int LargestWhole = 256 << 20;
    private static readonly MediaTypeHeaderValue JsonType = new("application/json");
    private static readonly MediaTypeHeaderValue EventStream = new("text/event-stream");

    /// <summary>JSON to be sent.</summary>
    public static HttpContent Content(ReadOnlyMemory<byte> json)
    {
        var content = new ReadOnlyMemoryContent(json);
        content.Headers.ContentType = JsonType;
        return content;
    }

    public static HttpContent Content(JsonNode json) => Content(Encoding.UTF8.GetBytes(json.ToJsonString()));

    /// <summary>A whole answer in place of the one that came.</summary>
    public static HttpResponseMessage Whole(HttpResponseMessage upstream, ReadOnlyMemory<byte> json)
    {
        upstream.Content.Dispose();
        upstream.Content = Content(json);
        if (upstream.IsSuccessStatusCode)
        {
            // Callers know one success; that something was created (201) is the provider's affair.
            upstream.StatusCode = HttpStatusCode.OK;
        }
        return upstream;
    }

    /// <summary>Server-sent events that are all there already.</summary>
    public static HttpResponseMessage Events(HttpResponseMessage upstream, ReadOnlyMemory<byte> events)
    {
        upstream.Content.Dispose();
        upstream.Content = new ReadOnlyMemoryContent(events);
        upstream.Content.Headers.ContentType = EventStream;
        return upstream;
    }

    public static HttpResponseMessage Whole(HttpResponseMessage upstream, JsonNode json) => Whole(upstream, Encoding.UTF8.GetBytes(json.ToJsonString()));

    /// <summary>A whole answer of bytes that are no JSON.</summary>
    public static HttpResponseMessage Bytes(HttpResponseMessage upstream, byte[] bytes, string mediaType)
    {
        upstream.Content.Dispose();
        upstream.Content = new ByteArrayContent(bytes);
        upstream.Content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        return upstream;
    }

    /// <summary>Server-sent events in place of the answer that came; they are made as they are read.</summary>
    public static HttpResponseMessage Events(
        HttpResponseMessage upstream, IAsyncEnumerable<ReadOnlyMemory<byte>> pieces, IDisposable source, CancellationToken cancel)
    {
        var content = new StreamContent(new AnswerStream(pieces.GetAsyncEnumerator(cancel), source));
        content.Headers.ContentType = EventStream;
        upstream.Content = content;
        return upstream;
    }

    /// <summary>A refusal in OpenAI's shape, for providers that hide it in a success.</summary>
    public static HttpResponseMessage Refusal(HttpResponseMessage upstream, UpstreamRefusal refusal)
    {
        upstream.StatusCode = (HttpStatusCode)refusal.Status;
        return Whole(upstream, refusal.ToJson());
    }

    /// <summary>A connection that the upstream refused to make a WebSocket of, with the status it gave.</summary>
    /// <exception cref="HttpRequestException">It gave none: nobody was reached.</exception>
    public static HttpResponseMessage NotConnected(ClientWebSocket socket, WebSocketException error)
    {
        var status = socket.HttpStatusCode;
        socket.Dispose();
        return status is 0 or HttpStatusCode.SwitchingProtocols
            ? throw new HttpRequestException("The upstream refused the connection.", error)
            : Refusal(new HttpResponseMessage(status), new UpstreamRefusal((int)status, "upstream_error", "The upstream refused the connection."));
    }

    public static async Task<byte[]> ReadAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        await response.Content.LoadIntoBufferAsync(LargestWhole, cancel);
        return await response.Content.ReadAsByteArrayAsync(cancel);
    }

    public static async Task<JsonElement> ReadJsonAsync(HttpResponseMessage response, CancellationToken cancel) =>
        JsonElement.Parse(await ReadAsync(response, cancel));

    /// <summary>The JSON of every event, with the event's name; what is no JSON object is passed over.</summary>
    public static async IAsyncEnumerable<SseItem<JsonElement>> EventsOf(Stream body, [EnumeratorCancellation] CancellationToken cancel)
    {
        var parser = SseParser.Create(body, static (_, utf8) => ParseOrNone(utf8));
        await foreach (var item in parser.EnumerateAsync(cancel))
        {
            if (item.Data.ValueKind == JsonValueKind.Object)
            {
                yield return item;
            }
        }
    }

    /// <summary>One JSON object per line.</summary>
    public static async IAsyncEnumerable<SseItem<JsonElement>> LinesOf(Stream body, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var reader = new StreamReader(body, Encoding.UTF8);
        while (await reader.ReadLineAsync(cancel) is { } line)
        {
            if (line.Length > 1 && ParseOrNone(Encoding.UTF8.GetBytes(line)) is { ValueKind: JsonValueKind.Object } json)
            {
                yield return new SseItem<JsonElement>(json);
            }
        }
    }

    private static JsonElement ParseOrNone(ReadOnlySpan<byte> utf8)
    {
        try
        {
            return utf8.IsEmpty || utf8[0] != (byte)'{' ? default : JsonElement.Parse(utf8);
        }
        catch (JsonException)
        {
            // The tap of the relay sees what came of it; a frame that cannot be read is not fatal.
            return default;
        }
    }
}

/// <summary>A provider says no inside an answer whose status says yes.</summary>
internal sealed class UpstreamRefusal(int status, string code, string message) : Exception(message)
{
    public int Status => status;

    public JsonObject ToJson() => new()
    {
        ["error"] = new JsonObject { ["message"] = Message, ["type"] = "upstream_error", ["code"] = code },
    };
}
