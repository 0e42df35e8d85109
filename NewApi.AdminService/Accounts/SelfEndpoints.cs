using System.Text;
using System.Text.Json.Nodes;
using LinqToDB;
using LinqToDB.Async;
using NewApi.AdminService.Access;
using NewApi.AdminService.Http;
using NewApi.AdminService.Settings;
using NewApi.Data;
using NewApi.Data.Changes;
using NewApi.Data.Ledger;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Accounts;

/// <summary>What an account does with itself (specification: admin API §6).</summary>
internal static class SelfEndpoints
{
    private const int LanguageLimit = 16;
    private const int SidebarLimit = 16_384;

    /// <summary>As much as the column holds on MySQL, in bytes.</summary>
    private const int SettingLimit = 65_535;

    public static void MapSelf(this IEndpointRouteBuilder routes)
    {
        var user = routes.MapGroup("/user").WithTags("Own account");
        user.MapGet("/self", Get).WithSummary("The own account");
        user.MapPut("/self", Update).WithSummary("Change name, display name or password; or one console setting");
        user.MapDelete("/self", Delete).WithSummary("Delete the own account");
        user.MapGet("/token", RotateToken).WithSummary("Make a new management access token; the old one dies");
        user.MapPut("/setting", UpdateSetting).WithSummary("Store the notification settings");
        user.MapGet("/aff", Invitation).WithSummary("The own invitation code");
        user.MapPost("/aff_transfer", TransferReward).WithSummary("Move invitation reward to the balance");
    }

    internal static async Task<IResult> Get(AdminCaller caller, Database database, CancellationToken ct)
    {
        await using var db = database.Open();
        return await db.Users.FirstOrDefaultAsync(row => row.Id == caller.Id, ct) is { } user
            ? Answer.Ok(UserView.ForOwner(user))
            : Answer.NotFound();
    }

    internal static async Task<IResult> Update(
        HttpContext context,
        AdminCaller caller,
        Database database,
        Passwords passwords,
        SessionCookie session,
        IChangeSignal changes,
        CancellationToken ct)
    {
        if (await context.ReadAsync<SelfUpdateRequest>() is not { } request)
        {
            return Answer.Fail(Say.BadBody);
        }
        if (request.SidebarModules is not null)
        {
            if (request.SidebarModules.Length > SidebarLimit)
            {
                return Answer.Fail(Say.SidebarLength);
            }
            return await StoreSettingAsync(caller, database, changes, setting => setting["sidebar_modules"] = request.SidebarModules, ct);
        }
        if (request.Language is not null)
        {
            if (request.Language.Length > LanguageLimit)
            {
                return Answer.Fail(Say.LanguageLength);
            }
            return await StoreSettingAsync(caller, database, changes, setting => setting["language"] = request.Language, ct);
        }

        var name = string.IsNullOrEmpty(request.Username) ? caller.Username : request.Username;
        var display = string.IsNullOrEmpty(request.DisplayName) ? caller.User.DisplayName : request.DisplayName;
        var newPassword = string.IsNullOrEmpty(request.Password) ? null : request.Password;
        if (AccountRules.Name(name) is { } badName && name != caller.Username)
        {
            return Answer.Fail(badName);
        }
        if ((AccountRules.DisplayName(display) ?? (newPassword is null ? null : AccountRules.Password(newPassword))) is { } mistake)
        {
            return Answer.Fail(mistake);
        }
        if (caller.User.Password.Length > 0
            && !await passwords.VerifyAsync(request.OriginalPassword ?? "", caller.User.Password, ct))
        {
            return Answer.Fail(Say.WrongPassword);
        }
        var hash = newPassword is null ? null : await passwords.HashAsync(newPassword, ct);
        try
        {
            await database.WriteAsync(
                (db, token) =>
                {
                    var update = db.Users.Where(row => row.Id == caller.Id)
                        .Set(row => row.Username, name)
                        .Set(row => row.DisplayName, display);
                    if (hash is not null)
                    {
                        // Whoever knew the old password may have taken a token: it dies with the password, as sessions do.
                        update = update
                            .Set(row => row.Password, hash)
                            .Set(row => row.AuthVersion, row => row.AuthVersion + 1)
                            .Set(row => row.AccessToken, (string?)null);
                    }
                    return update.UpdateAsync(token);
                },
                ct);
        }
        catch (Exception fault) when (Database.IsDuplicate(fault))
        {
            return Answer.Fail(Say.NameTaken);
        }
        if (hash is not null && context.Request.Cookies.ContainsKey(SessionCookie.Name))
        {
            // Whoever changes the password stays; every other session ends.
            await session.WriteAsync(context, caller.Id, caller.User.AuthVersion + 1);
        }
        await changes.PublishAsync(ChangeTopic.Users, caller.Id.ToString(), CancellationToken.None);
        return Answer.Ok();
    }

