using NewApi.Domain;
using NewApi.Protocols;
using NewApi.RelayService.Authentication;
using NewApi.RelayService.Replies;

namespace NewApi.RelayService.Endpoints;

/// <summary>Routes that exist only to say that they are not implemented (specification: relay §1.2), and everything unknown below /v1.</summary>
internal static class UnservedEndpoints
{
    private static readonly (string Method, string Path)[] NotImplemented =
    [
        ("POST", "/v1/images/variations"),
        ("DELETE", "/v1/models/{model}"),
        ("GET", "/v1/files"),
        ("POST", "/v1/files"),
        ("GET", "/v1/files/{id}"),
        ("DELETE", "/v1/files/{id}"),
        ("GET", "/v1/files/{id}/content"),
        ("GET", "/v1/fine-tunes"),
        ("POST", "/v1/fine-tunes"),
        ("GET", "/v1/fine-tunes/{id}"),
        ("GET", "/v1/fine-tunes/{id}/events"),
        ("POST", "/v1/fine-tunes/{id}/cancel"),
    ];

    public static IEndpointRouteBuilder MapUnserved(this IEndpointRouteBuilder routes)
    {
        foreach (var (method, path) in NotImplemented)
        {
            routes.MapMethods(path, [method], RefuseAsync).ForCallers();
        }
        routes.Map("/v1/{**rest}", (RequestDelegate)UnknownAsync);
        routes.Map("/v1beta/{**rest}", (RequestDelegate)UnknownAsync);
        return routes;
    }

    private static async Task RefuseAsync(HttpContext http, RelaySnapshots snapshots, Authenticator keys)
    {
        var id = RequestIds.Begin(http);
        var (_, fault) = await keys.AuthenticateAsync(http, snapshots.Current, Dialect.OpenAIChat);
        fault ??= new RelayFault(501, "api_not_implemented", "This API is not implemented.") { Param = "" };
        await ReplyWriter.WriteFaultAsync(http, ErrorShape.OpenAI, fault, id);
    }

    private static Task UnknownAsync(HttpContext http)
    {
        var request = http.Request;
        var fault = new RelayFault(404, "", $"Invalid URL ({request.Method} {request.Path})")
        {
            Type = "invalid_request_error",
            Param = "",
        };
        return ReplyWriter.WriteFaultAsync(http, ErrorShape.OpenAI, fault, RequestIds.Begin(http));
    }
}
