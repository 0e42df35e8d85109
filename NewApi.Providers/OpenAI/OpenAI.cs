using NewApi.Domain;
using NewApi.Providers.Sora;

namespace NewApi.Providers.OpenAI;

/// <summary>OpenAI's own API (channel type 1), the base of every profile that speaks like it.</summary>
internal static class OpenAI
{
    public static ProviderProfile Profile { get; } = new(1, "OpenAI", "https://api.openai.com")
    {
        Paths = ProviderProfile.OpenAIPaths,
        StreamOptions = true,
        PrefersResponses = true,
        GatewayPrefix = "/v1",
        Rules = ReasoningModels.Rules,
        Tasks = new SoraVideos(),
    };

    /// <summary>A service that resells OpenAI's API path by path and is not trusted with <c>stream_options</c>.</summary>
    public static ProviderProfile Reseller(int channelType, string name, string? baseUrl) => Profile with
    {
        ChannelType = channelType,
        Name = name,
        BaseUrl = baseUrl,
        StreamOptions = false,
        PrefersResponses = false,
        GatewayPrefix = null,
        Tasks = null,
    };
}
