using NewApi.Data.Tasks;
using NewApi.RelayService.Tasks;

namespace NewApi.RelayService.Endpoints;

/// <summary>Work that is ordered now and fetched later (specification: relay §1.5, §9.2, §9.3).</summary>
internal static class TaskEndpoints
{
    private const string JimengSubmit = "CVSync2AsyncSubmitTask";
    private const string JimengResult = "CVSync2AsyncGetResult";

    public static IEndpointRouteBuilder MapTasks(this IEndpointRouteBuilder routes)
    {
        var services = routes.ServiceProvider;
        var pipeline = services.GetRequiredService<TaskPipeline>();
        var reader = services.GetRequiredService<TaskReader>();
        var content = services.GetRequiredService<TaskContent>();
        var snapshots = services.GetRequiredService<RelaySnapshots>();

        Task Submit(HttpContext http, TaskSurface surface) => pipeline.SubmitAsync(http, surface, null, WriteVideoAsync);
        Task WriteVideoAsync(HttpContext http, StoredTask task) => TaskReplies.WriteAsync(
            http, StatusCodes.Status200OK, json => TaskReplies.WriteVideo(json, task, snapshots.Current.Options.ServerAddress));

        routes.Post("/v1/videos", http => Submit(http, TaskSurface.Video));
        routes.Post("/v1/video/generations", http => Submit(http, TaskSurface.Video));
        routes.Post("/v1/videos/{id}/remix", http => pipeline.SubmitAsync(http, TaskSurface.Remix, IdOf(http), WriteVideoAsync));
        routes.Get("/v1/videos/{id}", http => reader.WriteVideoAsync(http, IdOf(http)));
        routes.Get("/v1/videos/{id}/content", http => content.WriteAsync(http, IdOf(http)));
        routes.Get("/v1/video/generations/{id}", http => reader.WriteTaskAsync(http, IdOf(http)));

        foreach (var kind in (ReadOnlySpan<string>)["text2video", "image2video"])
        {
            routes.Post($"/kling/v1/videos/{kind}", http => Submit(http, TaskSurface.Kling));
            routes.Get($"/kling/v1/videos/{kind}/{{id}}", http => reader.WriteTaskAsync(http, IdOf(http)));
        }
        routes.Post("/jimeng/", http => http.Request.Query["Action"].ToString() switch
        {
            JimengSubmit => Submit(http, TaskSurface.Jimeng),
            JimengResult => reader.WriteNamedAsync(http),
            _ => TaskFaults.WriteAsync(http, TaskOrders.Invalid($"The query must have Action={JimengSubmit} or Action={JimengResult}."), RequestIds.Begin(http)),
        });

        routes.Post("/suno/submit/{action}", http => ((string?)http.Request.RouteValues["action"])?.ToLowerInvariant() switch
        {
            "music" => pipeline.SubmitAsync(http, TaskSurface.Music, null, WriteIdAsync),
            "lyrics" => pipeline.SubmitAsync(http, TaskSurface.Lyrics, null, WriteIdAsync),
            _ => TaskFaults.WriteAsync(http, TaskOrders.Invalid("The action must be music or lyrics."), RequestIds.Begin(http)),
        });
        routes.Post("/suno/fetch", reader.WriteListAsync);
        routes.Get("/suno/fetch/{id}", http => reader.WriteTaskAsync(http, IdOf(http)));
        return routes;
    }

    private static Task WriteIdAsync(HttpContext http, StoredTask task) =>
        TaskReplies.WriteSuccessAsync(http, json => json.WriteStringValue(task.Id));

    private static string IdOf(HttpContext http) => (string?)http.Request.RouteValues["id"] ?? "";

    private static void Post(this IEndpointRouteBuilder routes, string path, RequestDelegate handler) => routes.MapPost(path, handler).ForCallers();

    private static void Get(this IEndpointRouteBuilder routes, string path, RequestDelegate handler) => routes.MapGet(path, handler).ForCallers();
}
