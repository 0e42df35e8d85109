using LinqToDB;
using LinqToDB.Async;
using NewApi.AdminService.Access;
using NewApi.AdminService.Http;
using NewApi.AdminService.Settings;
using NewApi.Data;
using NewApi.Data.Changes;
using NewApi.Data.Ledger;
using NewApi.Data.Rows;
using NewApi.Domain;

namespace NewApi.AdminService.Accounts;

/// <summary>What administrators do with accounts (specification: admin API §8).</summary>
internal static class UserEndpoints
{
    public static void MapUsers(this IEndpointRouteBuilder routes)
    {
        var users = routes.MapGroup("/user").WithTags("Users").RequireRole(Roles.Admin);
        users.MapGet("", List).WithSummary("All accounts, deleted ones included");
        users.MapGet("/search", Search).WithSummary("Accounts by id, name, e-mail or group");
        users.MapGet("/{id:long}", Get).WithSummary("One account");
        users.MapPost("", Create).WithSummary("Create an account");
        users.MapPut("", Update).WithSummary("Overwrite name, display name, group, quota and remark");
        users.MapPost("/manage", Manage).WithSummary("Disable, enable, delete, promote or demote");
        users.MapDelete("/{id:long}", Delete).WithSummary("Remove an account for good");
    }

    internal static async Task<IResult> List(HttpRequest request, Database database, CancellationToken ct)
    {
        await using var db = database.Open();
        return Answer.Ok(await Paging.Of(request).ReadAsync(
            db.Users, db.Users.OrderByDescending(row => row.Id), UserView.ForAdmin, ct));
    }

    internal static async Task<IResult> Search(HttpRequest request, Database database, CancellationToken ct)
    {
        var keyword = request.Text("keyword");
        var group = request.Text("group");
        await using var db = database.Open();
        IQueryable<UserRow> found = db.Users;
        if (keyword.Length > 0)
        {
            var id = long.TryParse(keyword, out var number) ? number : -1;
            found = found.Where(row => row.Id == id
                || row.Username.Contains(keyword) || row.Email.Contains(keyword) || row.DisplayName.Contains(keyword));
        }
        if (group.Length > 0)
        {
            found = found.Where(row => row.Group == group);
        }
        return Answer.Ok(await Paging.Of(request).ReadAsync(
            found, found.OrderByDescending(row => row.Id), UserView.ForAdmin, ct));
    }

    internal static async Task<IResult> Get(long id, AdminCaller caller, Database database, CancellationToken ct)
    {
        await using var db = database.Open();
        var user = await db.Users.FirstOrDefaultAsync(row => row.Id == id && row.DeletedAt == null, ct);
        return user is null ? Answer.NotFound()
            : !caller.Outranks(user.Role) ? Answer.Fail(Say.RoleNotAllowed)
            : Answer.Ok(UserView.ForAdmin(user));
    }

    internal static async Task<IResult> Create(
        HttpContext context,
        AdminCaller caller,
        NewAccount accounts,
        LiveOptions live,
        Passwords passwords,
        IChangeSignal changes,
        CancellationToken ct)
    {
        if (await context.ReadAsync<UserCreateRequest>() is not { } request)
        {
            return Answer.Fail(Say.BadBody);
        }
        var name = request.Username?.Trim();
        var display = string.IsNullOrEmpty(request.DisplayName) ? name : request.DisplayName;
        if ((AccountRules.Name(name) ?? AccountRules.Password(request.Password) ?? AccountRules.DisplayName(display)) is { } mistake)
        {
            return Answer.Fail(mistake);
        }
        if (request.Role >= caller.Role)
        {
            return Answer.Fail(Say.RoleNotAllowed);
        }
        var row = new UserRow
        {
            Username = name!,
            DisplayName = display!,
            Password = await passwords.HashAsync(request.Password!, ct),
            Role = request.Role >= Roles.Admin ? Roles.Admin : Roles.Common,
        };
        if (await accounts.CreateAsync(row, null, await live.CurrentAsync(ct), ct) is not { } id)
        {
            return Answer.Fail(Say.NameTaken);
        }
        await changes.PublishAsync(ChangeTopic.Users, id.ToString(), CancellationToken.None);
        return Answer.Ok();
    }

