using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.AdminService.Access;
using NewApi.AdminService.Http;
using NewApi.AdminService.Settings;
using NewApi.Data;
using NewApi.Data.Changes;
using NewApi.Data.Ledger;
using NewApi.Data.Rows;

namespace NewApi.AdminService.ApiKeys;

/// <summary>The relay keys of whoever calls; every query starts from <see cref="Own"/> (specification: admin API §9).</summary>
internal static class ApiKeyEndpoints
{
    private const int BatchLimit = 1000;
    private const int SearchLimit = 100;

    public static void MapApiKeys(this IEndpointRouteBuilder routes)
    {
        var keys = routes.MapGroup("/token").WithTags("Keys");
        keys.MapGet("", List).WithSummary("The own keys");
        keys.MapGet("/search", Search).Limit(LimitKind.Search).WithSummary("The own keys by name or key");
        keys.MapGet("/{id:long}", Get).WithSummary("One own key");
        keys.MapPost("", Create).WithSummary("Create a key; list to learn it");
        keys.MapPut("", Update).WithSummary("Overwrite a key, or only its status");
        keys.MapDelete("/{id:long}", Delete).WithSummary("Delete a key");
        keys.MapPost("/batch", DeleteMany).WithSummary("Delete several keys");
    }

    /// <summary>Ownership is part of the query: what is not the caller's does not exist.</summary>
    private static IQueryable<TokenRow> Own(IDataContext db, AdminCaller caller) =>
        db.Tokens.Where(row => row.UserId == caller.Id && row.DeletedAt == null);

    internal static async Task<IResult> List(HttpRequest request, AdminCaller caller, Database database, CancellationToken ct)
    {
        await using var db = database.Open();
        var own = Own(db, caller);
        return Answer.Ok(await Paging.Of(request).ReadAsync(own, own.OrderByDescending(row => row.Id), ApiKeyView.Of, ct));
    }

    internal static async Task<IResult> Search(HttpRequest request, AdminCaller caller, Database database, CancellationToken ct)
    {
        await using var db = database.Open();
        var found = Own(db, caller);
        if (request.Text("keyword") is { Length: > 0 } keyword)
        {
            if (SearchPattern.Part(keyword) is not { } pattern)
            {
                return Answer.Fail(Say.SearchPattern);
            }
            found = found.Where(row => Sql.Like(row.Name, pattern, '~'));
        }
        var key = request.Text("token");
        key = key.StartsWith("sk-", StringComparison.Ordinal) ? key[3..] : key;
        if (key.Length > 0)
        {
            if (SearchPattern.Part(key) is not { } pattern)
            {
                return Answer.Fail(Say.SearchPattern);
            }
            found = found.Where(row => Sql.Like(row.Key, pattern, '~'));
        }
        found = found.OrderByDescending(row => row.Id).Take(SearchLimit);
        return Answer.Ok(await Paging.Of(request).ReadAsync(found, found.OrderByDescending(row => row.Id), ApiKeyView.Of, ct));
    }

    internal static async Task<IResult> Get(long id, AdminCaller caller, Database database, CancellationToken ct)
    {
        await using var db = database.Open();
        return await Own(db, caller).FirstOrDefaultAsync(row => row.Id == id, ct) is { } row
            ? Answer.Ok(ApiKeyView.Of(row))
            : Answer.NotFound();
    }

    internal static async Task<IResult> Create(
        HttpContext context,
        AdminCaller caller,
        LiveOptions live,
        Database database,
        IChangeSignal changes,
        TimeProvider clock,
        CancellationToken ct)
    {
        if (await context.ReadAsync<ApiKeyRequest>() is not { } request)
        {
            return Answer.Fail(Say.BadBody);
        }
        var options = await live.SnapshotAsync(ct);
        if (ApiKeyRules.Mistake(request, options, caller.User.Group) is { } mistake)
        {
            return Answer.Fail(mistake);
        }
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var row = new TokenRow
        {
            UserId = caller.Id,
            Key = Credentials.RelayKey(),
            Status = ApiKeyRules.Enabled,
            Name = request.Name ?? "",
            CreatedTime = now,
            AccessedTime = now,
            // A creation that leaves the expiry out means never (specification: admin API §19.13).
            ExpiredTime = request.ExpiredTime == 0 ? -1 : request.ExpiredTime,
            RemainQuota = request.RemainQuota,
            UnlimitedQuota = request.UnlimitedQuota,
            ModelLimitsEnabled = request.ModelLimitsEnabled,
            ModelLimits = request.ModelLimits ?? "",
            AllowIps = request.AllowIps ?? "",
            Group = request.Group ?? "",
            CrossGroupRetry = request.CrossGroupRetry,
        };
        var id = await database.WriteAsync<long?>(
            async (db, token) =>
            {
                if (await Own(db, caller).CountAsync(token) >= options.Options.MaxUserTokens)
                {
                    return null;
                }
                var created = await db.InsertWithInt64IdentityAsync(row, token: token);
                if (row.RemainQuota != 0)
                {
                    await LedgerEntries.AppendAsync(
                        db, LedgerKind.Adjust, $"key:{context.TraceIdentifier}", caller.Id, 0, created, row.RemainQuota, now, token);
                }
                return created;
            },
            ct);
        if (id is null)
        {
            return Answer.Fail(Say.TooManyTokens);
        }
        await changes.PublishAsync(ChangeTopic.Tokens, id.ToString(), CancellationToken.None);
        return Answer.Ok();
    }

