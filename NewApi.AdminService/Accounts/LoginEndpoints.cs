using LinqToDB;
using LinqToDB.Async;
using NewApi.AdminService.Access;
using NewApi.AdminService.Http;
using NewApi.AdminService.Settings;
using NewApi.Data;
using NewApi.Data.Changes;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Accounts;

/// <summary>Coming in, going out, and getting an account (specification: admin API §5.1).</summary>
internal static class LoginEndpoints
{
    public static void MapLogin(this IEndpointRouteBuilder routes)
    {
        var user = routes.MapGroup("/user").WithTags("Login");
        user.MapPost("/login", Login).Limit(LimitKind.Critical).WithSummary("Log in by password; answers with the session cookie");
        user.MapGet("/logout", Logout).WithSummary("Clear the session cookie");
        user.MapPost("/register", Register).Limit(LimitKind.Critical).WithSummary("Create an account");
    }

    internal static async Task<IResult> Login(
        HttpContext context,
        LiveOptions live,
        Database database,
        Passwords passwords,
        SessionCookie session,
        Turnstile turnstile,
        TimeProvider clock,
        CancellationToken ct)
    {
        var options = await live.CurrentAsync(ct);
        if (!options.PasswordLoginEnabled)
        {
            return Answer.Fail(Say.PasswordLoginOff);
        }
        if (await turnstile.RefuseAsync(context, options) is { } robot)
        {
            return robot;
        }
        if (await context.ReadAsync<LoginRequest>() is not { Username: { Length: > 0 } name, Password: { Length: > 0 } password })
        {
            return Answer.Fail(Say.BadRequest);
        }
        await using var db = database.Open();
        var user = await db.Users.FirstOrDefaultAsync(row => row.DeletedAt == null && row.Username == name, ct)
            ?? await db.Users.FirstOrDefaultAsync(row => row.DeletedAt == null && row.Email == name, ct);
        // One answer for all causes, after the same amount of work.
        if (!await passwords.VerifyAsync(password, user?.Password, ct) || user is not { Status: UserStatus.Enabled })
        {
            return Answer.Fail(Say.BadLogin);
        }
        if (await db.TwoFactors.AnyAsync(row => row.UserId == user.Id && row.IsEnabled && row.DeletedAt == null, ct))
        {
            await session.WritePendingAsync(context, user.Id);
            return Answer.Ok(new SecondFactorView(true)).Saying(Say.SecondFactorNeeded);
        }
        return await EnterAsync(context, database, session, user, clock, ct);
    }

    internal static IResult Logout(HttpContext context)
    {
        SessionCookie.Clear(context);
        return Answer.Ok();
    }

    internal static async Task<IResult> Register(
        HttpContext context,
        LiveOptions live,
        NewAccount accounts,
        Passwords passwords,
        Turnstile turnstile,
        IChangeSignal changes,
        CancellationToken ct)
    {
        var options = await live.CurrentAsync(ct);
        if (!options.RegisterEnabled)
        {
            return Answer.Fail(Say.RegisterOff);
        }
        if (!options.PasswordRegisterEnabled)
        {
            return Answer.Fail(Say.PasswordRegisterOff);
        }
        if (await turnstile.RefuseAsync(context, options) is { } robot)
        {
            return robot;
        }
        if (await context.ReadAsync<RegisterRequest>() is not { } request)
        {
            return Answer.Fail(Say.BadBody);
        }
        if ((AccountRules.Name(request.Username) ?? AccountRules.Password(request.Password)) is { } mistake)
        {
            return Answer.Fail(mistake);
        }
        if (options.EmailVerificationEnabled)
        {
            // Codes are sent by the mail feature; without it no code is ever right, which keeps the door shut instead of open.
            return Answer.Fail(Say.MailCodeNeeded);
        }
        var row = new UserRow
        {
            Username = request.Username!,
            DisplayName = request.Username!,
            Password = await passwords.HashAsync(request.Password!, ct),
            Role = Roles.Common,
        };
        if (await accounts.CreateAsync(row, request.AffCode, options, ct) is not { } id)
        {
            return Answer.Fail(Say.NameTaken);
        }
        await changes.PublishAsync(ChangeTopic.Users, id.ToString(), CancellationToken.None);
        return Answer.Ok();
    }

    /// <summary>Everything right: notes the time and hands out the session.</summary>
    internal static async Task<IResult> EnterAsync(
        HttpContext context, Database database, SessionCookie session, UserRow user, TimeProvider clock, CancellationToken ct)
    {
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        await database.WriteAsync(
            (db, token) => db.Users.Where(row => row.Id == user.Id).Set(row => row.LastLoginAt, now).UpdateAsync(token), ct);
        await session.WriteAsync(context, user.Id, user.AuthVersion);
        return Answer.Ok(LoginView.Of(user));
    }
}

internal sealed record SecondFactorView([property: System.Text.Json.Serialization.JsonPropertyName("require_2fa")] bool Required);
