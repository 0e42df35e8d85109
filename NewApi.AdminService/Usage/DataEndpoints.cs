using System.Text.Json.Serialization;
using LinqToDB.Async;
using NewApi.AdminService.Access;
using NewApi.AdminService.Http;
using NewApi.Data;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Usage;

/// <summary>
/// Hourly sums for the dashboard. Rows of one hour may be several: readers sum (specification: data model §3.9). What the calls cost the
/// operator, and what is left of their price, is for administrators only.
/// </summary>
internal static class DataEndpoints
{
    private const long LongestRange = 2_592_000;
    private const int RowLimit = 50_000;

    public static void MapUsageData(this IEndpointRouteBuilder routes)
    {
        var data = routes.MapGroup("/data").WithTags("Usage");
        data.MapGet("", All).RequireRole(Roles.Admin).WithSummary("Hourly use per model, of all accounts or one");
        data.MapGet("/users", Users).RequireRole(Roles.Admin).WithSummary("Hourly use per account");
        data.MapGet("/channels", Channels).RequireRole(Roles.Admin).WithSummary("Hourly use, cost and margin per channel and model");
        data.MapGet("/self", Own).WithSummary("Hourly use per model of the own account");
    }

    internal static async Task<IResult> All(HttpRequest request, Database database, CancellationToken ct)
    {
        await using var db = database.Open();
        var rows = InRange(db.QuotaData, request);
        if (request.Text("username") is { Length: > 0 } username)
        {
            return Answer.Ok(await PerAccountAsync(rows.Where(row => row.Username == username), showCost: true, ct));
        }
        var sums = await rows
            .GroupBy(row => new { row.ModelName, row.CreatedAt })
            .Select(group => new DataView
            {
                ModelName = group.Key.ModelName,
                CreatedAt = group.Key.CreatedAt,
                TokenUsed = group.Sum(row => row.TokenUsed),
                Count = group.Sum(row => row.Count),
                Quota = group.Sum(row => row.Quota),
                Cost = group.Sum(row => row.Cost),
                Margin = group.Sum(row => row.Margin),
            })
            .OrderBy(row => row.CreatedAt).ThenBy(row => row.ModelName)
            .Take(RowLimit)
            .ToListAsync(ct);
        return Answer.Ok<DataView[]>([.. sums]);
    }

    internal static async Task<IResult> Users(HttpRequest request, Database database, CancellationToken ct)
    {
        await using var db = database.Open();
        var sums = await InRange(db.QuotaData, request)
            .GroupBy(row => new { row.UserId, row.Username, row.CreatedAt })
            .Select(group => new DataView
            {
                UserId = group.Key.UserId,
                Username = group.Key.Username,
                CreatedAt = group.Key.CreatedAt,
                TokenUsed = group.Sum(row => row.TokenUsed),
                Count = group.Sum(row => row.Count),
                Quota = group.Sum(row => row.Quota),
                Cost = group.Sum(row => row.Cost),
                Margin = group.Sum(row => row.Margin),
            })
            .OrderBy(row => row.CreatedAt).ThenBy(row => row.UserId)
            .Take(RowLimit)
            .ToListAsync(ct);
        return Answer.Ok<DataView[]>([.. sums]);
    }

    internal static async Task<IResult> Channels(HttpRequest request, Database database, CancellationToken ct)
    {
        await using var db = database.Open();
        var sums = await InRange(db.QuotaData, request)
            .GroupBy(row => new { row.ChannelId, row.ModelName, row.CreatedAt })
            .Select(group => new DataView
            {
                ChannelId = group.Key.ChannelId,
                ModelName = group.Key.ModelName,
                CreatedAt = group.Key.CreatedAt,
                TokenUsed = group.Sum(row => row.TokenUsed),
                Count = group.Sum(row => row.Count),
                Quota = group.Sum(row => row.Quota),
                Cost = group.Sum(row => row.Cost),
                Margin = group.Sum(row => row.Margin),
            })
            .OrderBy(row => row.CreatedAt).ThenBy(row => row.ChannelId).ThenBy(row => row.ModelName)
            .Take(RowLimit)
            .ToListAsync(ct);
        return Answer.Ok<DataView[]>([.. sums]);
    }

    internal static async Task<IResult> Own(HttpRequest request, AdminCaller caller, Database database, CancellationToken ct)
    {
        if (request.Number("end_timestamp") - request.Number("start_timestamp") > LongestRange)
        {
            return Answer.Fail(Say.RangeTooLong);
        }
        await using var db = database.Open();
        return Answer.Ok(await PerAccountAsync(InRange(db.QuotaData.Where(row => row.UserId == caller.Id), request), showCost: false, ct));
    }

    internal static IQueryable<QuotaDataRow> InRange(IQueryable<QuotaDataRow> rows, HttpRequest request)
    {
        var (from, until) = (request.Number("start_timestamp"), request.Number("end_timestamp"));
        return rows.Where(row => row.CreatedAt >= from && (until == 0 || row.CreatedAt <= until));
    }

    private static async Task<DataView[]> PerAccountAsync(IQueryable<QuotaDataRow> rows, bool showCost, CancellationToken ct)
    {
        var list = await rows
            .GroupBy(row => new { row.UserId, row.Username, row.ModelName, row.CreatedAt })
            .Select(group => new DataView
            {
                Id = group.Min(row => row.Id),
                UserId = group.Key.UserId,
                Username = group.Key.Username,
                ModelName = group.Key.ModelName,
                CreatedAt = group.Key.CreatedAt,
                TokenUsed = group.Sum(row => row.TokenUsed),
                Count = group.Sum(row => row.Count),
                Quota = group.Sum(row => row.Quota),
                Cost = group.Sum(row => row.Cost),
                Margin = group.Sum(row => row.Margin),
            })
            .OrderBy(row => row.CreatedAt).ThenBy(row => row.Id)
            .Take(RowLimit)
            .ToListAsync(ct);
        return [.. showCost ? list : list.Select(row => row with { Cost = null, Margin = null })];
    }
}

internal sealed record DataView
{
    public long Id { get; init; }

    public long UserId { get; init; }

    public string Username { get; init; } = "";

    public string ModelName { get; init; } = "";

    public long CreatedAt { get; init; }

    public long TokenUsed { get; init; }

    public long Count { get; init; }

    public long Quota { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? ChannelId { get; init; }

    /// <summary>Points that the calls cost the operator; null for everybody else.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Cost { get; init; }

    /// <summary>What is left of the price of the calls whose cost is known; null for everybody but the operator.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Margin { get; init; }
}
