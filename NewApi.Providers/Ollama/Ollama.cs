using System.Net.ServerSentEvents;
using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Protocols;
using NewApi.Protocols.Canonical;
using NewApi.Providers.Answers;

namespace NewApi.Providers.Ollama;

/// <summary>
/// Ollama (channel type 4). Chats, completions and embeddings go by its own API, which alone takes options such as the size of the context;
/// Anthropic messages and Responses by the paths that it offers for them.
/// </summary>
internal static class Ollama
{
    public static ProviderProfile Profile { get; } = new(4, "Ollama", "http://localhost:11434")
    {
        ModelsPath = "/api/tags",
        Paths = ProviderProfile.Only(
            (Dialect.OpenAIChat, "/api/chat"),
            (Dialect.OpenAICompletions, "/api/generate"),
            (Dialect.OpenAIEmbeddings, "/api/embed"),
            (Dialect.OpenAIResponses, "/v1/responses"),
            (Dialect.AnthropicMessages, "/v1/messages")),
        StreamOptions = true,
        Adapter = new Adapter(),
    };

    private sealed class Adapter : OwnChatAdapter
    {
        protected override ValueTask<HttpRequestMessage> WriteAsync(
            ChatRequest request, UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel) =>
            new(Post(OllamaRequest.Chat(request), message));

        protected override OwnReplyReader OpenReader(UpstreamMessage message) => new OllamaReader();

        protected override IAsyncEnumerable<SseItem<JsonElement>> PiecesOf(Stream body, CancellationToken cancel) => Answer.LinesOf(body, cancel);

        protected override async Task<HttpResponseMessage> SendOtherAsync(UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel)
        {
            if (message.Dialect is not (Dialect.OpenAICompletions or Dialect.OpenAIEmbeddings))
            {
                return await SendByRowsAsync(message, http, cancel);
            }
            var asked = JsonNode.Parse(message.Body.Span) as JsonObject ?? [];
            var body = message.Dialect == Dialect.OpenAIEmbeddings
                ? OllamaRequest.Embed(asked, message.Model)
                : OllamaRequest.Generate(asked, message.Model, message.Stream);
            using var request = Post(body, message);
            var response = await http.SendAsync(request, cancel);
            if (!response.IsSuccessStatusCode)
            {
                return response;
            }
            if (message.Dialect == Dialect.OpenAIEmbeddings)
            {
                return Answer.Whole(response, OllamaText.Embeddings(await Answer.ReadJsonAsync(response, cancel), message.Model));
            }
            if (!message.Stream)
            {
                return Answer.Whole(response, OllamaText.Completion(await Answer.ReadJsonAsync(response, cancel), ContextOf(message)));
            }
            var source = response.Content;
            var lines = Answer.LinesOf(await source.ReadAsStreamAsync(cancel), cancel);
            return Answer.Events(response, OllamaText.Completions(lines, ContextOf(message), cancel), source, cancel);
        }

        private static HttpRequestMessage Post(JsonObject body, UpstreamMessage message)
        {
            var post = UpstreamRequests.Post(message.Account.AddressOf(message), Answer.Content(body));
            UpstreamRequests.AddCredential(post.Headers, message);
            return UpstreamRequests.Finish(post, message);
        }
    }
}
