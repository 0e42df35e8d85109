using NewApi.Domain;

namespace NewApi.Providers.Moonshot;

/// <summary>Moonshot's Kimi (channel type 25).</summary>
internal static class Moonshot
{
    public static ProviderProfile Profile { get; } = new(25, "Moonshot", "https://api.moonshot.cn")
    {
        Paths = ProviderProfile.With(
            ProviderProfile.ChatPaths, (Dialect.AnthropicMessages, "/anthropic/v1/messages"), (Dialect.Rerank, "/v1/rerank")),
        SpecialBases = SpecialBase.All,
        StreamOptions = true,
        Rules = [BodyRule.Move("max_completion_tokens", "max_tokens")],
    };
}
