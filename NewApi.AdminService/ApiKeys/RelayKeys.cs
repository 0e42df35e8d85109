using NewApi.AdminService.Access;
using NewApi.AdminService.Http;
using NewApi.Data.Callers;

namespace NewApi.AdminService.ApiKeys;

/// <summary>The few management routes that a relay key opens (specification: admin API §2.4).</summary>
internal sealed class RelayKeys(CallerStore callers, TimeProvider clock)
{
    /// <summary>For looking at one's own use: the key exists and its owner is enabled; spent and expired keys may look too.</summary>
    public async Task<(Answer? Refusal, CallerRows? Owner)> ReadOnlyAsync(HttpContext context, CancellationToken ct)
    {
        if (KeyOf(context.Request) is not { } key || await callers.FindByKeyAsync(key, ct) is not { } owner)
        {
            return (Answer.Fail(Say.BadRelayKey, StatusCodes.Status401Unauthorized), null);
        }
        return owner.User.Status == UserStatus.Enabled
            ? (null, owner)
            : (Answer.Fail(Say.Disabled, StatusCodes.Status403Forbidden), null);
    }

    /// <summary>As for a relayed call: the key must be enabled, in date and have quota. Null when it is not.</summary>
    public async Task<(int Status, CallerRows? Owner)> StrictAsync(HttpContext context, CancellationToken ct)
    {
        if (KeyOf(context.Request) is not { } key || await callers.FindByKeyAsync(key, ct) is not { } owner)
        {
            return (StatusCodes.Status401Unauthorized, null);
        }
        var token = owner.Token;
        if (token.Status != ApiKeyRules.Enabled
            || (token.ExpiredTime != -1 && token.ExpiredTime < clock.GetUtcNow().ToUnixTimeSeconds())
            || (!token.UnlimitedQuota && token.RemainQuota <= 0))
        {
            return (StatusCodes.Status401Unauthorized, null);
        }
        return owner.User.Status == UserStatus.Enabled ? (StatusCodes.Status200OK, owner) : (StatusCodes.Status403Forbidden, null);
    }

    /// <summary>The bare key: without scheme, without one leading <c>sk-</c>, up to the first dash.</summary>
    private static string? KeyOf(HttpRequest request)
    {
        var text = request.Headers.Authorization.ToString().Trim();
        if (text.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
        {
            text = text[7..].Trim();
        }
        if (text.Length == 0)
        {
            text = request.Text("key");
        }
        if (text.StartsWith("sk-", StringComparison.Ordinal))
        {
            text = text[3..];
        }
        var dash = text.IndexOf('-');
        text = dash < 0 ? text : text[..dash];
        return text.Length > 0 ? text : null;
    }
}
