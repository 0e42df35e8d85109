using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.ServerSentEvents;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Protocols;
using NewApi.Protocols.Canonical;
using NewApi.Providers.Answers;

namespace NewApi.Providers.Xunfei;

/// <summary>
/// Xunfei's Spark (channel type 18): one question over a WebSocket whose address is signed. The key is <c>appid|secret|key</c>; the version
/// is the channel's version field, or the end of the model's name.
/// </summary>
internal static class Xunfei
{
    public static ProviderProfile Profile { get; } = new(18, "Xunfei", "https://spark-api.xf-yun.com")
    {
        Paths = ProviderProfile.Only((Dialect.OpenAIChat, "/{version}/chat")),
        Adapter = new Adapter(),
    };

    /// <summary>Path and domain of a version.</summary>
    private static (string Path, string Domain) Of(string version) => version switch
    {
        "v1.1" or "lite" => ("/v1.1/chat", "lite"),
        "v2.1" => ("/v2.1/chat", "generalv2"),
        "v3.1" or "pro" => ("/v3.1/chat", "generalv3"),
        "v3.5" or "max" => ("/v3.5/chat", "generalv3.5"),
        "v4.0" or "4.0ultra" => ("/v4.0/chat", "4.0Ultra"),
        "pro-128k" => ("/chat/pro-128k", "pro-128k"),
        "max-32k" => ("/chat/max-32k", "max-32k"),
        _ => ($"/{version}/chat", "general" + version),
    };

    private static string VersionOf(UpstreamMessage message)
    {
        if (message.Account.Other.Length > 0)
        {
            return message.Account.Other;
        }
        // SparkDesk-v3.5, spark-pro-128k
        var dash = message.Model.IndexOf('-', StringComparison.Ordinal);
        return dash < 0 ? "v3.5" : message.Model[(dash + 1)..].ToLowerInvariant();
    }

