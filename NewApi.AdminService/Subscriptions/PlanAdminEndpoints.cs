using System.Globalization;
using LinqToDB;
using LinqToDB.Async;
using NewApi.AdminService.Access;
using NewApi.AdminService.Accounts;
using NewApi.AdminService.Http;
using NewApi.AdminService.Settings;
using NewApi.Data;
using NewApi.Data.Changes;
using NewApi.Data.Rows;
using NewApi.Data.Subscriptions;

namespace NewApi.AdminService.Subscriptions;

/// <summary>What administrators do with plans (specification: admin API §16).</summary>
internal static class PlanAdminEndpoints
{
    public static void MapPlanAdministration(this IEndpointRouteBuilder routes)
    {
        var admin = routes.MapGroup("/subscription/admin").WithTags("Subscriptions").RequireRole(Roles.Admin);
        admin.MapGet("/plans", List).WithSummary("All plans");
        admin.MapPost("/plans", Create).WithSummary("Make a plan");
        admin.MapPut("/plans/{id:long}", Update).WithSummary("Change a plan; what is held stays as it was bought");
        admin.MapPatch("/plans/{id:long}", Switch).WithSummary("Put a plan on sale or take it off");
        admin.MapPost("/bind", Bind).WithSummary("Give a plan to a user");
        admin.MapGet("/users/{id:long}/subscriptions", ListOf).WithSummary("Plans of a user");
        admin.MapPost("/users/{id:long}/subscriptions", Give).WithSummary("Give a plan to a user");
        admin.MapPost("/user_subscriptions/{id:long}/invalidate", Invalidate).WithSummary("End a held plan now");
        admin.MapDelete("/user_subscriptions/{id:long}", Delete).WithSummary("Remove a held plan");
    }

    internal static async Task<IResult> List(Database database, CancellationToken ct)
    {
        await using var db = database.Open();
        var plans = await db.SubscriptionPlans.OrderByDescending(row => row.SortOrder).ThenByDescending(row => row.Id).ToListAsync(ct);
        return Answer.Ok<PlanView[]>([.. plans.Select(PlanFields.Of)]);
    }

    internal static async Task<IResult> Create(
        HttpContext context, LiveOptions live, Database database, TimeProvider clock, CancellationToken ct)
    {
        if (await context.ReadAsync<PlanRequest>() is not { Plan: { } fields })
        {
            return Answer.Fail(Say.BadBody);
        }
        if (string.IsNullOrWhiteSpace(fields.Title))
        {
            return Answer.Fail(Say.PlanTitle);
        }
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var plan = fields.Row(0, now, now);
        if (PlanRules.Mistake(plan, (await live.SnapshotAsync(ct)).Groups) is { } mistake)
        {
            return Answer.Fail(mistake);
        }
        plan.Id = await database.WriteAsync((db, token) => db.InsertWithInt64IdentityAsync(plan, token: token), ct);
        return Answer.Ok(PlanFields.Of(plan).Plan);
    }

    internal static async Task<IResult> Update(
        long id, HttpContext context, LiveOptions live, Database database, IChangeSignal changes, TimeProvider clock, CancellationToken ct)
    {
        if (await context.ReadAsync<PlanRequest>() is not { Plan: { } fields })
        {
            return Answer.Fail(Say.BadBody);
        }
        if (string.IsNullOrWhiteSpace(fields.Title))
        {
            return Answer.Fail(Say.PlanTitle);
        }
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var changed = fields.Row(id, 0, now);
        if (PlanRules.Mistake(changed, (await live.SnapshotAsync(ct)).Groups) is { } mistake)
        {
            return Answer.Fail(mistake);
        }
        var updated = await database.WriteAsync(
            async (db, token) =>
            {
                if (await db.SubscriptionPlans.FirstOrDefaultAsync(row => row.Id == id, token) is not { } known)
                {
                    return false;
                }
                changed.CreatedAt = known.CreatedAt;
                await db.UpdateAsync(changed, token: token);
                return true;
            },
            ct);
        if (!updated)
        {
            return Answer.NotFound();
        }
        await TellAllAsync(changes);
        return Answer.Ok();
    }

    internal static async Task<IResult> Switch(long id, HttpContext context, Database database, TimeProvider clock, CancellationToken ct)
    {
        if (await context.ReadAsync<PlanSwitchRequest>() is not { Enabled: { } enabled })
        {
            return Answer.Fail(Say.BadBody);
        }
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var switched = await database.WriteAsync(
            (db, token) => db.SubscriptionPlans.Where(row => row.Id == id)
                .Set(row => row.Enabled, enabled)
                .Set(row => row.UpdatedAt, now)
                .UpdateAsync(token),
            ct);
        return switched == 0 ? Answer.NotFound() : Answer.Ok();
    }

    internal static async Task<IResult> Bind(
        HttpContext context,
        AdminCaller caller,
        Database database,
        SubscriptionStore subscriptions,
        AccountLog log,
        IChangeSignal changes,
        TimeProvider clock,
        CancellationToken ct) =>
        await context.ReadAsync<PlanGrantRequest>() is { UserId: > 0, PlanId: > 0 } request
            ? await GiveAsync(request.UserId, request.PlanId, caller, database, subscriptions, log, changes, clock, ct)
            : Answer.Fail(Say.BadBody);

