using LinqToDB;
using LinqToDB.Async;
using NewApi.AdminService.Access;
using NewApi.AdminService.Accounts;
using NewApi.AdminService.ApiKeys;
using NewApi.AdminService.Http;
using NewApi.Data;
using NewApi.Data.Ledger;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Usage;

/// <summary>The usage log and sums over it (specification: admin API §11).</summary>
internal static class LogEndpoints
{
    /// <summary>Totals stop counting here: nobody turns that many pages, and the database need not either (known problem D4).</summary>
    private const int CountCap = 100_000;

    private const int OwnCountCap = 10_000;
    private const int TokenLogLimit = 1000;
    private const int DeleteBatch = 1000;

    public static void MapLogs(this IEndpointRouteBuilder routes)
    {
        var logs = routes.MapGroup("/log").WithTags("Usage");
        logs.MapGet("", List).RequireRole(Roles.Admin).WithSummary("The usage log");
        logs.MapGet("/self", ListOwn).WithSummary("The own usage log");
        logs.MapGet("/stat", Stat).RequireRole(Roles.Admin).WithSummary("Points in a range; requests and tokens of the last minute");
        logs.MapGet("/self/stat", OwnStat).WithSummary("The same for the own account");
        logs.MapGet("/search", Retired).RequireRole(Roles.Admin);
        logs.MapGet("/self/search", Retired).Limit(LimitKind.Search);
        logs.MapPreflight("/token");
        logs.MapGet("/token", ListOfKey).AllowOtherOrigins().Limit(LimitKind.Critical).WithSummary("The latest log lines of a relay key");
        logs.MapDelete("", Delete).RequireRole(Roles.Admin).WithSummary("Delete log lines older than a time");
    }

    internal static async Task<IResult> List(HttpRequest request, LogDatabase logs, Database database, CancellationToken ct)
    {
        if (LogFilter.Of(request, admin: true) is not { } filter)
        {
            return Answer.Fail(Say.SearchPattern);
        }
        await using var db = logs.Open();
        var found = filter.Apply(db.Logs);
        if (request.Query.ContainsKey(CursorPage<LogView>.Parameter))
        {
            var (rows, size, next) = await FollowAsync(request, found, ct);
            var channels = await ChannelNamesAsync(database, rows, ct);
            return Answer.Ok(new CursorPage<LogView>(
                size, next, [.. rows.Select(row => LogView.ForAdmin(row, channels.GetValueOrDefault(row.ChannelId)))]));
        }
        var page = await Paging.Of(request).ReadAsync(found, found.OrderByDescending(row => row.Id), static row => row, ct, CountCap);
        var names = await ChannelNamesAsync(database, page.Items, ct);
        return Answer.Ok(new Page<LogView>(
            page.Number, page.Size, page.Total, [.. page.Items.Select(row => LogView.ForAdmin(row, names.GetValueOrDefault(row.ChannelId)))]));
    }

    internal static async Task<IResult> ListOwn(HttpRequest request, AdminCaller caller, LogDatabase logs, CancellationToken ct)
    {
        if (LogFilter.Of(request, admin: false) is not { } filter)
        {
            return Answer.Fail(Say.SearchPattern);
        }
        await using var db = logs.Open();
        var paging = Paging.Of(request);
        var number = (long)paging.Skip;
        var found = filter.Apply(db.Logs.Where(row => row.UserId == caller.Id));
        if (request.Query.ContainsKey(CursorPage<LogView>.Parameter))
        {
            var (rows, size, next) = await FollowAsync(request, found, ct);
            return Answer.Ok(new CursorPage<LogView>(size, next, [.. rows.Select((row, index) => LogView.ForOwner(row, index + 1))]));
        }
        return Answer.Ok(await paging.ReadAsync(
            found, found.OrderByDescending(row => row.Id), row => LogView.ForOwner(row, ++number), ct, OwnCountCap));
    }

    internal static async Task<IResult> Stat(HttpRequest request, LogDatabase logs, TimeProvider clock, CancellationToken ct)
    {
        if (LogFilter.Of(request, admin: true) is not { } filter)
        {
            return Answer.Fail(Say.SearchPattern);
        }
        await using var db = logs.Open();
        return Answer.Ok(await SumAsync(db.Logs, filter, clock, ct));
    }

