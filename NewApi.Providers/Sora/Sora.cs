using System.Collections.Frozen;
using NewApi.Domain;

namespace NewApi.Providers.Sora;

/// <summary>A channel for OpenAI's films alone (channel type 55).</summary>
internal static class Sora
{
    public static ProviderProfile Profile { get; } = new(55, "Sora", "https://api.openai.com")
    {
        Paths = FrozenDictionary<Dialect, string>.Empty,
        Tasks = new SoraVideos(),
    };
}
