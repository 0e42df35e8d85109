using System.Globalization;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.AdminService.Access;
using NewApi.AdminService.Accounts;
using NewApi.AdminService.Http;
using NewApi.Data;
using NewApi.Data.Changes;
using NewApi.Data.Ledger;
using NewApi.Data.Rows;
using NewApi.Domain;

namespace NewApi.AdminService.Redemptions;

/// <summary>Codes that are worth points (specification: admin API §6, §13).</summary>
internal static class RedemptionEndpoints
{
    private const long Unused = 1;
    private const long Disabled = 2;
    private const long Used = 3;
    private const int MostAtOnce = 100;

    /// <summary>What the column gives a code that was created with nothing (specification: admin API §19.13).</summary>
    private const long DefaultQuota = 100;

    public static void MapRedemptions(this IEndpointRouteBuilder routes)
    {
        var codes = routes.MapGroup("/redemption").WithTags("Redemption codes").RequireRole(Roles.Admin);
        codes.MapGet("", List).WithSummary("All codes");
        codes.MapGet("/search", Search).WithSummary("Codes by id or start of the name");
        codes.MapGet("/{id:long}", Get).WithSummary("One code");
        codes.MapPost("", Create).WithSummary("Make codes; answers with them");
        codes.MapPut("", Update).WithSummary("Change a code, or only its status");
        codes.MapDelete("/{id:long}", Delete).WithSummary("Delete a code");
        codes.MapDelete("/invalid", DeleteInvalid).WithSummary("Delete used, disabled and expired codes");
        routes.MapPost("/user/topup", Redeem).Limit(LimitKind.Critical).WithTags("Own account").WithSummary("Redeem a code; answers with the points");
    }

    private static IQueryable<RedemptionRow> Live(IDataContext db) => db.Redemptions.Where(row => row.DeletedAt == null);

    internal static async Task<IResult> List(HttpRequest request, Database database, CancellationToken ct)
    {
        await using var db = database.Open();
        var all = Live(db);
        return Answer.Ok(await Paging.Of(request).ReadAsync(all, all.OrderByDescending(row => row.Id), RedemptionView.Of, ct));
    }

    internal static async Task<IResult> Search(HttpRequest request, Database database, CancellationToken ct)
    {
        await using var db = database.Open();
        var keyword = request.Text("keyword");
        var id = long.TryParse(keyword, out var number) ? number : -1;
        var prefix = SearchPattern.Prefix(keyword);
        var found = Live(db).Where(row => row.Id == id || Sql.Like(row.Name, prefix, '~'));
        return Answer.Ok(await Paging.Of(request).ReadAsync(found, found.OrderByDescending(row => row.Id), RedemptionView.Of, ct));
    }

    internal static async Task<IResult> Get(long id, Database database, CancellationToken ct)
    {
        await using var db = database.Open();
        return await Live(db).FirstOrDefaultAsync(row => row.Id == id, ct) is { } row
            ? Answer.Ok(RedemptionView.Of(row))
            : Answer.NotFound();
    }

    internal static async Task<IResult> Create(
        HttpContext context, AdminCaller caller, Database database, TimeProvider clock, CancellationToken ct)
    {
        if (await context.ReadAsync<RedemptionRequest>() is not { } request)
        {
            return Answer.Fail(Say.BadBody);
        }
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        if (Mistake(request, now) is { } mistake)
        {
            return Answer.Fail(mistake);
        }
        var count = request.Count ?? 1;
        if (count is < 1 or > MostAtOnce)
        {
            return Answer.Fail(Say.CodeCount);
        }
        var rows = Enumerable.Range(0, count).Select(_ => new RedemptionRow
        {
            UserId = caller.Id,
            Key = Credentials.RedemptionCode(),
            Name = request.Name!,
            Quota = request.Quota == 0 ? DefaultQuota : request.Quota,
            CreatedTime = now,
            ExpiredTime = request.ExpiredTime,
        }).ToList();
        await database.WriteAsync(
            (db, token) => db.GetTable<RedemptionRow>().BulkCopyAsync(
                new BulkCopyOptions { BulkCopyType = BulkCopyType.MultipleRows }, rows, token),
            ct);
        return Answer.Ok<string[]>([.. rows.Select(row => row.Key)]);
    }