    internal static async Task<IResult> Give(
        long id,
        HttpContext context,
        AdminCaller caller,
        Database database,
        SubscriptionStore subscriptions,
        AccountLog log,
        IChangeSignal changes,
        TimeProvider clock,
        CancellationToken ct) =>
        await context.ReadAsync<PlanGrantRequest>() is { PlanId: > 0 } request
            ? await GiveAsync(id, request.PlanId, caller, database, subscriptions, log, changes, clock, ct)
            : Answer.Fail(Say.BadBody);

    internal static async Task<IResult> ListOf(long id, Database database, CancellationToken ct)
    {
        await using var db = database.Open();
        var held = await db.UserSubscriptions.Where(row => row.UserId == id).OrderByDescending(row => row.Id).ToListAsync(ct);
        return Answer.Ok<HeldPlanView[]>([.. held.Select(HeldPlanView.Of)]);
    }

    internal static async Task<IResult> Invalidate(
        long id,
        AdminCaller caller,
        Database database,
        SubscriptionStore subscriptions,
        AccountLog log,
        IChangeSignal changes,
        CancellationToken ct)
    {
        if (!await OutranksHolderAsync(id, caller, database, ct))
        {
            return Answer.Fail(Say.RoleNotAllowed);
        }
        if (await subscriptions.CancelAsync(id, ct) is not { } ended)
        {
            return Answer.Fail(Say.PlanNotActive);
        }
        await TellAsync(changes, ended.UserId);
        await log.WriteAsync(
            caller.Id, caller.Username, LogType.Manage, $"Ended plan {ended.PlanId} of user {ended.UserId}", CancellationToken.None);
        return Answer.Ok();
    }

    internal static async Task<IResult> Delete(
        long id,
        AdminCaller caller,
        Database database,
        SubscriptionStore subscriptions,
        AccountLog log,
        IChangeSignal changes,
        CancellationToken ct)
    {
        if (!await OutranksHolderAsync(id, caller, database, ct))
        {
            return Answer.Fail(Say.RoleNotAllowed);
        }
        var removal = await subscriptions.DeleteAsync(id, ct);
        if (removal.UserId == 0)
        {
            return Answer.NotFound();
        }
        await TellAsync(changes, removal.UserId);
        if (!removal.Removed)
        {
            return Answer.Fail(Say.PlanInUse);
        }
        await log.WriteAsync(
            caller.Id, caller.Username, LogType.Manage, $"Removed held plan {id} of user {removal.UserId}", CancellationToken.None);
        return Answer.Ok();
    }

    private static async Task<IResult> GiveAsync(
        long userId,
        long planId,
        AdminCaller caller,
        Database database,
        SubscriptionStore subscriptions,
        AccountLog log,
        IChangeSignal changes,
        TimeProvider clock,
        CancellationToken ct)
    {
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var (given, refusal) = await database.WriteAsync<(Given?, Text)>(
            async (db, token) =>
            {
                if (await db.Users.FirstOrDefaultAsync(row => row.Id == userId && row.DeletedAt == null, token) is not { } user)
                {
                    return (null, Say.NotFound);
                }
                if (!caller.Outranks(user.Role))
                {
                    return (null, Say.RoleNotAllowed);
                }
                return await db.SubscriptionPlans.FirstOrDefaultAsync(row => row.Id == planId, token) is { } plan
                    && await subscriptions.ActivateAsync(db, plan, userId, SubscriptionSource.Admin, now, token) is not null
                    ? (new Given(user, plan), default)
                    : (null, Say.NotFound);
            },
            ct);
        if (given is null)
        {
            return Answer.Fail(refusal);
        }
        await TellAsync(changes, userId);
        await log.WriteAsync(
            given.User.Id, given.User.Username, LogType.Manage, $"Plan {given.Plan.Title} given by {caller.Username}", CancellationToken.None);
        return Answer.Ok();
    }

    /// <summary>A plan can move its holder to another group, so it is for those who may change the holder. One without a holder is anybody's.</summary>
    private static async Task<bool> OutranksHolderAsync(long id, AdminCaller caller, Database database, CancellationToken ct)
    {
        await using var db = database.Open();
        var holder = db.UserSubscriptions.Where(row => row.Id == id).Select(row => row.UserId);
        return caller.Outranks(await db.Users.Where(user => holder.Contains(user.Id)).Select(user => user.Role).FirstOrDefaultAsync(ct));
    }

    private static Task TellAsync(IChangeSignal changes, long userId) =>
        changes.PublishAsync(ChangeTopic.Users, userId.ToString(CultureInfo.InvariantCulture), CancellationToken.None);

    private static Task TellAllAsync(IChangeSignal changes) => changes.PublishAsync(ChangeTopic.Users, null, CancellationToken.None);

    private sealed record Given(UserRow User, SubscriptionPlanRow Plan);
}
