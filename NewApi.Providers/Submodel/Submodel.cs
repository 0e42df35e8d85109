namespace NewApi.Providers.Submodel;

/// <summary>Submodel (channel type 53).</summary>
internal static class Submodel
{
    public static ProviderProfile Profile { get; } = new(53, "Submodel", "https://llm.submodel.ai")
    {
        Paths = ProviderProfile.ChatPaths,
        StreamOptions = true,
    };
}
