using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using NewApi.ServiceDefaults;

namespace NewApi.Data.Sessions;

/// <summary>
/// What the <c>session</c> cookie holds: <c>v1.</c> and base64url of nonce (12), AES-256-GCM ciphertext and tag (16). The key is derived from
/// the session secret with HKDF, so any node with the same secret reads it and nothing is kept on the server. Cookies of the reference
/// are not readable and simply do not log anybody in (specification: admin API §2.2).
/// </summary>
public sealed class SessionSeal(SessionSecret secret, TimeProvider clock)
{
    /// <summary>The cookie's name.</summary>
    public const string Cookie = "session";

    private const string Prefix = "v1.";
    private const int NonceSize = 12;
    private const int TagSize = 16;
    private const int MaximumLength = 4096;

    public static TimeSpan Life { get; } = TimeSpan.FromDays(30);

    /// <summary>The cookie's value for a session that begins now.</summary>
    public async ValueTask<string> SealAsync(SessionState state, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(state);
        var key = await secret.SessionKeyAsync(cancel);
        return Prefix + Seal(state with { IssuedAt = clock.GetUtcNow().ToUnixTimeSeconds() }, key);
    }

    /// <summary>The session of a cookie's value; null when there is none, or it is forged, damaged or too old.</summary>
    public async ValueTask<SessionState?> OpenAsync(string? text, CancellationToken cancel)
    {
        if (text is not { Length: > 3 and <= MaximumLength } || !text.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return null;
        }
        var key = await secret.SessionKeyAsync(cancel);
        return Open(text.AsSpan(Prefix.Length), key) is { } state && IsFresh(state) ? state : null;
    }

    private bool IsFresh(SessionState state)
    {
        var age = clock.GetUtcNow().ToUnixTimeSeconds() - state.IssuedAt;
        // Clocks of nodes differ a little.
        return age > -300 && age <= (long)Life.TotalSeconds;
    }

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

/// <summary>Registers what reads and writes sessions of the console; a second call does nothing.</summary>
public static class Sessions
{
    public static IHostApplicationBuilder AddSessions(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var configured = builder.Settings().Text("SESSION_SECRET");
        builder.Services.TryAddSingleton(provider => new SessionSecret(configured, provider.GetRequiredService<Database>()));
        builder.Services.TryAddSingleton<SessionSeal>();
        return builder;
    }
}
