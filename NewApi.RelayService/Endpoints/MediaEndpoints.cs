using NewApi.Domain;

namespace NewApi.RelayService.Endpoints;

/// <summary>Calls about pictures and sound (specification: relay §1.2).</summary>
internal static class MediaEndpoints
{
    public static IEndpointRouteBuilder MapMedia(this IEndpointRouteBuilder routes)
    {
        routes.MapCall("/v1/images/generations", Dialect.OpenAIImages);
        routes.MapCall("/v1/images/edits", Dialect.OpenAIImageEdits);
        routes.MapCall("/v1/audio/speech", Dialect.OpenAISpeech);
        routes.MapCall("/v1/audio/transcriptions", Dialect.OpenAITranscriptions);
        routes.MapCall("/v1/audio/translations", Dialect.OpenAITranslations);
        return routes;
    }
}
