using LinqToDB;
using LinqToDB.Async;
using NewApi.AdminService.Http;
using NewApi.Data;
using NewApi.Data.Rows;
using NewApi.Data.Sessions;

namespace NewApi.AdminService.Access;

/// <summary>Decides who calls and whether they may, in the order of the specification (admin API §2.2).</summary>
internal sealed class Authentication(SessionCookie cookie, Database database)
{
    private const string UserHeader = "New-Api-User";

    /// <summary>Null when the caller may pass; the caller is then a feature of the request.</summary>
    public async Task<Answer?> RefuseAsync(HttpContext context, long level)
    {
        var session = await cookie.ReadAsync(context);
        UserRow? user;
        if (session is not null)
        {
            user = await FindAsync(session, context.RequestAborted);
        }
        else if (AccessToken(context.Request) is { } token)
        {
            user = await FindAsync(token, context.RequestAborted);
        }
        else
        {
            return Answer.Fail(Say.NotLoggedIn, StatusCodes.Status401Unauthorized);
        }
        if (user is null)
        {
            // A session that no longer stands is no session; a token that names nobody is a wrong token.
            return session is null ? Answer.Fail(Say.BadAccessToken) : Answer.Fail(Say.NotLoggedIn, StatusCodes.Status401Unauthorized);
        }
        if (user.DeletedAt is not null)
        {
            return Answer.Fail(Say.AccountInvalid);
        }
        if (context.Request.Headers[UserHeader].ToString() is not { Length: > 0 } claimed)
        {
            return Answer.Fail(Say.UserHeaderMissing, StatusCodes.Status401Unauthorized);
        }
        if (!long.TryParse(claimed, out var claimedId))
        {
            return Answer.Fail(Say.UserHeaderBad, StatusCodes.Status401Unauthorized);
        }
        if (claimedId != user.Id)
        {
            return Answer.Fail(Say.UserHeaderOther, StatusCodes.Status401Unauthorized);
        }
        if (user.Status != UserStatus.Enabled)
        {
            return Answer.Fail(Say.Disabled);
        }
        if (user.Role < level)
        {
            return Answer.Fail(Say.RoleTooLow);
        }
        if (user.Username.Length == 0 || !Roles.IsKnown(user.Role))
        {
            return Answer.Fail(Say.AccountInvalid);
        }
        context.Features.Set(new AdminCaller(user));
        return null;
    }

    /// <summary>For open routes that show more to somebody who is logged in: the session's user, without further ceremony.</summary>
    public async Task TryAsync(HttpContext context)
    {
        if (await cookie.ReadAsync(context) is { } session
            && await FindAsync(session, context.RequestAborted) is { Status: UserStatus.Enabled, DeletedAt: null } user)
        {
            context.Features.Set(new AdminCaller(user));
        }
    }

    private async Task<UserRow?> FindAsync(SessionState session, CancellationToken ct)
    {
        await using var db = database.Open();
        return await db.Users.FirstOrDefaultAsync(
            row => row.Id == session.UserId && row.AuthVersion == session.AuthVersion, ct);
    }

    private async Task<UserRow?> FindAsync(string token, CancellationToken ct)
    {
        await using var db = database.Open();
        var user = await db.Users.FirstOrDefaultAsync(row => row.AccessToken == token, ct);
        // MySQL compares case-insensitively by default; a credential is compared exactly, and in constant time.
        return user is not null && Credentials.Equal(user.AccessToken, token) ? user : null;
    }

    private static string? AccessToken(HttpRequest request)
    {
        var text = request.Headers.Authorization.ToString().Trim();
        if (text.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
        {
            text = text[7..].Trim();
        }
        return text.Length > 0 ? text : null;
    }
}

internal static class UserStatus
{
    public const long Enabled = 1;
    public const long Disabled = 2;
}
