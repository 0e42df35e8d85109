using System.Globalization;
using System.Text.Json.Serialization;
using LinqToDB.Async;
using NewApi.AdminService.Access;
using NewApi.AdminService.Http;
using NewApi.AdminService.Settings;
using NewApi.Data;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Accounts;

/// <summary>Two-factor login (specification: admin API §5.1, §5.5).</summary>
internal static class SecondFactorEndpoints
{
    public static void MapSecondFactor(this IEndpointRouteBuilder routes)
    {
        var user = routes.MapGroup("/user").WithTags("Two-factor");
        user.MapPost("/login/2fa", Login).Limit(LimitKind.Critical).WithSummary("Finish a login with the code of the second factor");
        user.MapGet("/2fa/status", Status).WithSummary("Whether the own second factor is on");
        user.MapPost("/2fa/setup", Prepare).WithSummary("Make a secret and backup codes, not switched on yet");
        user.MapPost("/2fa/enable", Enable).Limit(LimitKind.Critical).WithSummary("Switch the second factor on with its first code");
        user.MapPost("/2fa/disable", Disable).Limit(LimitKind.Critical).WithSummary("Switch it off with a code");
        user.MapPost("/2fa/backup_codes", RenewCodes).Limit(LimitKind.Critical).WithSummary("Replace the backup codes");
        user.MapGet("/2fa/stats", Stats).RequireRole(Roles.Admin).WithSummary("How many accounts use it");
        user.MapDelete("/{id:long}/2fa", Remove).RequireRole(Roles.Admin).WithSummary("Take the second factor of an account away");
    }

    internal static async Task<IResult> Login(
        HttpContext context, SessionCookie session, SecondFactor factor, Database database, TimeProvider clock, CancellationToken ct)
    {
        if (await session.ReadPendingAsync(context) is not { } userId)
        {
            return Answer.Fail(Say.LoginFirst);
        }
        if (await context.ReadAsync<CodeRequest>() is not { Code: { Length: > 0 and <= 32 } code })
        {
            return Answer.Fail(Say.BadCode);
        }
        await using var db = database.Open();
        var user = await db.Users.FirstOrDefaultAsync(row => row.Id == userId && row.DeletedAt == null, ct);
        if (user is not { Status: UserStatus.Enabled } || await factor.FindAsync(userId, ct) is not { IsEnabled: true } row)
        {
            return Answer.Fail(Say.LoginFirst);
        }
        if (factor.IsLocked(row))
        {
            return Answer.Fail(Say.CodeLocked);
        }
        return await factor.VerifyAsync(row, code, backupToo: true, ct)
            ? await LoginEndpoints.EnterAsync(context, database, session, user, clock, ct)
            : Answer.Fail(Say.BadCode);
    }

    internal static async Task<IResult> Status(AdminCaller caller, SecondFactor factor, CancellationToken ct)
    {
        var row = await factor.FindAsync(caller.Id, ct);
        return Answer.Ok(new SecondFactorStatus(
            row?.IsEnabled ?? false,
            row is not null && factor.IsLocked(row),
            row is { IsEnabled: true } ? await factor.BackupCodesLeftAsync(caller.Id, ct) : null));
    }

    internal static async Task<IResult> Prepare(AdminCaller caller, SecondFactor factor, LiveOptions live, CancellationToken ct)
    {
        if (await factor.PrepareAsync(caller.Id, ct) is not { } prepared)
        {
            return Answer.Fail(Say.FactorIsOn);
        }
        var issuer = (await live.CurrentAsync(ct)).SystemName;
        var account = Uri.EscapeDataString($"{caller.Username} ({issuer})");
        var uri = $"otpauth://totp/{Uri.EscapeDataString(issuer)}:{account}?secret={prepared.Secret}&issuer={Uri.EscapeDataString(issuer)}"
            + "&algorithm=SHA1&digits=6&period=30";
        return Answer.Ok(new SecondFactorSetup(prepared.Secret, uri, prepared.BackupCodes));
    }

