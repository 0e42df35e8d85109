using System.Net.ServerSentEvents;
using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Protocols;
using NewApi.Protocols.Canonical;
using NewApi.Providers.Answers;

namespace NewApi.Providers.Cohere;

/// <summary>Cohere's first chat API and its rerankers (channel type 34).</summary>
internal static class Cohere
{
    private const int DefaultMost = 4000;

    public static ProviderProfile Profile { get; } = new(34, "Cohere", "https://api.cohere.ai")
    {
        Paths = ProviderProfile.Only((Dialect.OpenAIChat, "/v1/chat"), (Dialect.Rerank, "/v1/rerank")),
        Adapter = new Adapter(),
    };

    private sealed class Adapter : OwnChatAdapter
    {
        protected override ValueTask<HttpRequestMessage> WriteAsync(
            ChatRequest request, UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel)
        {
            ChatText.DemandTextOnly(request);
            var lines = ChatText.Lines(request);
            var last = lines.FindLastIndex(line => line.Role == "user");
            var history = lines.Where((_, index) => index != last).Select(line => new JsonObject
            {
                ["role"] = line.Role switch { "system" => "SYSTEM", "assistant" => "CHATBOT", _ => "USER" },
                ["message"] = line.Text,
            });
            var body = new JsonObject
            {
                ["model"] = message.Model,
                ["message"] = last < 0 ? "" : lines[last].Text,
                ["chat_history"] = new JsonArray([.. history]),
                ["stream"] = request.Stream,
                ["max_tokens"] = request.MaxOutput ?? DefaultMost,
                ["safety_mode"] = message.Settings.CohereSafety,
            };
            body.Put("temperature", request.Temperature);
            body.Put("p", request.TopP);
            body.Put("k", request.TopK);
            body.Put("seed", request.Seed);
            body.Put("frequency_penalty", request.FrequencyPenalty);
            body.Put("presence_penalty", request.PresencePenalty);
            body.Put("stop_sequences", request.Stop);
            var post = UpstreamRequests.Post(message.Account.AddressOf(message), Answer.Content(body));
            UpstreamRequests.AddCredential(post.Headers, message);
            return new(UpstreamRequests.Finish(post, message));
        }

        protected override OwnReplyReader OpenReader(UpstreamMessage message) => new Reader();

        protected override IAsyncEnumerable<SseItem<JsonElement>> PiecesOf(Stream body, CancellationToken cancel) => Answer.LinesOf(body, cancel);
    }

    private sealed class Reader : OwnReplyReader
    {
        public override void Read(string name, JsonElement json, ReplySink sink)
        {
            switch (json.Word("event_type"u8))
            {
                case "stream-start":
                    Start(sink, json.Word("generation_id"u8));
                    break;
                case "text-generation":
                    Start(sink);
                    Say(sink, json.Word("text"u8));
                    break;
                case "stream-end":
                    End(json.Find("response"u8) ?? json, json.Word("finish_reason"u8), sink);
                    break;
                case null:
                    Start(sink, json.Word("generation_id"u8));
                    Say(sink, json.Word("text"u8));
                    End(json, json.Word("finish_reason"u8), sink);
                    break;
            }
        }

        private void End(JsonElement response, string? reason, ReplySink sink)
        {
            if (reason is "ERROR" or "ERROR_TOXIC" or "ERROR_LIMIT")
            {
                throw new UpstreamRefusal(500, reason, "The upstream broke the answer off.");
            }
            Usage = OwnUsage.Of(response.Find("meta"u8)?.Find("billed_units"u8), "input_tokens"u8, "output_tokens"u8);
            Finish(sink, reason switch { "MAX_TOKENS" => FinishReason.Length, _ => FinishReason.Stop });
        }
    }
}