    internal static async Task<IResult> Update(
        HttpContext context,
        AdminCaller caller,
        LiveOptions live,
        Database database,
        IChangeSignal changes,
        TimeProvider clock,
        CancellationToken ct)
    {
        if (await context.ReadAsync<ApiKeyRequest>() is not { Id: > 0 } request)
        {
            return Answer.Fail(Say.BadBody);
        }
        var statusOnly = context.Request.Query["status_only"].ToString().Length > 0;
        var options = await live.SnapshotAsync(ct);
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        await using (var reader = database.Open())
        {
            if (await Own(reader, caller).FirstOrDefaultAsync(row => row.Id == request.Id, ct) is not { } current)
            {
                return Answer.NotFound();
            }
            if ((statusOnly ? StatusMistake(request) : ApiKeyRules.Mistake(request, options, caller.User.Group, current.Group)) is { } mistake)
            {
                return Answer.Fail(mistake);
            }
            if (!statusOnly)
            {
                (current.ExpiredTime, current.RemainQuota, current.UnlimitedQuota) =
                    (request.ExpiredTime, request.RemainQuota, request.UnlimitedQuota);
            }
            if (request.Status == ApiKeyRules.Enabled && RefuseEnabling(current, now) is { } refusal)
            {
                return Answer.Fail(refusal);
            }
        }

        var updated = await database.WriteAsync(
            async (db, token) =>
            {
                // Takes the row's lock first, so that the difference below is the true one.
                var own = Own(db, caller).Where(row => row.Id == request.Id);
                await (statusOnly ? own.Set(row => row.Status, request.Status) : own.Set(row => row.Status, row => row.Status))
                    .UpdateAsync(token);
                var before = await Own(db, caller).FirstOrDefaultAsync(row => row.Id == request.Id, token);
                if (before is null || statusOnly)
                {
                    return before;
                }
                await Own(db, caller).Where(row => row.Id == request.Id)
                    .Set(row => row.Name, request.Name ?? "")
                    .Set(row => row.ExpiredTime, request.ExpiredTime)
                    .Set(row => row.RemainQuota, request.RemainQuota)
                    .Set(row => row.UnlimitedQuota, request.UnlimitedQuota)
                    .Set(row => row.ModelLimitsEnabled, request.ModelLimitsEnabled)
                    .Set(row => row.ModelLimits, request.ModelLimits ?? "")
                    .Set(row => row.AllowIps, request.AllowIps ?? "")
                    .Set(row => row.Group, request.Group ?? "")
                    .Set(row => row.CrossGroupRetry, request.CrossGroupRetry)
                    .UpdateAsync(token);
                if (request.RemainQuota != before.RemainQuota)
                {
                    await LedgerEntries.AppendAsync(
                        db,
                        LedgerKind.Adjust,
                        $"key:{context.TraceIdentifier}",
                        caller.Id,
                        0,
                        before.Id,
                        // Older databases may hold anything; nobody sums what owners give their own keys.
                        (long)Int128.Clamp((Int128)request.RemainQuota - before.RemainQuota, long.MinValue, long.MaxValue),
                        now,
                        token);
                }
                return await Own(db, caller).FirstOrDefaultAsync(row => row.Id == request.Id, token);
            },
            ct);
        if (updated is null)
        {
            return Answer.NotFound();
        }
        await changes.PublishAsync(ChangeTopic.Tokens, updated.Id.ToString(), CancellationToken.None);
        return Answer.Ok(ApiKeyView.Of(updated));
    }

    internal static async Task<IResult> Delete(
        long id, AdminCaller caller, Database database, IChangeSignal changes, TimeProvider clock, CancellationToken ct) =>
        await DeleteAsync([id], caller, database, changes, clock, ct) == 1 ? Answer.Ok() : Answer.NotFound();

    internal static async Task<IResult> DeleteMany(
        HttpContext context, AdminCaller caller, Database database, IChangeSignal changes, TimeProvider clock, CancellationToken ct)
    {
        if (await context.ReadAsync<IdsRequest>() is not { Ids: { Length: > 0 } ids })
        {
            return Answer.Fail(Say.IdsMissing);
        }
        return ids.Length > BatchLimit
            ? Answer.Fail(Say.TooManyIds)
            : Answer.Ok(await DeleteAsync(ids, caller, database, changes, clock, ct));
    }

    private static async Task<int> DeleteAsync(
        long[] ids, AdminCaller caller, Database database, IChangeSignal changes, TimeProvider clock, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var deleted = await database.WriteAsync(
            async (db, token) =>
            {
                var own = await Own(db, caller).Where(row => ids.Contains(row.Id)).Select(row => row.Id).ToListAsync(token);
                await Own(db, caller).Where(row => own.Contains(row.Id)).Set(row => row.DeletedAt, now).UpdateAsync(token);
                return own;
            },
            ct);
        foreach (var id in deleted)
        {
            await changes.PublishAsync(ChangeTopic.Tokens, id.ToString(), CancellationToken.None);
        }
        return deleted.Count;
    }

    private static Text? StatusMistake(ApiKeyRequest request) =>
        request.Status is ApiKeyRules.Enabled or ApiKeyRules.Disabled ? null : Say.StatusValue;

    /// <summary>What is spent or past its date can not be switched on; its quota or date must change first.</summary>
    private static Text? RefuseEnabling(TokenRow current, long now) => current switch
    {
        { Status: ApiKeyRules.Expired } when current.ExpiredTime != -1 && current.ExpiredTime <= now => Say.TokenExpired,
        { Status: ApiKeyRules.Exhausted, UnlimitedQuota: false, RemainQuota: <= 0 } => Say.TokenExhausted,
        _ => null,
    };
}
