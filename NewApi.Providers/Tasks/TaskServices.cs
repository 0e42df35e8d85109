using System.Collections.Frozen;
using NewApi.Domain;

namespace NewApi.Providers.Tasks;

/// <summary>Services of jobs that are submitted and asked for later: they speak no dialect of answers, and are never picked for one.</summary>
internal static class TaskServices
{
    public static IReadOnlyList<ProviderProfile> Profiles { get; } =
    [
        Service(2, "Midjourney", "https://oa.api2d.net"),
        Service(5, "MidjourneyPlus", "https://api.openai-sb.com"),
        // A library of documents whose service has closed; its channels stay in the database and serve nothing.
        Service(21, "AIProxyLibrary", "https://api.aiproxy.io"),
    ];

    private static ProviderProfile Service(int channelType, string name, string? baseUrl) =>
        new(channelType, name, baseUrl) { Paths = FrozenDictionary<Dialect, string>.Empty };
}
