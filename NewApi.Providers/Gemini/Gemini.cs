using NewApi.Domain;

namespace NewApi.Providers.Gemini;

/// <summary>Google's Generative Language API (channel type 24).</summary>
internal static class Gemini
{
    private const string Path = "/{version}/models/{model}:{action}";

    public static ProviderProfile Profile { get; } = new(24, "Gemini", "https://generativelanguage.googleapis.com")
    {
        Credential = CredentialScheme.GoogleKey,
        Paths = ProviderProfile.Only(
            (Dialect.GeminiContent, Path),
            (Dialect.GeminiEmbeddings, Path),
            (Dialect.GeminiAction, Path)),
    };
}
