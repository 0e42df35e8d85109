using LinqToDB.Async;
using NewApi.AdminService.Access;
using NewApi.AdminService.Accounts;
using NewApi.AdminService.Http;
using NewApi.AdminService.Settings;
using NewApi.Data;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Usage;

/// <summary>The usage log and the hourly sums as tables for a spreadsheet: streamed, and read page by page so that millions of rows do no harm.</summary>
internal static class UsageExports
{
    private const int PageSize = 1000;
    private const int MostRows = 1_000_000;

    public static void MapUsageExports(this IEndpointRouteBuilder routes)
    {
        var exports = routes.MapGroup("").WithTags("Usage");
        exports.MapGet("/log/export", Logs).RequireRole(Roles.Admin).Limit(LimitKind.Search).WithSummary("The usage log as CSV");
        exports.MapGet("/log/self/export", OwnLogs).Limit(LimitKind.Search).WithSummary("The own usage log as CSV");
        exports.MapGet("/data/export", Data).RequireRole(Roles.Admin).Limit(LimitKind.Search).WithSummary("Hourly use as CSV");
        exports.MapGet("/data/self/export", OwnData).Limit(LimitKind.Search).WithSummary("The own hourly use as CSV");
    }

    internal static async Task<IResult> Logs(HttpRequest request, LogDatabase logs, Database database, LiveOptions live, CancellationToken ct)
    {
        if (LogFilter.Of(request, admin: true) is not { } filter)
        {
            return Answer.Fail(Say.SearchPattern);
        }
        var unit = (await live.CurrentAsync(ct)).QuotaPerUnit;
        await using var main = database.Open();
        var channels = await main.Channels.Select(row => new { row.Id, row.Name }).ToDictionaryAsync(row => row.Id, row => row.Name, ct);
        return LogFile(logs, filter.Apply, unit, channels);
    }

    internal static async Task<IResult> OwnLogs(HttpRequest request, AdminCaller caller, LogDatabase logs, LiveOptions live, CancellationToken ct)
    {
        if (LogFilter.Of(request, admin: false) is not { } filter)
        {
            return Answer.Fail(Say.SearchPattern);
        }
        var unit = (await live.CurrentAsync(ct)).QuotaPerUnit;
        var id = caller.Id;
        return LogFile(logs, rows => filter.Apply(rows.Where(row => row.UserId == id)), unit, channels: null);
    }

    internal static async Task<IResult> Data(HttpRequest request, Database database, LiveOptions live, CancellationToken ct)
    {
        var username = request.Text("username");
        var unit = (await live.CurrentAsync(ct)).QuotaPerUnit;
        return DataFile(
            database, rows => DataEndpoints.InRange(username.Length > 0 ? rows.Where(row => row.Username == username) : rows, request), unit, admin: true);
    }

    internal static async Task<IResult> OwnData(HttpRequest request, AdminCaller caller, Database database, LiveOptions live, CancellationToken ct)
    {
        var id = caller.Id;
        var unit = (await live.CurrentAsync(ct)).QuotaPerUnit;
        return DataFile(database, rows => DataEndpoints.InRange(rows.Where(row => row.UserId == id), request), unit, admin: false);
    }

    /// <param name="logs">Where the log is.</param>
    /// <param name="filter">Which rows are wanted.</param>
    /// <param name="unit">Points per US dollar.</param>
    /// <param name="channels">Names of the channels; null for an owner, who sees nothing of channels.</param>
    private static CsvFile LogFile(
        LogDatabase logs, Func<IQueryable<LogRow>, IQueryable<LogRow>> filter, decimal unit, Dictionary<long, string>? channels) =>
        new("usage-log.csv", async (table, ct) =>
        {
            table.Cell("time").Cell("type").Cell("username").Cell("token_name").Cell("model_name").Cell("group").Cell("quota").Cell("usd")
                .Cell("prompt_tokens").Cell("completion_tokens").Cell("use_time").Cell("is_stream");
            if (channels is not null)
            {
                table.Cell("channel_id").Cell("channel_name");
            }
            await table.Cell("ip").Cell("request_id").Cell("content").EndAsync();
            var before = long.MaxValue;
            for (var read = 0; read < MostRows;)
            {
                List<LogRow> page;
                await using (var db = logs.Open())
                {
                    page = await filter(db.Logs.Where(row => row.Id < before)).OrderByDescending(row => row.Id).Take(PageSize).ToListAsync(ct);
                }
                foreach (var row in page)
                {
                    var sign = row.Type == LogType.Refund ? -1 : 1;
                    table.Time(row.CreatedAt).Cell(row.Type).Cell(row.Username).Cell(row.TokenName).Cell(row.ModelName).Cell(row.Group)
                        .Cell(sign * row.Quota).Cell(sign * row.Quota / unit).Cell(row.PromptTokens).Cell(row.CompletionTokens)
                        .Cell(row.UseTime).Cell(row.IsStream ? "true" : "false");
                    if (channels is not null)
                    {
                        table.Cell(row.ChannelId).Cell(channels.GetValueOrDefault(row.ChannelId));
                    }
                    await table.Cell(row.Ip).Cell(row.RequestId).Cell(row.Content).EndAsync();
                }
                if (page.Count < PageSize)
                {
                    return;
                }
                before = page[^1].Id;
                read += page.Count;
            }
        });

    private static CsvFile DataFile(
        Database database, Func<IQueryable<QuotaDataRow>, IQueryable<QuotaDataRow>> filter, decimal unit, bool admin) =>
        new("usage.csv", async (table, ct) =>
        {
            table.Cell("hour").Cell("username").Cell("model_name").Cell("group").Cell("token_id").Cell("count").Cell("token_used").Cell("quota").Cell("usd");
            if (admin)
            {
                table.Cell("channel_id").Cell("node_name").Cell("cost").Cell("margin");
            }
            await table.EndAsync();
            var after = 0L;
            for (var read = 0; read < MostRows;)
            {
                List<QuotaDataRow> page;
                await using (var db = database.Open())
                {
                    page = await filter(db.QuotaData.Where(row => row.Id > after)).OrderBy(row => row.Id).Take(PageSize).ToListAsync(ct);
                }
                foreach (var row in page)
                {
                    table.Time(row.CreatedAt).Cell(row.Username).Cell(row.ModelName).Cell(row.UseGroup).Cell(row.TokenId).Cell(row.Count)
                        .Cell(row.TokenUsed).Cell(row.Quota).Cell(row.Quota / unit);
                    if (admin)
                    {
                        table.Cell(row.ChannelId).Cell(row.NodeName).Cell(row.Cost).Cell(row.Margin);
                    }
                    await table.EndAsync();
                }
                if (page.Count < PageSize)
                {
                    return;
                }
                after = page[^1].Id;
                read += page.Count;
            }
        });
}
