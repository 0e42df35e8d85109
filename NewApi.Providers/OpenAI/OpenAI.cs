using NewApi.Domain;

namespace NewApi.Providers.OpenAI;

/// <summary>OpenAI's own API (channel type 1), the base of every profile that speaks like it.</summary>
internal static class OpenAI
{
    public static ProviderProfile Profile { get; } = new(1, "OpenAI", "https://api.openai.com")
    {
        Paths = ProviderProfile.With(ProviderProfile.OpenAIPaths, (Dialect.OpenAIResponses, "/v1/responses")),
        StreamOptions = true,
    };
}
