using System.Collections.Frozen;

namespace NewApi.Providers;

/// <summary>Every provider the gateway knows, by channel type number.</summary>
public static class ProviderRegistry
{
    public static IReadOnlyList<ProviderProfile> All { get; } =
    [
        OpenAI.OpenAI.Profile,
        Anthropic.Anthropic.Profile,
        Gemini.Gemini.Profile,
        .. OpenAI.Resellers.Profiles,
        Custom.Custom.Profile,
        .. Tasks.TaskServices.Profiles,
    ];

    private static readonly FrozenDictionary<int, ProviderProfile> ByType = All.ToFrozenDictionary(profile => profile.ChannelType);

    /// <summary>The profile of a channel type, or null when that type cannot be relayed to.</summary>
    public static ProviderProfile? Find(int channelType) => ByType.GetValueOrDefault(channelType);
}
