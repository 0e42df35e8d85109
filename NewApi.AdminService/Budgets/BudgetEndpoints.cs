using System.Globalization;
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
using NewApi.Domain.Funding;

namespace NewApi.AdminService.Budgets;

/// <summary>
/// Ceilings on what a key, a user or a group spends in a period. Users bound themselves and their keys; administrators bound whoever is below
/// them, and what they set only somebody above the bounded account changes.
/// </summary>
internal static class BudgetEndpoints
{
    private const string Key = "key";
    private const string User = "user";
    private const string Group = "group";
    private const int LongestName = 64;

    /// <summary>Every settlement of a call takes each budget that bounds it, beside the charges of others: there cannot be many.</summary>
    private const int MostBudgets = 20;

    private const long LongestPeriod = 366L * 86_400;

    public static void MapBudgets(this IEndpointRouteBuilder routes)
    {
        var budgets = routes.MapGroup("/budgets").WithTags("Budgets");
        budgets.MapGet("", List).WithSummary("Budgets that bound you; for administrators all of them");
        budgets.MapPost("", Create).WithSummary("Bound a key, a user or a group; answers with the budget");
        budgets.MapPut("", Update).WithSummary("Change a budget; what is absent stays");
        budgets.MapDelete("/{id:long}", Delete).WithSummary("Delete a budget");
    }

    internal static async Task<IResult> List(HttpRequest request, AdminCaller caller, Database database, TimeProvider clock, CancellationToken ct)
    {
        await using var db = database.Open();
        var now = Now(clock);
        var visible = Visible(db, caller);
        return Answer.Ok(await Paging.Of(request).ReadAsync(
            visible, visible.OrderByDescending(row => row.Id), row => BudgetView.Of(row, now, clock.LocalTimeZone), ct));
    }

    internal static async Task<IResult> Create(
        HttpContext context,
        AdminCaller caller,
        Database database,
        LiveOptions options,
        IChangeSignal changes,
        TimeProvider clock,
        CancellationToken ct)
    {
        if (await context.ReadAsync<BudgetRequest>() is not { } request)
        {
            return Answer.Fail(Say.BadBody);
        }
        var now = Now(clock);
        var row = new BudgetRow
        {
            Name = request.Name?.Trim() ?? "",
            Scope = request.Scope ?? "",
            ScopeId = request.Scope == Group ? 0 : request.ScopeId == 0 && request.Scope == User ? caller.Id : request.ScopeId,
            ScopeGroup = request.Scope == Group ? request.ScopeGroup ?? "" : "",
            Amount = request.Amount ?? 0,
            Period = request.Period ?? "never",
            CustomSeconds = request.CustomSeconds ?? 0,
            LastResetTime = now,
            Enabled = request.Enabled ?? true,
            CreatedAt = now,
            UpdatedAt = now,
        };
        row.NextResetTime = new ResetPeriod(row.Period, row.CustomSeconds).Next(now, now, 0, clock.LocalTimeZone);
        if (Mistake(row) is { } mistake)
        {
            return Answer.Fail(mistake);
        }
        if (row.Scope == Group && caller.Role < Roles.Admin)
        {
            return Answer.Fail(Say.RoleTooLow);
        }
        if (row.Scope == Group && !(await options.SnapshotAsync(ct)).Groups.Exists(row.ScopeGroup))
        {
            return Answer.Fail(Say.GroupUnknown);
        }
        var refusal = await database.WriteAsync<Text?>(
            async (db, token) =>
            {
                if (await RefuseAsync(db, row, caller, token) is { } refused)
                {
                    return refused;
                }
                // Takes the creator's row, so that two budgets at once are counted one after the other.
                await db.Users.Where(user => user.Id == caller.Id).Set(user => user.Quota, user => user.Quota).UpdateAsync(token);
                if (await Beside(db, row).CountAsync(token) >= MostBudgets)
                {
                    return Say.TooManyBudgets;
                }
                row.Id = await db.InsertWithInt64IdentityAsync(row, token: token);
                return null;
            },
            ct);
        if (refusal is { } text)
        {
            return Answer.Fail(text);
        }
        await AnnounceAsync(changes, row);
        return Answer.Ok(BudgetView.Of(row, now, clock.LocalTimeZone));
    }

