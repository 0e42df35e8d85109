using LinqToDB;
using NewApi.AdminService.Access;
using NewApi.AdminService.Http;
using NewApi.AdminService.Settings;
using NewApi.Data;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Usage;

/// <summary>A drawing task, as it is stored.</summary>
internal sealed record DrawingView(
    long Id,
    long Code,
    long UserId,
    string Action,
    string MjId,
    string Prompt,
    string PromptEn,
    string Description,
    string State,
    long SubmitTime,
    long StartTime,
    long FinishTime,
    string ImageUrl,
    string VideoUrl,
    string VideoUrls,
    string Status,
    string Progress,
    string FailReason,
    long ChannelId,
    long Quota,
    string Buttons,
    string Properties);

/// <summary>Drawings, everybody's and the own ones (specification: admin API §15).</summary>
internal static class DrawingEndpoints
{
    private const int CountCap = 100_000;

    public static void MapDrawings(this IEndpointRouteBuilder routes)
    {
        var drawings = routes.MapGroup("/mj").WithTags("Usage");
        drawings.MapGet("", List).RequireRole(Roles.Admin).WithSummary("Drawing tasks; times in milliseconds");
        drawings.MapGet("/self", ListOwn).WithSummary("The own drawing tasks");
    }

    internal static async Task<IResult> List(HttpRequest request, Database database, LiveOptions options, CancellationToken ct)
    {
        await using var db = database.Open();
        var channel = request.Number("channel_id");
        var found = Filter(db.Midjourneys, request);
        found = channel != 0 ? found.Where(row => row.ChannelId == channel) : found;
        return await PageAsync(request, found, options, showChannel: true, ct);
    }

    internal static async Task<IResult> ListOwn(HttpRequest request, AdminCaller caller, Database database, LiveOptions options, CancellationToken ct)
    {
        await using var db = database.Open();
        return await PageAsync(request, Filter(db.Midjourneys.Where(row => row.UserId == caller.Id), request), options, showChannel: false, ct);
    }

    private static async Task<IResult> PageAsync(
        HttpRequest request, IQueryable<MidjourneyRow> found, LiveOptions options, bool showChannel, CancellationToken ct)
    {
        var settings = await options.CurrentAsync(ct);
        var address = settings.MjForwardUrlEnabled ? settings.ServerAddress + "/mj/image/" : null;
        return Answer.Ok(await Paging.Of(request).ReadAsync(
            found, found.OrderByDescending(row => row.Id), row => View(row, address, showChannel), ct, CountCap));
    }

    private static IQueryable<MidjourneyRow> Filter(IQueryable<MidjourneyRow> rows, HttpRequest request)
    {
        var (id, from, until) = (request.Text("mj_id"), request.Number("start_timestamp"), request.Number("end_timestamp"));
        rows = id.Length > 0 ? rows.Where(row => row.MjId == id) : rows;
        rows = from != 0 ? rows.Where(row => row.SubmitTime >= from) : rows;
        return until != 0 ? rows.Where(row => row.SubmitTime <= until) : rows;
    }

    private static DrawingView View(MidjourneyRow row, string? address, bool showChannel) => new(
        row.Id,
        row.Code,
        row.UserId,
        row.Action,
        row.MjId,
        row.Prompt,
        row.PromptEn,
        row.Description,
        row.State,
        row.SubmitTime,
        row.StartTime,
        row.FinishTime,
        address is not null && row.ImageUrl.Length > 0 ? address + row.MjId : row.ImageUrl,
        row.VideoUrl,
        row.VideoUrls,
        row.Status,
        row.Progress,
        row.FailReason,
        showChannel ? row.ChannelId : 0,
        row.Quota,
        row.Buttons,
        row.Properties);
}
