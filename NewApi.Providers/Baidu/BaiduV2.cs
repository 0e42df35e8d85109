using System.Text.Json.Nodes;
using NewApi.Domain;

namespace NewApi.Providers.Baidu;

/// <summary>Baidu's Qianfan by its second API (channel type 46). The key is a token, or a token and an app id: <c>token|appid</c>.</summary>
internal static class BaiduV2
{
    public static ProviderProfile Profile { get; } = new(46, "BaiduV2", "https://qianfan.baidubce.com")
    {
        ModelsPath = "/v2/models",
        Paths = ProviderProfile.Only(
            (Dialect.OpenAIChat, "/v2/chat/completions"),
            (Dialect.OpenAIEmbeddings, "/v2/embeddings"),
            (Dialect.OpenAIImages, "/v2/images/generations"),
            (Dialect.Rerank, "/v2/rerank")),
        StreamOptions = true,
        AddHeaders = (message, headers) =>
        {
            if (message.Key.Split('|') is [var token, var app])
            {
                headers.Remove("Authorization");
                headers.TryAddWithoutValidation("Authorization", "Bearer " + token);
                headers.TryAddWithoutValidation("appid", app);
            }
        },
        Rules =
        [
            BodyRule.Suffix("-search", draft => draft.Set("web_search", new JsonObject { ["enable"] = true })),
        ],
    };
}
