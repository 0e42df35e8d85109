using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using NewApi.Providers.Answers;

namespace NewApi.Providers.VolcEngine;

/// <summary>
/// Speech over a WebSocket with binary frames: four bytes of header (version and its size, kind and flags, format and compression, nothing),
/// then for sound a number, negative in the last frame, then a size and as many bytes.
/// </summary>
internal static class SpeechSocket
{
    private const int HeaderSize = 4;
    private const int Sound = 0b1011;
    private const int Failure = 0b1111;

    public static async Task<HttpResponseMessage> SayAsync(
        JsonObject asked, UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel)
    {
        if (message.Key.Split('|') is not [{ Length: > 0 } app, { Length: > 0 } token])
        {
            throw new ProviderException("channel:invalid_key", "Speech needs a key of the form appid|token.");
        }
        var format = asked["response_format"]?.ToString() is "wav" or "pcm" or "ogg_opus" ? asked["response_format"]!.ToString() : "mp3";
        var socket = new ClientWebSocket { Options = { CollectHttpResponseDetails = true } };
        socket.Options.SetRequestHeader("Authorization", "Bearer;" + token);
        IAsyncEnumerator<ReadOnlyMemory<byte>>? sound = null;
        try
        {
            await socket.ConnectAsync(message.Account.AddressOf(message), http, cancel);
            await socket.SendAsync(Frame(Question(asked, app, token, format, message)), WebSocketMessageType.Binary, endOfMessage: true, cancel);
            sound = SoundOf(socket, cancel).GetAsyncEnumerator(cancel);
            // The first frame tells a refusal from an answer.
            var any = await sound.MoveNextAsync();
            var content = new StreamContent(new AnswerStream(Again(any ? sound.Current : default, sound, cancel).GetAsyncEnumerator(cancel), socket));
            content.Headers.ContentType = new MediaTypeHeaderValue(format switch { "wav" => "audio/wav", "pcm" => "audio/pcm", "ogg_opus" => "audio/ogg", _ => "audio/mpeg" });
            return new HttpResponseMessage(HttpStatusCode.OK) { Content = content };
        }
        catch (UpstreamRefusal refusal)
        {
            socket.Dispose();
            return Answer.Refusal(new HttpResponseMessage(HttpStatusCode.OK), refusal);
        }
        catch (WebSocketException error)
        {
            return Answer.NotConnected(socket, error);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Again(
        ReadOnlyMemory<byte> first, IAsyncEnumerator<ReadOnlyMemory<byte>> rest, [EnumeratorCancellation] CancellationToken cancel)
    {
        if (!first.IsEmpty)
        {
            yield return first;
        }
        while (await rest.MoveNextAsync())
        {
            cancel.ThrowIfCancellationRequested();
            yield return rest.Current;
        }
    }

    private static byte[] Question(JsonObject asked, string app, string token, string format, UpstreamMessage message)
    {
        var body = new JsonObject
        {
            ["app"] = new JsonObject { ["appid"] = app, ["token"] = token, ["cluster"] = "volcano_tts" },
            ["user"] = new JsonObject { ["uid"] = "newapi" },
            ["audio"] = new JsonObject
            {
                ["voice_type"] = asked["voice"]?.ToString() ?? "BV700_streaming",
                ["encoding"] = format,
                ["speed_ratio"] = asked["speed"]?.DeepClone() ?? 1.0m,
            },
            ["request"] = new JsonObject
            {
                ["reqid"] = message.RequestId,
                ["text"] = asked["input"]?.DeepClone(),
                ["text_type"] = "plain",
                ["operation"] = "submit",
            },
        };
        return Encoding.UTF8.GetBytes(body.ToJsonString());
    }

    /// <summary>A whole request: version 1, kind 1, JSON, not compressed.</summary>
    private static byte[] Frame(byte[] json)
    {
        var frame = new byte[HeaderSize + sizeof(int) + json.Length];
        (frame[0], frame[1], frame[2]) = (0x11, 0x10, 0x10);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(HeaderSize), json.Length);
        json.CopyTo(frame, HeaderSize + sizeof(int));
        return frame;
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> SoundOf(ClientWebSocket socket, [EnumeratorCancellation] CancellationToken cancel)
    {
        var buffer = new ArrayBufferWriter<byte>(16 * 1024);
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.GetMemory(16 * 1024), cancel);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                yield break;
            }
            buffer.Advance(received.Count);
            if (!received.EndOfMessage)
            {
                continue;
            }
            var (sound, last) = Read(buffer.WrittenMemory);
            if (!sound.IsEmpty)
            {
                yield return sound;
            }
            buffer.ResetWrittenCount();
            if (last)
            {
                yield break;
            }
        }
    }

    private static (ReadOnlyMemory<byte> Sound, bool Last) Read(ReadOnlyMemory<byte> frame)
    {
        var span = frame.Span;
        if (span.Length < HeaderSize)
        {
            return default;
        }
        var at = (span[0] & 0x0f) * HeaderSize;
        var (kind, flags) = (span[1] >> 4, span[1] & 0x0f);
        if (kind == Failure && span.Length >= at + 8)
        {
            var code = BinaryPrimitives.ReadInt32BigEndian(span[at..]);
            throw new UpstreamRefusal(code is 3001 or 3005 ? 400 : code == 3003 ? 429 : 500, code.ToString(), Encoding.UTF8.GetString(span[(at + 8)..]));
        }
        // Without a number it is an acknowledgement.
        if (kind != Sound || flags == 0 || span.Length < at + 8)
        {
            return default;
        }
        var last = BinaryPrimitives.ReadInt32BigEndian(span[at..]) < 0;
        var size = BinaryPrimitives.ReadInt32BigEndian(span[(at + 4)..]);
        return (frame.Slice(at + 8, Math.Min(size, span.Length - at - 8)), last);
    }
}
