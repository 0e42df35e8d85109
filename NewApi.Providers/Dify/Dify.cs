using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Protocols;
using NewApi.Protocols.Canonical;
using NewApi.Providers.Answers;

namespace NewApi.Providers.Dify;

/// <summary>
/// Dify's applications (channel type 37). What kind of application the key belongs to is told by the model's name: a workflow if it has
/// <c>workflow</c> in it, a text generator if it has <c>completion</c>, else a chat.
/// </summary>
internal static class Dify
{
    public static ProviderProfile Profile { get; } = new(37, "Dify", "https://api.dify.ai")
    {
        Paths = ProviderProfile.Only((Dialect.OpenAIChat, "/v1/chat-messages")),
        Route = message => message.Model.Contains("workflow", StringComparison.OrdinalIgnoreCase) ? "/v1/workflows/run"
            : message.Model.Contains("completion", StringComparison.OrdinalIgnoreCase) ? "/v1/completion-messages"
            : null,
        Adapter = new Adapter(),
    };

    private sealed class Adapter : OwnChatAdapter
    {
        protected override ValueTask<HttpRequestMessage> WriteAsync(
            ChatRequest request, UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel)
        {
            var query = Query(request);
            var files = new JsonArray([.. request.Messages.SelectMany(said => said.Parts).OfType<ImagePart>().Select(image => new JsonObject
            {
                ["type"] = "image",
                ["transfer_method"] = "remote_url",
                ["url"] = image.Source.Url ?? throw new TranslationException("Dify takes images as addresses, not as data."),
            })]);
            var address = message.Account.AddressOf(message);
            var body = new JsonObject
            {
                ["inputs"] = address.AbsolutePath.EndsWith("chat-messages", StringComparison.Ordinal)
                    ? new JsonObject()
                    : new JsonObject { ["query"] = query },
                ["query"] = query,
                ["response_mode"] = request.Stream ? "streaming" : "blocking",
                ["user"] = request.EndUser ?? "newapi",
                ["auto_generate_name"] = false,
                ["files"] = files,
            };
            var post = UpstreamRequests.Post(address, Answer.Content(body));
            UpstreamRequests.AddCredential(post.Headers, message);
            return new(UpstreamRequests.Finish(post, message));
        }

        protected override OwnReplyReader OpenReader(UpstreamMessage message) => new Reader(message.Settings.DifyDebug);

        /// <summary>One question goes as it is; a conversation as lines that say who speaks.</summary>
        private static string Query(ChatRequest request)
        {
            var lines = ChatText.Lines(request);
            if (lines.Count == 1)
            {
                return lines[0].Text;
            }
            var query = new StringBuilder();
            foreach (var (role, text) in lines)
            {
                query.Append(role.ToUpperInvariant()).Append(": ").Append(text).Append('\n');
            }
            return query.ToString();
        }
    }

    private sealed class Reader(bool showNodes) : OwnReplyReader
    {
        public override bool EndsAtFinish => true;

        public override void Read(string name, JsonElement json, ReplySink sink)
        {
            var data = json.Find("data"u8);
            switch (json.Word("event"u8))
            {
                case "error":
                    throw new UpstreamRefusal((int)(OwnUsage.Count(json, "status"u8) ?? 500), json.Word("code"u8) ?? "dify_error", json.Word("message"u8) ?? "");
                case "agent_message":
                case "message" when !json.TryGetProperty("metadata", out _):
                    Start(sink, json.Word("message_id"u8));
                    Say(sink, json.Word("answer"u8));
                    break;
                case "text_chunk":
                    Start(sink, json.Word("workflow_run_id"u8));
                    Say(sink, data?.Word("text"u8));
                    break;
                case "node_started" when showNodes:
                    Start(sink, json.Word("message_id"u8) ?? json.Word("workflow_run_id"u8));
                    Think(sink, $"Node: {data?.Word("title"u8)} ({data?.Word("node_type"u8)})\n");
                    break;
                case "message_end":
                    Start(sink, json.Word("message_id"u8));
                    Usage = UsageOf(json);
                    Finish(sink, FinishReason.Stop);
                    break;
                case "workflow_finished" when json.Word("message_id"u8) is null:
                    EndWorkflow(data ?? default, sink);
                    break;
                case "message" or null when data is { ValueKind: JsonValueKind.Object } run:
                    Start(sink, json.Word("workflow_run_id"u8));
                    Say(sink, OutputOf(run));
                    EndWorkflow(run, sink);
                    break;
                case "message" or "completion" or "chat" or null:
                    Start(sink, json.Word("message_id"u8));
                    Say(sink, json.Word("answer"u8));
                    Usage = UsageOf(json);
                    Finish(sink, FinishReason.Stop);
                    break;
            }
        }

        private void EndWorkflow(JsonElement run, ReplySink sink)
        {
            if (run.Word("status"u8) == "failed")
            {
                throw new UpstreamRefusal(500, "workflow_failed", run.Word("error"u8) ?? "The workflow failed.");
            }
            Start(sink);
            // A workflow tells one figure.
            Usage = new Usage { Input = 0, Output = OwnUsage.Count(run, "total_tokens"u8) };
            Finish(sink, FinishReason.Stop);
        }

        private static string OutputOf(JsonElement run)
        {
            if (run.Find("outputs"u8) is not { ValueKind: JsonValueKind.Object } outputs)
            {
                return "";
            }
            foreach (var output in outputs.EnumerateObject())
            {
                if (output.Value.ValueKind == JsonValueKind.String)
                {
                    return output.Value.GetString()!;
                }
            }
            return outputs.GetRawText();
        }

        private static Usage UsageOf(JsonElement json) =>
            OwnUsage.Of(json.Find("metadata"u8)?.Find("usage"u8), "prompt_tokens"u8, "completion_tokens"u8, "total_tokens"u8);
    }
}
