using NewApi.Data.Sessions;

namespace NewApi.AdminService.Access;

/// <summary>The <c>session</c> cookie of a request and of its answer; what it holds is the seal's affair.</summary>
internal sealed class SessionCookie(SessionSeal seal, TimeProvider clock)
{
    public const string Name = SessionSeal.Cookie;

    private static readonly TimeSpan PendingLife = TimeSpan.FromMinutes(10);

    /// <summary>The session of the request, or null when there is none, it is forged, damaged or too old.</summary>
    public async ValueTask<SessionState?> ReadAsync(HttpContext context) =>
        await OpenAsync(context) is { UserId: > 0 } state ? state : null;

    /// <summary>Who is half-way through a login, or null; that state is good for ten minutes.</summary>
    public async ValueTask<long?> ReadPendingAsync(HttpContext context) =>
        await OpenAsync(context) is { PendingUserId: > 0 and var pending } state
        && clock.GetUtcNow().ToUnixTimeSeconds() - state.IssuedAt <= (long)PendingLife.TotalSeconds
            ? pending
            : null;

    public Task WriteAsync(HttpContext context, long userId, long authVersion) =>
        AppendAsync(context, new SessionState { UserId = userId, AuthVersion = authVersion }, SessionSeal.Life);

    public Task WritePendingAsync(HttpContext context, long userId) =>
        AppendAsync(context, new SessionState { PendingUserId = userId }, PendingLife);

    public static void Clear(HttpContext context) => context.Response.Cookies.Append(Name, "", Options(context, TimeSpan.Zero));

    private ValueTask<SessionState?> OpenAsync(HttpContext context) => seal.OpenAsync(context.Request.Cookies[Name], context.RequestAborted);

    private async Task AppendAsync(HttpContext context, SessionState state, TimeSpan life) =>
        context.Response.Cookies.Append(Name, await seal.SealAsync(state, context.RequestAborted), Options(context, life));

    private static CookieOptions Options(HttpContext context, TimeSpan life) => new()
    {
        Path = "/",
        HttpOnly = true,
        SameSite = SameSiteMode.Strict,
        // Plain HTTP on a trusted network is a supported set-up; behind TLS the cookie stays there.
        Secure = context.Request.IsHttps,
        MaxAge = life,
    };
}
