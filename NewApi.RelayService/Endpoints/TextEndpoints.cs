using NewApi.Domain;
using NewApi.Protocols;
using NewApi.RelayService.Replies;

namespace NewApi.RelayService.Endpoints;

/// <summary>Calls that are answered with text, vectors, rankings or judgements (specification: relay §1.2–1.4).</summary>
internal static class TextEndpoints
{
    public static IEndpointRouteBuilder MapText(this IEndpointRouteBuilder routes)
    {
        routes.MapCall("/v1/chat/completions", Dialect.OpenAIChat);
        routes.MapCall("/v1/completions", Dialect.OpenAICompletions);
        routes.MapCall("/v1/edits", Dialect.OpenAIEdits);
        routes.MapCall("/v1/embeddings", Dialect.OpenAIEmbeddings);
        routes.MapCall("/v1/engines/{model}/embeddings", Dialect.OpenAIEmbeddings);
        routes.MapCall("/v1/moderations", Dialect.OpenAIModerations);
        routes.MapCall("/v1/rerank", Dialect.Rerank);
        routes.MapCall("/v1/responses", Dialect.OpenAIResponses);
        routes.MapCall("/v1/responses/compact", Dialect.OpenAIResponsesCompact);
        routes.MapCall("/v1/alpha/search", Dialect.OpenAISearch);
        routes.MapCall("/v1/messages", Dialect.AnthropicMessages);
        routes.MapCall("/v1/messages/count_tokens", Dialect.AnthropicCountTokens);
        routes.MapCall("/v1beta/openai/chat/completions", Dialect.OpenAIChat);
        routes.MapCall("/pg/chat/completions", Dialect.OpenAIChat);
        routes.MapCall("/v1beta/openai/embeddings", Dialect.OpenAIEmbeddings);
        routes.MapGemini("/v1beta/models/{**call}");
        routes.MapGemini("/v1/models/{**call}");
        return routes;
    }

    /// <summary>A route of one dialect; a <c>{model}</c> in its path is the model.</summary>
    internal static void MapCall(this IEndpointRouteBuilder routes, string path, Dialect dialect)
    {
        var pipeline = routes.ServiceProvider.GetRequiredService<RelayPipeline>();
        routes.MapPost(path, (RequestDelegate)(http => pipeline.RunAsync(http, dialect, (string?)http.Request.RouteValues["model"]))).ForCallers();
    }

    /// <summary>Gemini names model and action in the path: <c>models/{model}:{action}</c>.</summary>
    private static void MapGemini(this IEndpointRouteBuilder routes, string path)
    {
        var pipeline = routes.ServiceProvider.GetRequiredService<RelayPipeline>();
        routes.MapPost(path, (RequestDelegate)(http =>
        {
            var call = (string?)http.Request.RouteValues["call"] ?? "";
            var colon = call.LastIndexOf(':');
            return colon > 0 && DialectOf(call[(colon + 1)..]) is { } dialect
                ? pipeline.RunAsync(http, dialect, call[..colon], call[(colon + 1)..])
                : ReplyWriter.WriteFaultAsync(http, ErrorShape.Gemini, Unserved(http.Request), RequestIds.Begin(http));
        })).ForCallers();
    }

    /// <summary>Null for actions that nobody knows the price of: what they make would be paid upstream and by no caller.</summary>
    private static Dialect? DialectOf(string action) => action switch
    {
        "generateContent" or "streamGenerateContent" => Dialect.GeminiContent,
        "embedContent" or "batchEmbedContents" => Dialect.GeminiEmbeddings,
        "countTokens" or "predict" => Dialect.GeminiAction,
        _ => null,
    };

    private static RelayFault Unserved(HttpRequest request) =>
        new(404, "", $"Unknown request: {request.Method} {request.Path}.") { Type = "invalid_request_error", Param = "" };
}
