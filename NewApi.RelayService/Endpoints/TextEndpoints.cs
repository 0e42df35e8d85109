using NewApi.Domain;
using NewApi.Protocols;
using NewApi.RelayService.Replies;

namespace NewApi.RelayService.Endpoints;

/// <summary>Calls that are answered with text or vectors (specification: relay §1.2–1.4).</summary>
internal static class TextEndpoints
{
    public static IEndpointRouteBuilder MapText(this IEndpointRouteBuilder routes)
    {
        routes.MapCall("/v1/chat/completions", Dialect.OpenAIChat);
        routes.MapCall("/v1/completions", Dialect.OpenAICompletions);
        routes.MapCall("/v1/embeddings", Dialect.OpenAIEmbeddings);
        routes.MapCall("/v1/responses", Dialect.OpenAIResponses);
        routes.MapCall("/v1/messages", Dialect.AnthropicMessages);
        routes.MapGemini("/v1beta/models/{**call}");
        routes.MapGemini("/v1/models/{**call}");
        return routes;
    }

    private static void MapCall(this IEndpointRouteBuilder routes, string path, Dialect dialect)
    {
        var pipeline = routes.ServiceProvider.GetRequiredService<RelayPipeline>();
        routes.MapPost(path, (RequestDelegate)(http => pipeline.RunAsync(http, dialect))).ForCallers();
    }

    /// <summary>Gemini names model and action in the path: <c>models/{model}:{action}</c>.</summary>
    private static void MapGemini(this IEndpointRouteBuilder routes, string path)
    {
        var pipeline = routes.ServiceProvider.GetRequiredService<RelayPipeline>();
        routes.MapPost(path, (RequestDelegate)(http =>
        {
            var call = (string?)http.Request.RouteValues["call"] ?? "";
            var colon = call.LastIndexOf(':');
            var (model, action) = colon < 0 ? (call, "") : (call[..colon], call[(colon + 1)..]);
            return action is "generateContent" or "streamGenerateContent"
                ? pipeline.RunAsync(http, Dialect.GeminiContent, model, action)
                : ReplyWriter.WriteFaultAsync(http, ErrorShape.Gemini, Unserved(http.Request), RequestIds.Begin(http));
        })).ForCallers();
    }

    private static RelayFault Unserved(HttpRequest request) =>
        new(404, "", $"Unknown request: {request.Method} {request.Path}.") { Type = "invalid_request_error", Param = "" };
}