    /// <summary>The address with its signature: over host, date and request line, in the query.</summary>
    public static Uri Sign(Uri address, string secret, string key, DateTimeOffset now)
    {
        var date = now.ToString("r", CultureInfo.InvariantCulture);
        var toSign = $"host: {address.Host}\ndate: {date}\nGET {address.AbsolutePath} HTTP/1.1";
        var signature = Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(toSign)));
        var origin = $"api_key=\"{key}\", algorithm=\"hmac-sha256\", headers=\"host date request-line\", signature=\"{signature}\"";
        var authorization = Convert.ToBase64String(Encoding.UTF8.GetBytes(origin));
        return new Uri($"{address}?authorization={Uri.EscapeDataString(authorization)}&date={Uri.EscapeDataString(date)}&host={address.Host}");
    }

    private sealed class Adapter : OwnChatAdapter
    {
        public override async Task<HttpResponseMessage> SendAsync(UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel)
        {
            ArgumentNullException.ThrowIfNull(message);
            if (message.Key.Split('|') is not [{ Length: > 0 } app, { Length: > 0 } secret, { Length: > 0 } key])
            {
                throw new ProviderException("channel:invalid_key", "The channel's key must be appid|secret|key.");
            }
            var request = ReadRequest(message);
            ChatText.DemandTextOnly(request);
            var (path, domain) = Of(VersionOf(message));
            var address = new UriBuilder(message.Account.BaseUrl + path);
            address.Scheme = address.Scheme is "http" or "ws" ? "ws" : "wss";
            var socket = new ClientWebSocket { Options = { CollectHttpResponseDetails = true } };
            try
            {
                await socket.ConnectAsync(Sign(address.Uri, secret, key, message.Clock.GetUtcNow()), http, cancel);
                var question = Encoding.UTF8.GetBytes(Question(request, app, domain).ToJsonString());
                await socket.SendAsync(question, WebSocketMessageType.Text, endOfMessage: true, cancel);
                var pieces = PiecesOf(socket, cancel);
                var response = new HttpResponseMessage(HttpStatusCode.OK);
                var reader = new Reader();
                if (message.Stream)
                {
                    return Answer.Events(response, TellAsync(pieces, reader, ContextOf(message), cancel), socket, cancel);
                }
                using (socket)
                {
                    return await CollectAsync(response, pieces, reader, message, cancel);
                }
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

        protected override ValueTask<HttpRequestMessage> WriteAsync(
            ChatRequest request, UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel) => throw new NotSupportedException();

        protected override OwnReplyReader OpenReader(UpstreamMessage message) => new Reader();

        private static async Task<HttpResponseMessage> CollectAsync(
            HttpResponseMessage response,
            IAsyncEnumerable<SseItem<JsonElement>> pieces,
            OwnReplyReader reader,
            UpstreamMessage message,
            CancellationToken cancel)
        {
            try
            {
                var collector = new ReplyCollector();
                await foreach (var piece in pieces.WithCancellation(cancel))
                {
                    reader.Read(piece.EventType, piece.Data, collector);
                }
                return Answer.Whole(response, Written(collector.Reply, reader.Usage, message));
            }
            catch (UpstreamRefusal refusal)
            {
                return Answer.Refusal(response, refusal);
            }
        }

        private static JsonObject Question(ChatRequest request, string app, string domain)
        {
            var chat = new JsonObject { ["domain"] = domain };
            chat.Put("temperature", request.Temperature);
            chat.Put("top_k", request.TopK is { } top ? Math.Clamp(top, 1, 6) : null);
            chat.Put("max_tokens", request.MaxOutput);
            return new JsonObject
            {
                ["header"] = new JsonObject { ["app_id"] = app },
                ["parameter"] = new JsonObject { ["chat"] = chat },
                ["payload"] = new JsonObject
                {
                    ["message"] = new JsonObject
                    {
                        ["text"] = new JsonArray(
                            [.. ChatText.Lines(request).Select(line => new JsonObject { ["role"] = line.Role, ["content"] = line.Text })]),
                    },
                },
            };
        }

        private static async IAsyncEnumerable<SseItem<JsonElement>> PiecesOf(
            ClientWebSocket socket, [EnumeratorCancellation] CancellationToken cancel)
        {
            var buffer = new ArrayBufferWriter<byte>(4096);
            while (true)
            {
                var received = await socket.ReceiveAsync(buffer.GetMemory(4096), cancel);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    yield break;
                }
                buffer.Advance(received.Count);
                if (received.EndOfMessage)
                {
                    var json = JsonElement.Parse(buffer.WrittenSpan);
                    buffer.ResetWrittenCount();
                    yield return new SseItem<JsonElement>(json);
                    if (json.Find("header"u8) is { } header && OwnUsage.Count(header, "status"u8) == 2)
                    {
                        yield break;
                    }
                }
            }
        }
    }

    private sealed class Reader : OwnReplyReader
    {
        public override void Read(string name, JsonElement json, ReplySink sink)
        {
            var header = json.Find("header"u8) ?? default;
            if (OwnUsage.Count(header, "code"u8) is > 0 and var code)
            {
                throw new UpstreamRefusal(
                    code is 11200 or 10313 ? 401 : code is 10007 or 11202 or 11203 ? 429 : code is 10013 or 10014 or 10019 ? 400 : 500,
                    code.ToString(),
                    header.Word("message"u8) ?? "The upstream refused.");
            }
            Start(sink, header.Word("sid"u8));
            if (json.Find("payload"u8) is { } payload)
            {
                foreach (var said in payload.Find("choices"u8)?.Items("text"u8) ?? default)
                {
                    Think(sink, said.Word("reasoning_content"u8));
                    Say(sink, said.Word("content"u8));
                }
                if (payload.Find("usage"u8)?.Find("text"u8) is { } usage)
                {
                    Usage = OwnUsage.Of(usage, "prompt_tokens"u8, "completion_tokens"u8);
                }
            }
            if (OwnUsage.Count(header, "status"u8) == 2)
            {
                Finish(sink, FinishReason.Stop);
            }
        }
    }
}