    internal static async Task<IResult> Delete(
        AdminCaller caller, Database database, IChangeSignal changes, TimeProvider clock, CancellationToken ct)
    {
        if (caller.Role >= Roles.Root)
        {
            return Answer.Fail(Say.RootStays);
        }
        var now = clock.GetUtcNow();
        await database.WriteAsync(
            (db, token) => db.Users.Where(row => row.Id == caller.Id && row.DeletedAt == null)
                .Set(row => row.DeletedAt, now)
                .UpdateAsync(token),
            ct);
        await changes.PublishAsync(ChangeTopic.Users, caller.Id.ToString(), CancellationToken.None);
        return Answer.Ok();
    }

    internal static async Task<IResult> RotateToken(AdminCaller caller, Database database, CancellationToken ct)
    {
        var fresh = Credentials.AccessToken();
        // Who came in with the old password gets no token of the new one.
        var mine = await database.WriteAsync(
            (db, token) => db.Users.Where(row => row.Id == caller.Id && row.AuthVersion == caller.User.AuthVersion)
                .Set(row => row.AccessToken, fresh)
                .UpdateAsync(token),
            ct);
        return mine == 1 ? Answer.Ok(fresh) : Answer.Fail(Say.NotLoggedIn, StatusCodes.Status401Unauthorized);
    }

    internal static async Task<IResult> UpdateSetting(
        HttpContext context, AdminCaller caller, Database database, IChangeSignal changes, CancellationToken ct)
    {
        if (await context.ReadAsync<SettingRequest>() is not { } request)
        {
            return Answer.Fail(Say.BadBody);
        }
        if (NotificationRules.Mistake(request) is { } mistake)
        {
            return Answer.Fail(mistake);
        }
        return await StoreSettingAsync(caller, database, changes, setting => NotificationRules.Apply(request, setting), ct);
    }

    internal static async Task<IResult> Invitation(AdminCaller caller, Database database, CancellationToken ct)
    {
        if (caller.User.AffCode is { Length: > 0 } known)
        {
            return Answer.Ok(known);
        }
        for (var attempt = 1; ; attempt++)
        {
            var fresh = Credentials.InvitationCode();
            try
            {
                await database.WriteAsync(
                    (db, token) => db.Users.Where(row => row.Id == caller.Id).Set(row => row.AffCode, fresh).UpdateAsync(token), ct);
                return Answer.Ok(fresh);
            }
            catch (Exception fault) when (Database.IsDuplicate(fault) && attempt < 5)
            {
            }
        }
    }

    internal static async Task<IResult> TransferReward(
        HttpContext context,
        AdminCaller caller,
        LiveOptions live,
        Database database,
        AccountLog log,
        IChangeSignal changes,
        TimeProvider clock,
        CancellationToken ct)
    {
        if (await context.ReadAsync<AffTransferRequest>() is not { } request)
        {
            return Answer.Fail(Say.BadBody);
        }
        var options = await live.CurrentAsync(ct);
        if (request.Points < options.QuotaPerUnit)
        {
            return Answer.Fail(Say.AffTooSmall);
        }
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var moved = await database.WriteAsync(
            async (db, token) =>
            {
                var taken = await db.Users.Where(row => row.Id == caller.Id && row.AffQuota >= request.Points)
                    .Set(row => row.AffQuota, row => row.AffQuota - request.Points)
                    .UpdateAsync(token);
                return taken == 1 && await LedgerEntries.CreditAsync(
                    db, LedgerKind.Grant, $"reward:{context.TraceIdentifier}", caller.Id, request.Points, now, token);
            },
            ct);
        if (!moved)
        {
            return Answer.Fail(Say.AffTooMuch);
        }
        await changes.PublishAsync(ChangeTopic.Users, caller.Id.ToString(), CancellationToken.None);
        await log.WriteAsync(
            caller.Id, caller.Username, LogType.System, $"Invitation reward: {request.Points} points moved to the balance", CancellationToken.None);
        return Answer.Ok();
    }

    /// <summary>
    /// Reads, changes and writes the setting in one transaction, so that members nobody named survive. It is read with every request of the
    /// account: what is too long is not stored, unless it was longer.
    /// </summary>
    internal static async Task<Answer> StoreSettingAsync(
        AdminCaller caller, Database database, IChangeSignal changes, Action<JsonObject> change, CancellationToken ct)
    {
        var stored = await database.WriteAsync(
            async (db, token) =>
            {
                // The row's lock, so that two changes at once do not undo each other.
                await db.Users.Where(row => row.Id == caller.Id).Set(row => row.Status, row => row.Status).UpdateAsync(token);
                var known = await db.Users.Where(row => row.Id == caller.Id).Select(row => row.Setting).FirstOrDefaultAsync(token);
                var setting = UserSetting.Parse(known);
                change(setting);
                var text = setting.ToJsonString();
                if (Encoding.UTF8.GetByteCount(text) > SettingLimit && text.Length >= (known?.Length ?? 0))
                {
                    return false;
                }
                await db.Users.Where(row => row.Id == caller.Id).Set(row => row.Setting, text).UpdateAsync(token);
                return true;
            },
            ct);
        if (!stored)
        {
            return Answer.Fail(Say.SettingLength);
        }
        await changes.PublishAsync(ChangeTopic.Users, caller.Id.ToString(), CancellationToken.None);
        return Answer.Ok();
    }
}
