using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Providers.DeepSeek;

/// <summary>DeepSeek (channel type 43). How deep it thinks may be said by a suffix of the fourth series' names.</summary>
internal static class DeepSeek
{
    public static ProviderProfile Profile { get; } = new(43, "DeepSeek", "https://api.deepseek.com")
    {
        Paths = ProviderProfile.Only(
            (Dialect.OpenAIChat, "/v1/chat/completions"),
            (Dialect.OpenAICompletions, "/beta/completions"),
            (Dialect.AnthropicMessages, "/anthropic/v1/messages")),
        StreamOptions = true,
        // https://api-docs.deepseek.com/guides/thinking_mode: 400 where the thoughts before a tool call are missing.
        Traits = new UpstreamTraits { DefaultMaxTokens = 8192, TakesReasoning = true, NeedsReasoning = true },
        Rules =
        [
            BodyRule.Move("max_completion_tokens", "max_tokens"),
            BodyRule.Suffix("-none", draft => draft.Set("thinking", new JsonObject { ["type"] = "disabled" }), IsFourth),
            BodyRule.Suffix("-max", Deepest, IsFourth),
            BodyRule.Suffix("-none", draft => draft.Set("thinking", new JsonObject { ["type"] = "disabled" }), IsFourth) with
            {
                Dialects = [Dialect.AnthropicMessages],
            },
            BodyRule.Suffix("-max", DeepestMessages, IsFourth) with { Dialects = [Dialect.AnthropicMessages] },
        ],
    };

    private static bool IsFourth(string model) => model.StartsWith("deepseek-v4-", StringComparison.Ordinal);

    private static void Deepest(RequestDraft draft)
    {
        draft.Set("thinking", new JsonObject { ["type"] = "enabled" });
        draft.Set("reasoning_effort", "max");
    }

    private static void DeepestMessages(RequestDraft draft)
    {
        draft.Set("thinking", new JsonObject { ["type"] = "enabled" });
        draft.Set("output_config", new JsonObject { ["effort"] = "max" });
    }
}
