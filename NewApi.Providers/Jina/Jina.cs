using NewApi.Domain;

namespace NewApi.Providers.Jina;

/// <summary>Jina's embeddings and rerankers (channel type 38).</summary>
internal static class Jina
{
    public static ProviderProfile Profile { get; } = new(38, "Jina", "https://api.jina.ai")
    {
        Paths = ProviderProfile.Only((Dialect.OpenAIEmbeddings, "/v1/embeddings"), (Dialect.Rerank, "/v1/rerank")),
    };
}