    internal static async Task<IResult> Update(
        HttpContext context,
        AdminCaller caller,
        Database database,
        Passwords passwords,
        AccountLog log,
        IChangeSignal changes,
        TimeProvider clock,
        CancellationToken ct)
    {
        if (await context.ReadAsync<UserUpdateRequest>() is not { Id: > 0 } request)
        {
            return Answer.Fail(Say.BadBody);
        }
        await using var reader = database.Open();
        if (await reader.Users.FirstOrDefaultAsync(row => row.Id == request.Id && row.DeletedAt == null, ct) is not { } user)
        {
            return Answer.NotFound();
        }
        if (!caller.Outranks(user.Role))
        {
            return Answer.Fail(Say.RoleNotAllowed);
        }
        var name = request.Username?.Trim() ?? "";
        var password = string.IsNullOrEmpty(request.Password) ? null : request.Password;
        if ((name == user.Username ? null : AccountRules.Name(name)) is { } badName)
        {
            return Answer.Fail(badName);
        }
        if ((AccountRules.DisplayName(request.DisplayName)
            ?? (password is null ? null : AccountRules.Password(password))
            ?? (request.Remark is { Length: > AccountRules.RemarkLimit } ? Say.RemarkLength : (Text?)null)
            ?? (request.Quota != user.Quota && request.Quota is < -Quota.Most or > Quota.Most ? Say.BalanceRange : (Text?)null)) is { } mistake)
        {
            return Answer.Fail(mistake);
        }
        var hash = password is null ? null : await passwords.HashAsync(password, ct);
        var group = string.IsNullOrWhiteSpace(request.Group) ? "default" : request.Group.Trim();
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        long? moved;
        try
        {
            moved = await database.WriteAsync<long?>(
                async (db, token) =>
                {
                    // An account that was promoted since its role was looked at is out of reach.
                    var update = db.Users.Where(row => row.Id == user.Id && row.Role == user.Role)
                        .Set(row => row.Username, name)
                        .Set(row => row.DisplayName, request.DisplayName ?? "")
                        .Set(row => row.Group, group)
                        .Set(row => row.Remark, request.Remark ?? "");
                    if (hash is not null)
                    {
                        update = update
                            .Set(row => row.Password, hash)
                            .Set(row => row.AuthVersion, row => row.AuthVersion + 1)
                            .Set(row => row.AccessToken, (string?)null);
                    }
                    if (await update.UpdateAsync(token) == 0)
                    {
                        return null;
                    }
                    return await LedgerEntries.SetBalanceAsync(
                        db, user.Id, request.Quota, $"adjust:{context.TraceIdentifier}", now, token);
                },
                ct);
        }
        catch (Exception fault) when (Database.IsDuplicate(fault))
        {
            return Answer.Fail(Say.NameTaken);
        }
        if (moved is null)
        {
            return Answer.NotFound();
        }
        // It is done: what follows happens also when the caller has hung up.
        await changes.PublishAsync(ChangeTopic.Users, user.Id.ToString(), CancellationToken.None);
        if (moved != 0)
        {
            await log.WriteAsync(
                user.Id,
                name,
                LogType.Manage,
                $"An administrator changed the balance by {moved} points to {request.Quota}",
                CancellationToken.None);
        }
        return Answer.Ok();
    }

    internal static async Task<IResult> Manage(
        HttpContext context, AdminCaller caller, Database database, IChangeSignal changes, TimeProvider clock, CancellationToken ct)
    {
        if (await context.ReadAsync<UserManageRequest>() is not { } request)
        {
            return Answer.Fail(Say.BadBody);
        }
        await using var reader = database.Open();
        // Deleted accounts can be managed too.
        if (await reader.Users.FirstOrDefaultAsync(row => row.Id == request.Id, ct) is not { } user)
        {
            return Answer.NotFound();
        }
        if (!caller.Outranks(user.Role))
        {
            return Answer.Fail(Say.RoleNotAllowed);
        }
        if (user.Role >= Roles.Root && request.Action is ("disable" or "delete" or "demote"))
        {
            return Answer.Fail(Say.RootStays);
        }
        var (role, status, deleted) = (user.Role, user.Status, user.DeletedAt);
        switch (request.Action)
        {
            case "disable":
                status = UserStatus.Disabled;
                break;
            case "enable":
                status = UserStatus.Enabled;
                break;
            case "delete":
                deleted ??= clock.GetUtcNow();
                break;
            case "promote" when caller.Role < Roles.Root:
                return Answer.Fail(Say.RoleNotAllowed);
            case "promote" when role >= Roles.Admin:
                return Answer.Fail(Say.AlreadyAdmin);
            case "promote":
                role = Roles.Admin;
                break;
            case "demote" when role <= Roles.Common:
                return Answer.Fail(Say.AlreadyCommon);
            case "demote":
                role = Roles.Common;
                break;
        }
        if ((role, status, deleted) != (user.Role, user.Status, user.DeletedAt))
        {
            // The conditions make a decision that was taken on an old row a decision not taken.
            var changed = await database.WriteAsync(
                (db, token) => db.Users.Where(row => row.Id == user.Id && row.Role == user.Role)
                    .Set(row => row.Role, role)
                    .Set(row => row.Status, status)
                    .Set(row => row.DeletedAt, deleted)
                    .UpdateAsync(token),
                ct);
            if (changed == 0)
            {
                return Answer.NotFound();
            }
            await changes.PublishAsync(ChangeTopic.Users, user.Id.ToString(), CancellationToken.None);
        }
        return Answer.Ok(new ManagedView(role, status));
    }

    internal static async Task<IResult> Delete(
        long id, AdminCaller caller, Database database, IChangeSignal changes, CancellationToken ct)
    {
        await using var reader = database.Open();
        if (await reader.Users.FirstOrDefaultAsync(row => row.Id == id, ct) is not { } user)
        {
            return Answer.NotFound();
        }
        // Strictly from above: not even root removes root.
        if (caller.Role <= user.Role)
        {
            return Answer.Fail(Say.RoleNotAllowed);
        }
        await database.WriteAsync((db, token) => db.Users.Where(row => row.Id == id && row.Role == user.Role).DeleteAsync(token), ct);
        await changes.PublishAsync(ChangeTopic.Users, id.ToString(), CancellationToken.None);
        return Answer.Ok();
    }
}
