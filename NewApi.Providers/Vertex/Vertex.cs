using NewApi.Domain;

namespace NewApi.Providers.Vertex;

/// <summary>
/// Google's Vertex AI (channel type 41): Claude, Gemini and open models side by side, told apart by name. The key is the JSON of a service
/// account, or an API key where the setting <c>vertex_key_type</c> says so; the version field is a region, or JSON of model to region.
/// </summary>
internal static class Vertex
{
    public static ProviderProfile Profile { get; } = new(41, "VertexAI", null)
    {
        Paths = ProviderProfile.Only(
            (Dialect.GeminiContent, "/publishers/google/models/{model}:{action}"),
            (Dialect.GeminiEmbeddings, "/publishers/google/models/{model}:{action}"),
            (Dialect.GeminiAction, "/publishers/google/models/{model}:{action}"),
            (Dialect.AnthropicMessages, "/publishers/anthropic/models/{model}:rawPredict"),
            (Dialect.OpenAIChat, "/endpoints/openapi/chat/completions")),
        Adapter = new VertexAdapter(),
        Tasks = new VertexVideos(),
    };
}
