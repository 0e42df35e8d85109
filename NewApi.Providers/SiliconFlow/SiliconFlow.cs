using NewApi.Domain;

namespace NewApi.Providers.SiliconFlow;

/// <summary>SiliconFlow (channel type 40).</summary>
internal static class SiliconFlow
{
    public static ProviderProfile Profile { get; } = new(40, "SiliconFlow", "https://api.siliconflow.cn")
    {
        Paths = ProviderProfile.With(
            ProviderProfile.ChatPaths,
            (Dialect.Rerank, "/v1/rerank"),
            (Dialect.OpenAIImages, "/v1/images/generations"),
            (Dialect.OpenAISpeech, "/v1/audio/speech"),
            (Dialect.OpenAITranscriptions, "/v1/audio/transcriptions")),
        StreamOptions = true,
        Rules = [BodyRule.Move("max_completion_tokens", "max_tokens")],
    };
}
