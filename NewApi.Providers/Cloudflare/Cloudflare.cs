using NewApi.Domain;

namespace NewApi.Providers.Cloudflare;

/// <summary>Cloudflare's Workers AI (channel type 39); the channel's version field holds the account id.</summary>
internal static class Cloudflare
{
    private const string Account = "/client/v4/accounts/{version}/ai";

    public static ProviderProfile Profile { get; } = new(39, "Cloudflare", "https://api.cloudflare.com")
    {
        Paths = ProviderProfile.Only(
            (Dialect.OpenAIChat, Account + "/v1/chat/completions"),
            (Dialect.OpenAIEmbeddings, Account + "/v1/embeddings"),
            (Dialect.OpenAIResponses, Account + "/v1/responses")),
        DefaultVersion = "",
        StreamOptions = true,
        Rules = [BodyRule.Move("max_completion_tokens", "max_tokens")],
    };
}
