using System.Collections.Frozen;
using NewApi.Domain;

namespace NewApi.Providers.Gemini;

/// <summary>Google's Generative Language API (channel type 24).</summary>
internal static class Gemini
{
    public static ProviderProfile Profile { get; } = new(24, "Gemini", "https://generativelanguage.googleapis.com")
    {
        Credential = CredentialScheme.GoogleKey,
        Paths = new Dictionary<Dialect, string>
        {
            [Dialect.GeminiContent] = "/{version}/models/{model}:{action}",
        }.ToFrozenDictionary(),
    };
}
