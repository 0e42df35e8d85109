using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Protocols;
using NewApi.Protocols.Canonical;
using NewApi.Providers.Answers;
using NewApi.Providers.Signatures;

namespace NewApi.Providers.Zhipu;

/// <summary>Zhipu's ChatGLM by its third API (channel type 16). The key is <c>id.secret</c>; what is sent is a token signed with it.</summary>
internal static class ZhipuV3
{
    public static ProviderProfile Profile { get; } = new(16, "Zhipu", "https://open.bigmodel.cn")
    {
        Paths = ProviderProfile.Only((Dialect.OpenAIChat, "/api/paas/v3/model-api/{model}/invoke")),
        Adapter = new Adapter(),
    };

    /// <summary>A token of ten minutes.</summary>
    public static string TokenOf(string key, TimeProvider clock)
    {
        if (key.Split('.') is not [{ Length: > 0 } id, { Length: > 0 } secret])
        {
            throw new ProviderException("channel:invalid_key", "The channel's key must be id.secret.");
        }
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        return Jwt.Make(
            new JsonObject { ["alg"] = "HS256", ["sign_type"] = "SIGN" },
            new JsonObject { ["api_key"] = id, ["exp"] = now + 600_000, ["timestamp"] = now },
            content => HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), content));
    }

    private sealed class Adapter : OwnChatAdapter
    {
        protected override ValueTask<HttpRequestMessage> WriteAsync(
            ChatRequest request, UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel)
        {
            ChatText.DemandTextOnly(request);
            // A system text is a turn of the user's, which the model has taken note of.
            var prompt = new JsonArray();
            foreach (var (role, text) in ChatText.Lines(request))
            {
                prompt.Add(new JsonObject { ["role"] = role == "system" ? "user" : role, ["content"] = text });
                if (role == "system")
                {
                    prompt.Add(new JsonObject { ["role"] = "assistant", ["content"] = "Okay" });
                }
            }
            var body = new JsonObject { ["prompt"] = prompt };
            body.Put("temperature", request.Temperature);
            body.Put("top_p", request.TopP is { } top ? Math.Clamp(top, 0.01m, 0.99m) : null);
            if (request.Stream)
            {
                body["incremental"] = true;
            }
            var address = $"{message.Account.BaseUrl}/api/paas/v3/model-api/{Uri.EscapeDataString(message.Model)}/{(request.Stream ? "sse-invoke" : "invoke")}";
            var post = UpstreamRequests.Post(new Uri(address), Answer.Content(body));
            post.Headers.TryAddWithoutValidation("Authorization", TokenOf(message.Key, message.Clock));
            return new(UpstreamRequests.Finish(post, message));
        }

        protected override OwnReplyReader OpenReader(UpstreamMessage message) => new Reader();

        /// <summary>Its events have a field <c>meta</c> of their own, and data that is no JSON.</summary>
        protected override async IAsyncEnumerable<SseItem<JsonElement>> PiecesOf(
            Stream body, [EnumeratorCancellation] CancellationToken cancel)
        {
            using var lines = new StreamReader(body, Encoding.UTF8);
            string name = "", meta = "";
            var data = new StringBuilder();
            var lineCount = 0;
            while (await lines.ReadLineAsync(cancel) is { } line)
            {
                if (line.Length == 0)
                {
                    if (name.Length > 0)
                    {
                        var piece = new JsonObject { ["data"] = data.ToString(), ["meta"] = meta.Length > 0 ? JsonNode.Parse(meta) : null };
                        yield return new SseItem<JsonElement>(JsonElement.Parse(piece.ToJsonString()), name);
                    }
                    (name, meta, lineCount) = ("", "", 0);
                    data.Clear();
                }
                else if (line.StartsWith("event:", StringComparison.Ordinal))
                {
                    name = line[6..].Trim();
                }
                else if (line.StartsWith("data:", StringComparison.Ordinal))
                {
                    data.Append(lineCount++ > 0 ? "\n" : "").Append(line.AsSpan(line.StartsWith("data: ", StringComparison.Ordinal) ? 6 : 5));
                }
                else if (line.StartsWith("meta:", StringComparison.Ordinal))
                {
                    meta = line[5..].Trim();
                }
            }
        }
    }

    private sealed class Reader : OwnReplyReader
    {
        public override bool EndsAtFinish => true;

        public override void Read(string name, JsonElement json, ReplySink sink)
        {
            switch (name)
            {
                case "add":
                    Start(sink);
                    Say(sink, json.Word("data"u8));
                    break;
                case "error" or "interrupted":
                    throw new UpstreamRefusal(500, name, json.Word("data"u8) ?? "The upstream broke off.");
                case "finish":
                    Start(sink);
                    Say(sink, json.Word("data"u8));
                    Usage = UsageOf(json.Find("meta"u8)?.Find("usage"u8));
                    Finish(sink, FinishReason.Stop);
                    break;
                default:
                    ReadWhole(json, sink);
                    break;
            }
        }

        private void ReadWhole(JsonElement json, ReplySink sink)
        {
            if (json.Find("data"u8) is not { ValueKind: JsonValueKind.Object } data)
            {
                throw new UpstreamRefusal(500, json.Find("code"u8)?.ToString() ?? "upstream_error", json.Word("msg"u8) ?? "The upstream refused.");
            }
            Start(sink, data.Word("task_id"u8));
            foreach (var choice in data.Items("choices"u8))
            {
                // The text is quoted once more than JSON demands.
                var text = choice.Word("content"u8) ?? "";
                Say(sink, text.Length > 1 && text[0] == '"' && text[^1] == '"' ? Unquoted(text) : text);
                break;
            }
            Usage = UsageOf(data.Find("usage"u8));
            Finish(sink, FinishReason.Stop);
        }

        private static string Unquoted(string text)
        {
            try
            {
                return JsonElement.Parse(text).GetString() ?? "";
            }
            catch (JsonException)
            {
                return text[1..^1];
            }
        }

        private static Usage UsageOf(JsonElement? usage) => OwnUsage.Of(usage, "prompt_tokens"u8, "completion_tokens"u8, "total_tokens"u8);
    }
}