    internal static async Task<IResult> Enable(HttpContext context, AdminCaller caller, SecondFactor factor, CancellationToken ct)
    {
        if (await factor.FindAsync(caller.Id, ct) is not { } row)
        {
            return Answer.Fail(Say.FactorIsOff);
        }
        if (row.IsEnabled)
        {
            return Answer.Fail(Say.FactorIsOn);
        }
        if (await RefuseCodeAsync(context, factor, row, backupToo: false, ct) is { } refusal)
        {
            return refusal;
        }
        await factor.EnableAsync(caller.Id, ct);
        return Answer.Ok();
    }

    internal static async Task<IResult> Disable(HttpContext context, AdminCaller caller, SecondFactor factor, CancellationToken ct)
    {
        if (await factor.FindAsync(caller.Id, ct) is not { IsEnabled: true } row)
        {
            return Answer.Fail(Say.FactorIsOff);
        }
        if (await RefuseCodeAsync(context, factor, row, backupToo: true, ct) is { } refusal)
        {
            return refusal;
        }
        await factor.RemoveAsync(caller.Id, ct);
        return Answer.Ok();
    }

    internal static async Task<IResult> RenewCodes(HttpContext context, AdminCaller caller, SecondFactor factor, CancellationToken ct)
    {
        if (await factor.FindAsync(caller.Id, ct) is not { IsEnabled: true } row)
        {
            return Answer.Fail(Say.FactorIsOff);
        }
        return await RefuseCodeAsync(context, factor, row, backupToo: false, ct) is { } refusal
            ? refusal
            : Answer.Ok(new BackupCodesView(await factor.RenewBackupCodesAsync(caller.Id, ct)));
    }

    internal static async Task<IResult> Stats(Database database, CancellationToken ct)
    {
        await using var db = database.Open();
        var total = await db.Users.CountAsync(row => row.DeletedAt == null, ct);
        var enabled = await db.TwoFactors.CountAsync(row => row.IsEnabled && row.DeletedAt == null, ct);
        var rate = total == 0 ? 0 : 100m * enabled / total;
        return Answer.Ok(new SecondFactorStats(total, enabled, rate.ToString("0.0", CultureInfo.InvariantCulture) + "%"));
    }

    internal static async Task<IResult> Remove(
        long id, AdminCaller caller, SecondFactor factor, AccountLog log, Database database, CancellationToken ct)
    {
        await using var db = database.Open();
        if (await db.Users.FirstOrDefaultAsync(row => row.Id == id, ct) is not { } user)
        {
            return Answer.NotFound();
        }
        if (!caller.Outranks(user.Role))
        {
            return Answer.Fail(Say.RoleNotAllowed);
        }
        if (!await factor.RemoveAsync(id, ct))
        {
            return Answer.Fail(Say.FactorIsOff);
        }
        await log.WriteAsync(id, user.Username, LogType.Manage, "An administrator took the second factor away", CancellationToken.None);
        return Answer.Ok();
    }

    private static async Task<Answer?> RefuseCodeAsync(
        HttpContext context, SecondFactor factor, TwoFactorRow row, bool backupToo, CancellationToken ct)
    {
        if (await context.ReadAsync<CodeRequest>() is not { Code: { Length: > 0 and <= 32 } code })
        {
            return Answer.Fail(Say.BadCode);
        }
        return factor.IsLocked(row) ? Answer.Fail(Say.CodeLocked)
            : await factor.VerifyAsync(row, code, backupToo, ct) ? null
            : Answer.Fail(Say.BadCode);
    }
}

internal sealed record CodeRequest
{
    public string? Code { get; init; }
}

internal sealed record SecondFactorStatus(
    bool Enabled, bool Locked, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? BackupCodesRemaining);

internal sealed record SecondFactorSetup(string Secret, string QrCodeData, string[] BackupCodes);

internal sealed record BackupCodesView(string[] BackupCodes);

internal sealed record SecondFactorStats(long TotalUsers, long EnabledUsers, string EnabledRate);
