using System.Text.Json;
using LinqToDB;
using NewApi.AdminService.Access;
using NewApi.AdminService.Http;
using NewApi.AdminService.Settings;
using NewApi.Data;
using NewApi.Data.Rows;
using NewApi.Data.Tasks;
using NewApi.Domain.Tasks;

namespace NewApi.AdminService.Usage;

/// <summary>A song or a film, as it is stored, without what nobody is to see.</summary>
internal sealed record TaskView(
    long Id,
    long CreatedAt,
    long UpdatedAt,
    string TaskId,
    string Platform,
    long UserId,
    string Group,
    long ChannelId,
    long Quota,
    string Action,
    string Status,
    string FailReason,
    string ResultUrl,
    long SubmitTime,
    long StartTime,
    long FinishTime,
    string Progress,
    JsonElement? Properties,
    JsonElement? Data);

/// <summary>Songs and films, everybody's and the own ones (specification: admin API §15).</summary>
internal static class TaskEndpoints
{
    private const int CountCap = 100_000;

    public static void MapTasks(this IEndpointRouteBuilder routes)
    {
        var tasks = routes.MapGroup("/task").WithTags("Usage");
        tasks.MapGet("", List).RequireRole(Roles.Admin).WithSummary("Tasks (songs and films); times in seconds");
        tasks.MapGet("/self", ListOwn).WithSummary("The own tasks");
    }

    internal static async Task<IResult> List(HttpRequest request, Database database, LiveOptions options, CancellationToken ct)
    {
        await using var db = database.Open();
        var channel = request.Number("channel_id");
        var found = Filter(db.Tasks, request);
        return await PageAsync(request, channel != 0 ? found.Where(row => row.ChannelId == channel) : found, options, forAdmin: true, ct);
    }

    internal static async Task<IResult> ListOwn(HttpRequest request, AdminCaller caller, Database database, LiveOptions options, CancellationToken ct)
    {
        await using var db = database.Open();
        return await PageAsync(request, Filter(db.Tasks.Where(row => row.UserId == caller.Id), request), options, forAdmin: false, ct);
    }

    private static async Task<IResult> PageAsync(
        HttpRequest request, IQueryable<TaskRow> found, LiveOptions options, bool forAdmin, CancellationToken ct)
    {
        var server = (await options.CurrentAsync(ct)).ServerAddress;
        return Answer.Ok(await Paging.Of(request).ReadAsync(
            found, found.OrderByDescending(row => row.Id), row => View(new StoredTask(row), server, forAdmin), ct, CountCap));
    }

    private static IQueryable<TaskRow> Filter(IQueryable<TaskRow> rows, HttpRequest request)
    {
        var (platform, id, status, action) = (request.Text("platform"), request.Text("task_id"), request.Text("status"), request.Text("action"));
        var (from, until) = (request.Number("start_timestamp"), request.Number("end_timestamp"));
        rows = platform.Length > 0 ? rows.Where(row => row.Platform == platform) : rows;
        rows = id.Length > 0 ? rows.Where(row => row.TaskId == id) : rows;
        rows = status.Length > 0 ? rows.Where(row => row.Status == status) : rows;
        rows = action.Length > 0 ? rows.Where(row => row.Action == action) : rows;
        rows = from != 0 ? rows.Where(row => row.SubmitTime >= from) : rows;
        return until != 0 ? rows.Where(row => row.SubmitTime <= until) : rows;
    }

    private static TaskView View(StoredTask task, string server, bool forAdmin)
    {
        var row = task.Row;
        var url = task.State == TaskState.Succeeded && row.Platform != "suno" ? task.UrlAt(server) : "";
        return new TaskView(
            row.Id,
            row.CreatedAt,
            row.UpdatedAt,
            row.TaskId,
            row.Platform,
            row.UserId,
            row.Group,
            forAdmin ? row.ChannelId : 0,
            row.Quota,
            row.Action,
            row.Status,
            // Front ends of the reference look for the film of a finished task where a failed one has its reason.
            task.State == TaskState.Succeeded ? url : row.FailReason,
            url,
            row.SubmitTime,
            row.StartTime,
            row.FinishTime,
            row.Progress,
            Json(row.Properties),
            Json(forAdmin ? row.Data : task.PublicData));
    }

    private static JsonElement? Json(string? text)
    {
        try
        {
            return string.IsNullOrWhiteSpace(text) ? null : JsonElement.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
