using System.Collections.Frozen;

namespace NewApi.AdminService.Access;

/// <summary>
/// The routes that somebody without an account may call, by name; every other one demands a caller, also one that somebody adds
/// tomorrow and forgets to think about.
/// </summary>
internal static class OpenRoutes
{
    public static FrozenSet<string> Names { get; } = new[]
    {
        "GET /api/status",
        "GET /api/setup",
        "POST /api/setup",
        "GET /api/notice",
        "GET /api/about",
        "GET /api/home_page_content",
        "GET /api/user-agreement",
        "GET /api/privacy-policy",
        "POST /api/user/login",
        "POST /api/user/login/2fa",
        "POST /api/user/register",
        "GET /api/user/logout",
        "GET /api/user/groups",
        "GET /api/pricing",
        "GET /api/ratio_config",

        // Payment providers report here; each report proves itself with a signature.
        "GET /api/user/epay/notify",
        "POST /api/user/epay/notify",
        "POST /api/stripe/webhook",
        "POST /api/creem/webhook",
        "GET /api/subscription/epay/notify",
        "POST /api/subscription/epay/notify",
        "GET /api/subscription/epay/return",
        "POST /api/subscription/epay/return",

        // These authenticate with a relay key instead.
        "GET /api/usage/token",
        "GET /api/log/token",
        "GET /dashboard/billing/subscription",
        "GET /dashboard/billing/usage",
        "GET /v1/dashboard/billing/subscription",
        "GET /v1/dashboard/billing/usage",

        // Browsers of other origins ask whether they may call those.
        "OPTIONS /api/usage/token",
        "OPTIONS /api/log/token",
        "OPTIONS /dashboard/billing/subscription",
        "OPTIONS /dashboard/billing/usage",
        "OPTIONS /v1/dashboard/billing/subscription",
        "OPTIONS /v1/dashboard/billing/usage",

        // Nothing is there.
        "* /api/{**path}",
    }.ToFrozenSet(StringComparer.Ordinal);
}
