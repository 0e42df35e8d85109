using NewApi.Domain;
using NewApi.Protocols.Canonical;

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
        // https://platform.moonshot.ai/docs/guide/use-kimi-k2-thinking-model: 400 where the thoughts before a tool call are missing.
        Traits = new UpstreamTraits { DefaultMaxTokens = 8192, TakesReasoning = true, NeedsReasoning = true },
        Rules = [BodyRule.Move("max_completion_tokens", "max_tokens")],
    };
}
