using NewApi.RelayService.Midjourney;

namespace NewApi.RelayService.Endpoints;

/// <summary>
/// Drawings (specification: relay §1.5), below <c>/mj</c> and below <c>/{mode}/mj</c>; the mode is a word of the upstream's, such as
/// <c>fast</c>.
/// </summary>
internal static class MidjourneyEndpoints
{
    private static readonly string[] Submissions =
    [
        "imagine", "describe", "blend", "shorten", "modal", "change", "simple-change", "action", "edits", "video", "upload-discord-images",
    ];

    public static IEndpointRouteBuilder MapMidjourney(this IEndpointRouteBuilder routes)
    {
        var relay = routes.ServiceProvider.GetRequiredService<MidjourneyRelay>();
        foreach (var prefix in (string[])["/mj", "/{mode:length(1,32)}/mj"])
        {
            foreach (var what in Submissions)
            {
                routes.MapPost($"{prefix}/submit/{what}", (RequestDelegate)(http => relay.SubmitAsync(http, what))).ForCallers();
            }
            routes.MapPost($"{prefix}/insight-face/swap", (RequestDelegate)(http => relay.SubmitAsync(http, "swap"))).ForCallers();
            routes.MapGet($"{prefix}/task/{{id}}/fetch", (RequestDelegate)(http => relay.FetchAsync(http, IdOf(http)))).ForCallers();
            routes.MapGet($"{prefix}/task/{{id}}/image-seed", (RequestDelegate)(http => relay.SeedAsync(http, IdOf(http)))).ForCallers();
            routes.MapPost($"{prefix}/task/list-by-condition", (RequestDelegate)relay.ListAsync).ForCallers();
        }
        // Open to everybody: a browser that shows a picture has no key, and a proxy that reports shows its own proof.
        var pictures = routes.ServiceProvider.GetRequiredService<MidjourneyPictures>();
        routes.MapGet("/mj/image/{id}", (RequestDelegate)(http => pictures.SendAsync(http, IdOf(http))));
        routes.MapGet("/{mode:length(1,32)}/mj/image/{id}", (RequestDelegate)(http => pictures.SendAsync(http, IdOf(http))));
        routes.MapPost("/mj/notify/{channel:long}/{call}/{seal}", (RequestDelegate)relay.NotifyAsync);
        return routes;
    }

    private static string IdOf(HttpContext http) => (string?)http.Request.RouteValues["id"] ?? "";
}