    internal static async Task<IResult> Update(
        HttpContext context, AdminCaller caller, Database database, IChangeSignal changes, TimeProvider clock, CancellationToken ct)
    {
        if (await context.ReadAsync<BudgetRequest>() is not { Id: > 0 } request)
        {
            return Answer.Fail(Say.BadBody);
        }
        var now = Now(clock);
        var (row, mistake) = await database.WriteAsync<(BudgetRow?, Text?)>(
            async (db, token) =>
            {
                var (found, refusal) = await FindAsync(db, request.Id, caller, token);
                if (found is not { } row)
                {
                    return (null, refusal);
                }
                var period = (row.Period, row.CustomSeconds);
                row.Name = request.Name?.Trim() ?? row.Name;
                row.Amount = request.Amount ?? row.Amount;
                row.Period = request.Period ?? row.Period;
                row.CustomSeconds = request.CustomSeconds ?? row.CustomSeconds;
                row.Enabled = request.Enabled ?? row.Enabled;
                if (Mistake(row) is { } wrong)
                {
                    return (null, wrong);
                }
                if (period != (row.Period, row.CustomSeconds))
                {
                    row.NextResetTime = new ResetPeriod(row.Period, row.CustomSeconds).Next(now, now, 0, clock.LocalTimeZone);
                }
                // What is used and held belongs to the relays: it is not written back, but what could be spent until now is remembered.
                await db.Budgets.Where(budget => budget.Id == row.Id)
                    .Set(budget => budget.Ceiling, budget =>
                        budget.Ceiling > budget.Amount && budget.Ceiling > budget.Used + budget.Held ? budget.Ceiling
                        : budget.Amount > budget.Used + budget.Held ? budget.Amount
                        : budget.Used + budget.Held)
                    .Set(budget => budget.Name, row.Name)
                    .Set(budget => budget.Amount, row.Amount)
                    .Set(budget => budget.Period, row.Period)
                    .Set(budget => budget.CustomSeconds, row.CustomSeconds)
                    .Set(budget => budget.NextResetTime, row.NextResetTime)
                    .Set(budget => budget.Enabled, row.Enabled)
                    .Set(budget => budget.UpdatedAt, now)
                    .UpdateAsync(token);
                return (row, null);
            },
            ct);
        if (row is null)
        {
            return Answer.Fail(mistake!.Value);
        }
        await AnnounceAsync(changes, row);
        return Answer.Ok(BudgetView.Of(row, now, clock.LocalTimeZone));
    }

    internal static async Task<IResult> Delete(long id, AdminCaller caller, Database database, IChangeSignal changes, CancellationToken ct)
    {
        var (deleted, refusal) = await database.WriteAsync<(BudgetRow?, Text)>(
            async (db, token) =>
            {
                var (row, refused) = await FindAsync(db, id, caller, token);
                if (row is null || await db.Budgets.Where(budget => budget.Id == id).DeleteAsync(token) == 0)
                {
                    return (null, refused);
                }
                // What relays have taken out of it need not come back to anything.
                await db.Escrows.Where(escrow => escrow.Kind == (long)AccountKind.Budget && escrow.AccountId == id).DeleteAsync(token);
                return (row, default);
            },
            ct);
        if (deleted is null)
        {
            return Answer.Fail(refusal);
        }
        await AnnounceAsync(changes, deleted);
        return Answer.Ok();
    }

    /// <summary>What the caller may see: everything that bounds them, whoever set it.</summary>
    private static IQueryable<BudgetRow> Visible(IDataContext db, AdminCaller caller)
    {
        if (caller.Role >= Roles.Admin)
        {
            return db.Budgets;
        }
        var keys = db.Tokens.Where(key => key.UserId == caller.Id && key.DeletedAt == null).Select(key => key.Id);
        return db.Budgets.Where(row =>
            (row.Scope == User && row.ScopeId == caller.Id) || (row.Scope == Key && keys.Contains(row.ScopeId)));
    }

