using LinqToDB.Async;
using NewApi.AdminService.Access;
using NewApi.AdminService.Http;
using NewApi.Data;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Usage;

/// <summary>Hourly sums for the dashboard. Rows of one hour may be several: readers sum (specification: data model §3.9).</summary>
internal static class DataEndpoints
{
    private const long LongestRange = 2_592_000;
    private const int RowLimit = 50_000;

    public static void MapUsageData(this IEndpointRouteBuilder routes)
    {
        var data = routes.MapGroup("/data").WithTags("Usage");
        data.MapGet("", All).RequireRole(Roles.Admin).WithSummary("Hourly use per model, of all accounts or one");
        data.MapGet("/self", Own).WithSummary("Hourly use per model of the own account");
    }

    internal static async Task<IResult> All(HttpRequest request, Database database, CancellationToken ct)
    {
        await using var db = database.Open();
        var rows = InRange(db.QuotaData, request);
        if (request.Text("username") is { Length: > 0 } username)
        {
            return Answer.Ok(await RowsAsync(rows.Where(row => row.Username == username), ct));
        }
        var sums = await rows
            .GroupBy(row => new { row.ModelName, row.CreatedAt })
            .Select(group => new
            {
                group.Key.ModelName,
                group.Key.CreatedAt,
                Count = group.Sum(row => row.Count),
                Quota = group.Sum(row => row.Quota),
                TokenUsed = group.Sum(row => row.TokenUsed),
            })
            .OrderBy(row => row.CreatedAt).ThenBy(row => row.ModelName)
            .Take(RowLimit)
            .ToListAsync(ct);
        DataView[] views =
            [.. sums.Select(row => new DataView(0, 0, "", row.ModelName, row.CreatedAt, row.TokenUsed, row.Count, row.Quota))];
        return Answer.Ok(views);
    }

    internal static async Task<IResult> Own(HttpRequest request, AdminCaller caller, Database database, CancellationToken ct)
    {
        if (request.Number("end_timestamp") - request.Number("start_timestamp") > LongestRange)
        {
            return Answer.Fail(Say.RangeTooLong);
        }
        await using var db = database.Open();
        return Answer.Ok(await RowsAsync(InRange(db.QuotaData.Where(row => row.UserId == caller.Id), request), ct));
    }

    private static IQueryable<QuotaDataRow> InRange(IQueryable<QuotaDataRow> rows, HttpRequest request)
    {
        var (from, until) = (request.Number("start_timestamp"), request.Number("end_timestamp"));
        return rows.Where(row => row.CreatedAt >= from && row.CreatedAt <= until);
    }

    private static async Task<DataView[]> RowsAsync(IQueryable<QuotaDataRow> rows, CancellationToken ct)
    {
        var list = await rows.OrderBy(row => row.CreatedAt).ThenBy(row => row.Id).Take(RowLimit).ToListAsync(ct);
        return
        [
            .. list.Select(row => new DataView(
                row.Id, row.UserId, row.Username, row.ModelName, row.CreatedAt, row.TokenUsed, row.Count, row.Quota)),
        ];
    }
}

internal sealed record DataView(
    long Id, long UserId, string Username, string ModelName, long CreatedAt, long TokenUsed, long Count, long Quota);
