using NewApi.Domain;

namespace NewApi.Providers.Moka;

/// <summary>Moka's M3E embeddings and chats (channel type 44).</summary>
internal static class Moka
{
    public static ProviderProfile Profile { get; } = new(44, "MokaAI", "https://api.moka.ai")
    {
        Paths = ProviderProfile.Only((Dialect.OpenAIEmbeddings, "/embeddings"), (Dialect.OpenAIChat, "/chat/")),
    };
}
