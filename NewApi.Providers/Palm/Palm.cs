using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Protocols;
using NewApi.Protocols.Canonical;
using NewApi.Providers.Answers;

namespace NewApi.Providers.Palm;

/// <summary>Google's PaLM chats (channel type 11), which never stream.</summary>
internal static class Palm
{
    public static ProviderProfile Profile { get; } = new(11, "PaLM", "https://generativelanguage.googleapis.com")
    {
        Credential = CredentialScheme.GoogleKey,
        Paths = ProviderProfile.Only((Dialect.OpenAIChat, "/v1beta2/models/{model}:generateMessage")),
        Adapter = new Adapter(),
    };

    private sealed class Adapter : OwnChatAdapter
    {
        protected override ValueTask<HttpRequestMessage> WriteAsync(
            ChatRequest request, UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel)
        {
            ChatText.DemandTextOnly(request);
            var (system, turns) = ChatText.Turns(request);
            var prompt = new JsonObject
            {
                ["messages"] = new JsonArray([.. turns.Select(turn => new JsonObject
                {
                    ["author"] = turn.Role == "user" ? "0" : "1",
                    ["content"] = turn.Text,
                })]),
            };
            if (system.Length > 0)
            {
                prompt["context"] = system;
            }
            var body = new JsonObject { ["prompt"] = prompt };
            body.Put("temperature", request.Temperature);
            body.Put("topP", request.TopP);
            body.Put("topK", request.TopK);
            body.Put("candidateCount", request.Choices);
            var post = UpstreamRequests.Post(message.Account.AddressOf(message), Answer.Content(body));
            UpstreamRequests.AddCredential(post.Headers, message);
            return new(UpstreamRequests.Finish(post, message));
        }

        protected override OwnReplyReader OpenReader(UpstreamMessage message) => new Reader();
    }

    private sealed class Reader : OwnReplyReader
    {
        public override void Read(string name, JsonElement json, ReplySink sink)
        {
            var candidates = json.Items("candidates"u8);
            if (!candidates.MoveNext())
            {
                throw new UpstreamRefusal(400, "prompt_blocked", "The upstream gave no answer to this prompt.");
            }
            Start(sink);
            Say(sink, candidates.Current.Word("content"u8));
            Finish(sink, FinishReason.Stop);
        }
    }
}
