using NewApi.Domain;

namespace NewApi.Providers.Ali;

/// <summary>
/// Alibaba's DashScope (channel type 17): chats by its compatible mode, rerankers and images by its own. The channel's version field names a
/// plugin.
/// </summary>
internal static class Ali
{
    public static ProviderProfile Profile { get; } = new(17, "Ali", "https://dashscope.aliyuncs.com")
    {
        ModelsPath = "/compatible-mode/v1/models",
        Paths = ProviderProfile.Only(
            (Dialect.OpenAIChat, "/compatible-mode/v1/chat/completions"),
            (Dialect.OpenAICompletions, "/compatible-mode/v1/completions"),
            (Dialect.OpenAIEmbeddings, "/compatible-mode/v1/embeddings"),
            (Dialect.AnthropicMessages, "/api/v2/apps/claude-code-proxy/v1/messages"),
            (Dialect.Rerank, "/api/v1/services/rerank/text-rerank/text-rerank"),
            (Dialect.OpenAIImages, "/api/v1/services/aigc/text2image/image-synthesis"),
            (Dialect.OpenAIImageEdits, "/api/v1/services/aigc/image2image/image-synthesis")),
        StreamOptions = true,
        AddHeaders = (message, headers) =>
        {
            if (message.Stream)
            {
                headers.TryAddWithoutValidation("X-DashScope-SSE", "enable");
            }
            if (message.Account.Other.Length > 0)
            {
                headers.TryAddWithoutValidation("X-DashScope-Plugin", message.Account.Other);
            }
        },
        Rules =
        [
            BodyRule.Suffix("-internet", draft => draft.Set("enable_search", true)),
            BodyRule.Move("max_completion_tokens", "max_tokens"),
            BodyRule.Clamp("top_p", 0.001m, 0.999m),
        ],
        Adapter = new AliAdapter(),
        Tasks = new AliVideos(),
    };
}
