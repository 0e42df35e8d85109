using NewApi.Domain;

namespace NewApi.Providers.Anthropic;

/// <summary>Anthropic's Messages API (channel type 14).</summary>
internal static class Anthropic
{
    public static ProviderProfile Profile { get; } = new(14, "Anthropic", "https://api.anthropic.com")
    {
        Credential = CredentialScheme.AnthropicKey,
        Paths = ProviderProfile.Only(
            (Dialect.AnthropicMessages, "/v1/messages"),
            (Dialect.AnthropicCountTokens, "/v1/messages/count_tokens")),
    };
}
