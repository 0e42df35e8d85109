using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Protocols;
using NewApi.Protocols.Canonical;
using NewApi.Providers.Answers;

namespace NewApi.Providers.Coze;

/// <summary>
/// Coze's bots (channel type 49); the channel's version field holds the bot id. An answer that is not streamed is asked for each second
/// until the bot is done.
/// </summary>
internal static class Coze
{
    public static ProviderProfile Profile { get; } = new(49, "Coze", "https://api.coze.cn")
    {
        Paths = ProviderProfile.Only((Dialect.OpenAIChat, "/v3/chat")),
        Adapter = new Adapter(),
    };

    private static UpstreamRefusal? RefusalOf(JsonElement json) => OwnUsage.Count(json, "code"u8) is > 0 and var code
        ? new UpstreamRefusal(code is 4100 or 4101 ? 401 : code == 4013 ? 429 : 500, code.ToString(), json.Word("msg"u8) ?? "The upstream refused.")
        : null;

    private static Usage UsageOf(JsonElement? usage) => OwnUsage.Of(usage, "input_count"u8, "output_count"u8, "token_count"u8);

    private sealed class Adapter : OwnChatAdapter
    {
        private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

        public override async Task<HttpResponseMessage> SendAsync(UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel)
        {
            ArgumentNullException.ThrowIfNull(message);
            if (message.Stream)
            {
                return await base.SendAsync(message, http, cancel);
            }
            using var request = Ask(ReadRequest(message), message);
            var response = await http.SendAsync(request, cancel);
            if (!response.IsSuccessStatusCode)
            {
                return response;
            }
            try
            {
                var reply = await CollectAsync(await Answer.ReadJsonAsync(response, cancel), message, http, cancel);
                return Answer.Whole(response, Written(reply, reply.Usage, message));
            }
            catch (UpstreamRefusal refusal)
            {
                return Answer.Refusal(response, refusal);
            }
        }

        protected override ValueTask<HttpRequestMessage> WriteAsync(
            ChatRequest request, UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel) => new(Ask(request, message));

        protected override OwnReplyReader OpenReader(UpstreamMessage message) => new Reader();

        private static HttpRequestMessage Ask(ChatRequest request, UpstreamMessage message)
        {
            ChatText.DemandTextOnly(request);
            if (message.Account.Other.Length == 0)
            {
                throw new ProviderException("channel:invalid_settings", "The channel needs the id of a bot in its version field.");
            }
            var body = new JsonObject
            {
                ["bot_id"] = message.Account.Other,
                ["user_id"] = request.EndUser ?? "newapi",
                ["stream"] = request.Stream,
                // Without it there is nothing to ask for afterwards.
                ["auto_save_history"] = !request.Stream ? true : null,
                ["additional_messages"] = new JsonArray([.. ChatText.Lines(request).Select(line => new JsonObject
                {
                    ["role"] = line.Role == "assistant" ? "assistant" : "user",
                    ["content"] = line.Text,
                    ["content_type"] = "text",
                })]),
            };
            if (body["auto_save_history"] is null)
            {
                body.Remove("auto_save_history");
            }
            var post = UpstreamRequests.Post(message.Account.AddressOf(message), Answer.Content(body));
            UpstreamRequests.AddCredential(post.Headers, message);
            return UpstreamRequests.Finish(post, message);
        }

        private static async Task<ChatReply> CollectAsync(
            JsonElement asked, UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel)
        {
            var chat = DataOf(asked);
            var (id, conversation) = (chat.Word("id"u8) ?? "", chat.Word("conversation_id"u8) ?? "");
            var query = $"chat_id={Uri.EscapeDataString(id)}&conversation_id={Uri.EscapeDataString(conversation)}";
            while (chat.Word("status"u8) is "created" or "in_progress")
            {
                await Task.Delay(Pause, message.Clock, cancel);
                chat = DataOf(await GetAsync("/v3/chat/retrieve?" + query, message, http, cancel));
            }
            if (chat.Word("status"u8) != "completed")
            {
                throw new UpstreamRefusal(500, "chat_failed", chat.Find("last_error"u8)?.Word("msg"u8) ?? "The bot did not answer.");
            }
            var said = DataOf(await GetAsync("/v3/chat/message/list?" + query, message, http, cancel));
            var choice = new ReplyChoice { Finish = FinishReason.Stop };
            foreach (var line in said.ValueKind == JsonValueKind.Array ? said.EnumerateArray() : default)
            {
                if (line.Word("type"u8) == "answer" && line.Word("content"u8) is { } text)
                {
                    choice.Parts.Add(new TextPart(text));
                }
            }
            var reply = new ChatReply { Head = new ReplyHead(id, "", 0), Usage = UsageOf(chat.Find("usage"u8)) };
            reply.Choices.Add(choice);
            return reply;
        }

        private static async Task<JsonElement> GetAsync(string path, UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, message.Account.BaseUrl + path);
            UpstreamRequests.AddCredential(request.Headers, message);
            using var response = await http.SendAsync(request, cancel);
            return response.IsSuccessStatusCode
                ? await Answer.ReadJsonAsync(response, cancel)
                : throw new UpstreamRefusal((int)response.StatusCode, "upstream_error", "The upstream could not be asked for the answer.");
        }

        private static JsonElement DataOf(JsonElement json) => RefusalOf(json) is { } refusal ? throw refusal : json.Find("data"u8) ?? default;
    }

    private sealed class Reader : OwnReplyReader
    {
        public override void Read(string name, JsonElement json, ReplySink sink)
        {
            switch (name)
            {
                case "conversation.chat.created":
                    Start(sink, json.Word("id"u8));
                    break;
                case "conversation.message.delta" when json.Word("type"u8) == "answer":
                    Start(sink, json.Word("chat_id"u8));
                    Think(sink, json.Word("reasoning_content"u8));
                    Say(sink, json.Word("content"u8));
                    break;
                case "conversation.chat.completed":
                    Start(sink, json.Word("id"u8));
                    Usage = UsageOf(json.Find("usage"u8));
                    Finish(sink, FinishReason.Stop);
                    break;
                case "conversation.chat.failed":
                    throw new UpstreamRefusal(500, "chat_failed", json.Find("last_error"u8)?.Word("msg"u8) ?? "The bot did not answer.");
                case "error" or "message":
                    throw RefusalOf(json) ?? new UpstreamRefusal(500, "upstream_error", json.Word("msg"u8) ?? "The upstream refused.");
            }
        }
    }
}
