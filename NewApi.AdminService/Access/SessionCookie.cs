using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace NewApi.AdminService.Access;

/// <summary>
/// The <c>session</c> cookie: <c>v1.</c> and base64url of nonce (12), AES-256-GCM ciphertext and tag (16). The key is derived from the
/// session secret with HKDF, so any node with the same secret reads it and nothing is kept on the server. Cookies of the reference
/// are not readable and simply do not log anybody in (specification: admin API §2.2).
/// </summary>
internal sealed class SessionCookie(SessionSecret secret, TimeProvider clock)
{
    public const string Name = "session";

    private const string Prefix = "v1.";
    private const int NonceSize = 12;
    private const int TagSize = 16;
    private const int MaximumLength = 4096;
    private static readonly TimeSpan Life = TimeSpan.FromDays(30);
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

    private async ValueTask<SessionState?> OpenAsync(HttpContext context)
    {
        if (context.Request.Cookies[Name] is not { Length: > 3 and <= MaximumLength } text || !text.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return null;
        }
        var key = await secret.SessionKeyAsync(context.RequestAborted);
        return Open(text.AsSpan(Prefix.Length), key) is { } state && IsFresh(state) ? state : null;
    }

    public Task WriteAsync(HttpContext context, long userId, long authVersion) =>
        AppendAsync(context, new SessionState { UserId = userId, AuthVersion = authVersion }, Life);

    public Task WritePendingAsync(HttpContext context, long userId) =>
        AppendAsync(context, new SessionState { PendingUserId = userId }, PendingLife);

    public static void Clear(HttpContext context) => context.Response.Cookies.Append(Name, "", Options(context, TimeSpan.Zero));

    private async Task AppendAsync(HttpContext context, SessionState state, TimeSpan life)
    {
        var key = await secret.SessionKeyAsync(context.RequestAborted);
        state = state with { IssuedAt = clock.GetUtcNow().ToUnixTimeSeconds() };
        context.Response.Cookies.Append(Name, Prefix + Seal(state, key), Options(context, life));
    }

    private bool IsFresh(SessionState state)
    {
        var age = clock.GetUtcNow().ToUnixTimeSeconds() - state.IssuedAt;
        // Clocks of nodes differ a little.
        return age > -300 && age <= (long)Life.TotalSeconds;
    }

    private static CookieOptions Options(HttpContext context, TimeSpan life) => new()
    {
        Path = "/",
        HttpOnly = true,
        SameSite = SameSiteMode.Strict,
        // Plain HTTP on a trusted network is a supported set-up; behind TLS the cookie stays there.
        Secure = context.Request.IsHttps,
        MaxAge = life,
    };

    private static string Seal(SessionState state, byte[] key)
    {
        var plain = JsonSerializer.SerializeToUtf8Bytes(state, SessionJson.Default.SessionState);
        var sealed_ = new byte[NonceSize + plain.Length + TagSize];
        RandomNumberGenerator.Fill(sealed_.AsSpan(0, NonceSize));
        using var gcm = new AesGcm(key, TagSize);
        gcm.Encrypt(
            sealed_.AsSpan(0, NonceSize), plain, sealed_.AsSpan(NonceSize, plain.Length), sealed_.AsSpan(NonceSize + plain.Length));
        return Base64Url.EncodeToString(sealed_);
    }

    private static SessionState? Open(ReadOnlySpan<char> text, byte[] key)
    {
        var box = new byte[Base64Url.GetMaxDecodedLength(text.Length)];
        if (!Base64Url.IsValid(text) || !Base64Url.TryDecodeFromChars(text, box, out var length) || length <= NonceSize + TagSize)
        {
            return null;
        }
        var plain = new byte[length - NonceSize - TagSize];
        try
        {
            using var gcm = new AesGcm(key, TagSize);
            gcm.Decrypt(
                box.AsSpan(0, NonceSize), box.AsSpan(NonceSize, plain.Length), box.AsSpan(NonceSize + plain.Length, TagSize), plain);
            return JsonSerializer.Deserialize(plain, SessionJson.Default.SessionState);
        }
        catch (Exception fault) when (fault is CryptographicException or JsonException)
        {
            return null;
        }
    }
}
