using NewApi.Domain.Options;

namespace NewApi.AdminService.Models;

/// <summary>
/// The models that are known without asking anybody: those with a shipped price, each under the channel type of its maker. It fills the
/// suggestions of forms and says nothing about what is served.
/// </summary>
internal static class ModelCatalog
{
    private const long OpenAI = 1;

    private static readonly (string Prefix, long Type, string Owner)[] Makers =
    [
        ("claude", 14, "anthropic"), ("gemini", 24, "google"), ("imagen", 24, "google"), ("text-embedding-004", 24, "google"),
        ("PaLM", 11, "google"), ("deepseek", 43, "deepseek"), ("qwen", 17, "ali"), ("Qwen", 17, "ali"), ("qwq", 17, "ali"),
        ("text-embedding-v", 17, "ali"), ("ERNIE", 15, "baidu"), ("BLOOMZ", 15, "baidu"), ("Embedding-V1", 15, "baidu"), ("bge-", 15, "baidu"),
        ("tao-8k", 15, "baidu"), ("glm", 26, "zhipu"), ("chatglm", 16, "zhipu"), ("cogview", 26, "zhipu"), ("hunyuan", 23, "tencent"),
        ("ChatPro", 23, "tencent"), ("ChatStd", 23, "tencent"), ("Spark", 18, "xunfei"), ("360", 19, "360"), ("embedding-bert", 19, "360"),
        ("embedding_s1", 19, "360"), ("semantic_similarity", 19, "360"), ("moonshot", 25, "moonshot"), ("kimi", 25, "moonshot"),
        ("llama-3-sonar", 27, "perplexity"), ("sonar", 27, "perplexity"), ("yi-", 31, "lingyiwanwu"), ("command", 34, "cohere"),
        ("embed-", 34, "cohere"), ("abab", 35, "minimax"), ("MiniMax", 35, "minimax"), ("jina-", 38, "jina"), ("mistral", 42, "mistral"),
        ("open-mi", 42, "mistral"), ("codestral", 42, "mistral"), ("pixtral", 42, "mistral"), ("ministral", 42, "mistral"),
        ("grok", 48, "xai"), ("doubao", 45, "volcengine"), ("Doubao", 45, "volcengine"), ("mj_", 2, "midjourney"), ("swap_face", 2, "midjourney"),
        ("suno", 36, "suno"), ("@cf/", 39, "cloudflare"), ("m3e", 44, "moka"), ("llama", 4, "meta"), ("sora", 55, "openai"),
    ];

    public static IReadOnlyList<KnownModel> All { get; } =
    [
        .. GatewayOptions.Default.ModelRatio.Keys.Concat(GatewayOptions.Default.ModelPrice.Keys)
            .Where(name => !name.Contains('*'))
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(Describe),
    ];

    private static KnownModel Describe(string name)
    {
        foreach (var (prefix, type, owner) in Makers)
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal))
            {
                return new KnownModel(name, type, owner);
            }
        }
        return new KnownModel(name, OpenAI, "openai");
    }
}

internal sealed record KnownModel(string Name, long ChannelType, string Owner);
