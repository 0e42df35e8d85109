using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Providers.Zhipu;

/// <summary>Zhipu's GLM by its fourth API (channel type 26).</summary>
internal static class ZhipuV4
{
    public static ProviderProfile Profile { get; } = new(26, "ZhipuV4", "https://open.bigmodel.cn")
    {
        ModelsPath = "/api/paas/v4/models",
        Paths = ProviderProfile.Only(
            (Dialect.OpenAIChat, "/api/paas/v4/chat/completions"),
            (Dialect.OpenAIEmbeddings, "/api/paas/v4/embeddings"),
            (Dialect.OpenAIImages, "/api/paas/v4/images/generations"),
            (Dialect.OpenAIResponses, "/api/v1/responses"),
            (Dialect.AnthropicMessages, "/api/anthropic/v1/messages")),
        SpecialBases = SpecialBase.All,
        StreamOptions = true,
        // https://docs.z.ai/guides/capabilities/thinking-mode: thoughts go back together with the results of tools.
        Traits = new UpstreamTraits { DefaultMaxTokens = 8192, TakesReasoning = true },
        // 1 and more is refused.
        Rules = [BodyRule.Move("max_completion_tokens", "max_tokens"), BodyRule.Clamp("top_p", 0, 0.99m)],
    };
}