    internal static async Task<IResult> Update(HttpContext context, Database database, TimeProvider clock, CancellationToken ct)
    {
        if (await context.ReadAsync<RedemptionRequest>() is not { Id: > 0 } request)
        {
            return Answer.Fail(Say.BadBody);
        }
        var statusOnly = context.Request.Query["status_only"].ToString().Length > 0;
        if (statusOnly && request.Status is not (Unused or Disabled))
        {
            return Answer.Fail(Say.StatusValue);
        }
        if (!statusOnly && Mistake(request, clock.GetUtcNow().ToUnixTimeSeconds()) is { } mistake)
        {
            return Answer.Fail(mistake);
        }
        var updated = await database.WriteAsync(
            async (db, token) =>
            {
                // A used code stays used, whatever anybody sends.
                var code = Live(db).Where(row => row.Id == request.Id);
                await (statusOnly
                    ? code.Where(row => row.Status != Used).Set(row => row.Status, request.Status).UpdateAsync(token)
                    : code.Set(row => row.Name, request.Name!)
                        .Set(row => row.Quota, request.Quota)
                        .Set(row => row.ExpiredTime, request.ExpiredTime)
                        .UpdateAsync(token));
                return await code.FirstOrDefaultAsync(token);
            },
            ct);
        return updated is null ? Answer.NotFound() : Answer.Ok(RedemptionView.Of(updated));
    }

    internal static async Task<IResult> Delete(long id, Database database, TimeProvider clock, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var deleted = await database.WriteAsync(
            (db, token) => Live(db).Where(row => row.Id == id).Set(row => row.DeletedAt, now).UpdateAsync(token), ct);
        return deleted == 0 ? Answer.NotFound() : Answer.Ok();
    }

    internal static async Task<IResult> DeleteInvalid(Database database, TimeProvider clock, CancellationToken ct)
    {
        var time = clock.GetUtcNow();
        var now = time.ToUnixTimeSeconds();
        return Answer.Ok(await database.WriteAsync(
            (db, token) => Live(db)
                .Where(row => row.Status == Used || row.Status == Disabled || (row.ExpiredTime != 0 && row.ExpiredTime < now))
                .Set(row => row.DeletedAt, time)
                .UpdateAsync(token),
            ct));
    }

    /// <summary>One conditional update claims the code; its row count says who won, and the points follow in the same transaction.</summary>
    internal static async Task<IResult> Redeem(
        HttpContext context,
        AdminCaller caller,
        Database database,
        AccountLog log,
        IChangeSignal changes,
        TimeProvider clock,
        CancellationToken ct)
    {
        if (await context.ReadAsync<RedeemRequest>() is not { Key: { } text } || text.Trim() is not { Length: > 0 and <= 64 } key)
        {
            return Answer.Fail(Say.CodeRefused);
        }
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var redeemed = await database.WriteAsync<RedemptionRow?>(
            async (db, token) =>
            {
                var claimed = await Live(db)
                    .Where(row => row.Key == key && row.Status == Unused && (row.ExpiredTime == 0 || row.ExpiredTime >= now))
                    .Set(row => row.Status, Used)
                    .Set(row => row.RedeemedTime, now)
                    .Set(row => row.UsedUserId, caller.Id)
                    .UpdateAsync(token);
                if (claimed != 1)
                {
                    return null;
                }
                var code = await db.Redemptions.FirstAsync(row => row.Key == key, token);
                await LedgerEntries.CreditAsync(db, LedgerKind.Redeem, $"redeem:{code.Id}", caller.Id, code.Quota, now, token);
                return code;
            },
            ct);
        if (redeemed is null)
        {
            return Answer.Fail(Say.CodeRefused);
        }
        await changes.PublishAsync(ChangeTopic.Users, caller.Id.ToString(CultureInfo.InvariantCulture), CancellationToken.None);
        await log.WriteAsync(
            caller.Id, caller.Username, LogType.TopUp, $"Redemption code {redeemed.Id}: {redeemed.Quota} points added", CancellationToken.None);
        return Answer.Ok(redeemed.Quota);
    }

    private static Text? Mistake(RedemptionRequest request, long now)
    {
        var runes = request.Name?.EnumerateRunes().Count() ?? 0;
        return runes is < 1 or > 20 ? Say.CodeName
            : request.Quota is < 0 or > Quota.Most ? Say.CodeQuota
            : request.ExpiredTime != 0 && request.ExpiredTime < now ? Say.CodeExpiry
            : null;
    }
}