    internal static async Task<IResult> OwnStat(
        HttpRequest request, AdminCaller caller, LogDatabase logs, TimeProvider clock, CancellationToken ct)
    {
        if (LogFilter.Of(request, admin: false) is not { } filter)
        {
            return Answer.Fail(Say.SearchPattern);
        }
        await using var db = logs.Open();
        return Answer.Ok(await SumAsync(db.Logs.Where(row => row.UserId == caller.Id), filter, clock, ct));
    }

    internal static IResult Retired() => Answer.Fail(Say.SearchGone);

    internal static async Task<IResult> ListOfKey(HttpContext context, RelayKeys keys, LogDatabase logs, CancellationToken ct)
    {
        var (refusal, owner) = await keys.ReadOnlyAsync(context, ct);
        if (owner is null)
        {
            return refusal!;
        }
        await using var db = logs.Open();
        var tokenId = owner.Token.Id;
        var rows = await db.Logs.Where(row => row.TokenId == tokenId)
            .OrderByDescending(row => row.Id).Take(TokenLogLimit).ToListAsync(ct);
        LogView[] views = [.. rows.Select((row, index) => LogView.ForOwner(row, index + 1))];
        return Answer.Ok(views);
    }

    internal static async Task<IResult> Delete(HttpRequest request, LogDatabase logs, LedgerAudit audit, CancellationToken ct)
    {
        var before = request.Number("target_timestamp");
        if (before <= 0)
        {
            return Answer.Fail(Say.TimeNeeded);
        }
        // First the note, then the deletion: an audit in between looks for less than there is, never for more.
        await audit.NotePrunedAsync(before, ct);
        var deleted = 0L;
        while (true)
        {
            // Short transactions, so that nobody who writes has to wait for all of it.
            var batch = await logs.WriteAsync(
                async (db, token) =>
                {
                    var ids = await db.Logs.Where(row => row.CreatedAt < before)
                        .OrderBy(row => row.Id).Select(row => row.Id).Take(DeleteBatch).ToListAsync(token);
                    return ids.Count == 0 ? 0 : await db.Logs.Where(row => ids.Contains(row.Id)).DeleteAsync(token);
                },
                ct);
            deleted += batch;
            if (batch < DeleteBatch)
            {
                return Answer.Ok(deleted);
            }
        }
    }

    /// <summary>The rows behind a cursor, newest first.</summary>
    private static async Task<(List<LogRow> Rows, int Size, string Next)> FollowAsync(
        HttpRequest request, IQueryable<LogRow> found, CancellationToken ct)
    {
        var size = Paging.Of(request).Size;
        var before = request.Number(CursorPage<LogView>.Parameter);
        var rows = await found.Where(row => before <= 0 || row.Id < before).OrderByDescending(row => row.Id).Take(size).ToListAsync(ct);
        return (rows, size, rows.Count == size ? rows[^1].Id.ToString() : "");
    }

    private static async Task<StatView> SumAsync(IQueryable<LogRow> rows, LogFilter filter, TimeProvider clock, CancellationToken ct)
    {
        var quota = await filter.ApplyConsumed(rows).SumAsync(row => (long?)row.Quota, ct) ?? 0;
        var minuteAgo = clock.GetUtcNow().ToUnixTimeSeconds() - 60;
        var recent = filter.ApplyNames(rows).Where(row => row.Type == LogType.Consume && row.CreatedAt >= minuteAgo);
        var requests = await recent.LongCountAsync(ct);
        var tokens = await recent.SumAsync(row => (long?)(row.PromptTokens + row.CompletionTokens), ct) ?? 0;
        return new StatView(quota, requests, tokens);
    }

    private static async Task<Dictionary<long, string>> ChannelNamesAsync(
        Database database, IReadOnlyList<LogRow> rows, CancellationToken ct)
    {
        var ids = rows.Select(row => row.ChannelId).Where(id => id > 0).Distinct().ToList();
        if (ids.Count == 0)
        {
            return [];
        }
        await using var db = database.Open();
        return await db.Channels.Where(row => ids.Contains(row.Id))
            .Select(row => new { row.Id, row.Name })
            .ToDictionaryAsync(row => row.Id, row => row.Name, ct);
    }
}
