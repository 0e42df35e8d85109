using System.Collections.Frozen;
using NewApi.Domain;

namespace NewApi.Providers;

/// <summary>Every provider the gateway knows, by channel type number.</summary>
public static class ProviderRegistry
{
    public static IReadOnlyList<ProviderProfile> All { get; } =
    [
        OpenAI.OpenAI.Profile,
        Azure.Azure.Profile,
        Ollama.Ollama.Profile,
        Custom.Custom.Profile,
        Palm.Palm.Profile,
        Anthropic.Anthropic.Profile,
        Baidu.BaiduV1.Profile,
        Zhipu.ZhipuV3.Profile,
        Ali.Ali.Profile,
        Xunfei.Xunfei.Profile,
        OpenRouter.OpenRouter.Profile,
        Tencent.Tencent.Profile,
        Gemini.Gemini.Profile,
        Moonshot.Moonshot.Profile,
        Zhipu.ZhipuV4.Profile,
        Perplexity.Perplexity.Profile,
        Bedrock.Bedrock.Profile,
        Cohere.Cohere.Profile,
        MiniMax.MiniMax.Profile,
        Dify.Dify.Profile,
        Jina.Jina.Profile,
        Cloudflare.Cloudflare.Profile,
        SiliconFlow.SiliconFlow.Profile,
        Vertex.Vertex.Profile,
        Mistral.Mistral.Profile,
        DeepSeek.DeepSeek.Profile,
        Moka.Moka.Profile,
        VolcEngine.VolcEngine.Profile,
        Baidu.BaiduV2.Profile,
        Xinference.Xinference.Profile,
        XAI.XAI.Profile,
        Coze.Coze.Profile,
        Jimeng.Jimeng.Profile,
        Submodel.Submodel.Profile,
        Replicate.Replicate.Profile,
        Codex.Codex.Profile,
        AdvancedCustom.AdvancedCustom.Profile,
        Suno.Suno.Profile,
        Kling.Kling.Profile,
        Sora.Sora.Profile,
        Vidu.Vidu.Profile,
        VolcEngine.VolcEngine.Films,
        .. OpenAI.Resellers.Profiles,
        .. Tasks.TaskServices.Profiles,
    ];

    private static readonly FrozenDictionary<int, ProviderProfile> ByType = All.ToFrozenDictionary(profile => profile.ChannelType);

    /// <summary>A model that makes films: by its name, or because its channels do nothing else.</summary>
    public static bool IsFilm(string model, IEnumerable<long> channelTypes)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.StartsWith("sora", StringComparison.Ordinal)
            || (channelTypes.Select(type => Find((int)type)).ToList() is { Count: > 0 } profiles
                && profiles.TrueForAll(static profile => profile is { Tasks.Dialect: Dialect.Video, Paths.Count: 0 }));
    }

    /// <summary>The profile of a channel type, or null when that type cannot be relayed to.</summary>
    public static ProviderProfile? Find(int channelType) => ByType.GetValueOrDefault(channelType);
}
