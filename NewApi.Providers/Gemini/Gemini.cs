using NewApi.Domain;

namespace NewApi.Providers.Gemini;

/// <summary>Google's Generative Language API (channel type 24); the channel's version field may name a version.</summary>
internal static class Gemini
{
    private const string Path = "/{version}/models/{model}:{action}";

    public static ProviderProfile Profile { get; } = new(24, "Gemini", "https://generativelanguage.googleapis.com")
    {
        Credential = CredentialScheme.GoogleKey,
        ModelsPath = "/v1beta/models?pageSize=1000",
        Paths = ProviderProfile.Only(
            (Dialect.GeminiContent, Path),
            (Dialect.GeminiEmbeddings, Path),
            (Dialect.GeminiAction, Path)),
        Route = Route,
        Tasks = new GeminiVideos(),
    };

    private static string? Route(UpstreamMessage message)
    {
        var version = message.Account.Other.Length > 0 ? message.Account.Other
            : message.Model.StartsWith("gemini-1.0-pro", StringComparison.Ordinal) ? "v1" : "v1beta";
        return version == "v1" ? message.Account.Profile.Paths[message.Dialect]
            .Replace("{version}", version, StringComparison.Ordinal)
            .Replace("{model}", Uri.EscapeDataString(message.Model), StringComparison.Ordinal)
            .Replace("{action}", Uri.EscapeDataString(message.Action ?? ""), StringComparison.Ordinal)
            : null;
    }
}
