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
            (Dialect.GeminiAction, Path),
            (Dialect.OpenAIEmbeddings, "/{version}/models/{model}:batchEmbedContents"),
            (Dialect.OpenAIImages, "/{version}/models/{model}:predict")),
        Route = Route,
        Adapter = new Adapter(),
        Tasks = new GeminiVideos(),
    };

    private static string? Route(UpstreamMessage message)
    {
        var version = message.Account.Other.Length > 0 ? message.Account.Other
            : message.Model.StartsWith("gemini-1.0-pro", StringComparison.Ordinal) ? "v1" : "v1beta";
        return message.Dialect == Dialect.OpenAIImages && !GeminiImages.ByPrediction(message.Model)
            ? $"/{version}/models/{Uri.EscapeDataString(message.Model)}:generateContent"
            : version == "v1" ? message.Account.Profile.Paths[message.Dialect]
                .Replace("{version}", version, StringComparison.Ordinal)
                .Replace("{model}", Uri.EscapeDataString(message.Model), StringComparison.Ordinal)
                .Replace("{action}", message.Action, StringComparison.Ordinal)
            : null;
    }

    private sealed class Adapter : ProviderAdapter
    {
        public override async Task<HttpResponseMessage> SendAsync(UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel)
        {
            ArgumentNullException.ThrowIfNull(message);
            return message.Dialect switch
            {
                Dialect.OpenAIEmbeddings => await GeminiEmbeddings.AnswerAsync(
                    await SendJsonAsync(message, GeminiEmbeddings.Request(Asked(message), message.Model), http, cancel), message, cancel),
                Dialect.OpenAIImages => await GeminiImages.AnswerAsync(
                    await SendJsonAsync(message, GeminiImages.Request(Asked(message), message.Model), http, cancel), message, cancel),
                _ => await SendByRowsAsync(message, http, cancel),
            };
        }
    }
}