    /// <summary>A budget that the caller may change, or why there is none.</summary>
    private static async Task<(BudgetRow? Row, Text Refusal)> FindAsync(DataConnection db, long id, AdminCaller caller, CancellationToken ct)
    {
        var row = await db.Budgets.FirstOrDefaultAsync(budget => budget.Id == id, ct);
        if (row is null || row.OwnerId == caller.Id)
        {
            return (row, Say.NotFound);
        }
        return caller.Role < Roles.Admin ? (null, Say.NotFound)
            : caller.Outranks((await BoundedAsync(db, row, ct))?.Role ?? 0) ? (row, default)
            : (null, Say.RoleNotAllowed);
    }

    /// <summary>
    /// What a new budget is counted with: an account's own, whatever they bound; administrators' by what they bound, so that neither the number
    /// of accounts nor what a user has set keeps them from setting one.
    /// </summary>
    private static IQueryable<BudgetRow> Beside(IDataContext db, BudgetRow row)
    {
        var same = db.Budgets.Where(other => other.OwnerId == row.OwnerId);
        return row.OwnerId != 0
            ? same
            : same.Where(other => other.Scope == row.Scope && other.ScopeId == row.ScopeId && other.ScopeGroup == row.ScopeGroup);
    }

    /// <summary>Why the caller may not set a new budget; null when they may, and the budget then has its owner.</summary>
    private static async Task<Text?> RefuseAsync(DataConnection db, BudgetRow row, AdminCaller caller, CancellationToken ct)
    {
        if (row.Scope == Group)
        {
            return null;
        }
        if (await BoundedAsync(db, row, ct) is not { DeletedAt: null } bounded || (bounded.Id != caller.Id && caller.Role < Roles.Admin))
        {
            return Say.NotFound;
        }
        // Administrators bound themselves as everybody does.
        row.OwnerId = bounded.Id == caller.Id && caller.Role < Roles.Root ? caller.Id : 0;
        return row.OwnerId == caller.Id || caller.Outranks(bounded.Role) ? null : Say.RoleNotAllowed;
    }

    /// <summary>The account that a budget bounds, or whose key; null for a group, and for what is no more.</summary>
    private static Task<UserRow?> BoundedAsync(DataConnection db, BudgetRow row, CancellationToken ct)
    {
        var keys = db.Tokens.Where(key => key.Id == row.ScopeId && key.DeletedAt == null).Select(key => key.UserId);
        return row.Scope switch
        {
            Key => db.Users.FirstOrDefaultAsync(user => keys.Contains(user.Id), ct),
            User => db.Users.FirstOrDefaultAsync(user => user.Id == row.ScopeId, ct),
            _ => Task.FromResult<UserRow?>(null),
        };
    }

    private static Text? Mistake(BudgetRow row) =>
        row.Name.Length > LongestName ? Say.BudgetName
            : row.Scope is not (Key or User or Group) ? Say.BudgetScope
            : row.Amount <= 0 ? Say.BudgetAmount
            : !ResetPeriod.IsKnown(row.Period) || (row.Period == "custom" && row.CustomSeconds is < 60 or > LongestPeriod) ? Say.BudgetPeriod
            : null;

    /// <summary>Relays read the callers concerned anew; the accounts of a group are many, so all of them then.</summary>
    private static Task AnnounceAsync(IChangeSignal changes, BudgetRow row) => row.Scope switch
    {
        Key => changes.PublishAsync(ChangeTopic.Tokens, row.ScopeId.ToString(CultureInfo.InvariantCulture), CancellationToken.None),
        User => changes.PublishAsync(ChangeTopic.Users, row.ScopeId.ToString(CultureInfo.InvariantCulture), CancellationToken.None),
        _ => changes.PublishAsync(ChangeTopic.Users, null, CancellationToken.None),
    };

    private static long Now(TimeProvider clock) => clock.GetUtcNow().ToUnixTimeSeconds();
}
