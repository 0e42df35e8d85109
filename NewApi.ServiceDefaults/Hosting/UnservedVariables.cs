using Microsoft.Extensions.Logging;

namespace NewApi.ServiceDefaults.Hosting;

/// <summary>
/// Variables of the reference that this version accepts without acting on them. Whoever sets one is told so at start: a switch that silently
/// does nothing is worse than none. A test keeps this list and docs/configuration.md alike, and free of variables that are read.
/// </summary>
internal static partial class UnservedVariables
{
    public static IReadOnlyList<string> All { get; } =
    [
        "ANONYMOUS_REQUEST_BODY_LIMIT_KB",
        "CHANNEL_UPDATE_FREQUENCY",
        "CRYPTO_SECRET",
        "CountToken",
        "ENABLE_PPROF",
        "GEMINI_SAFETY_SETTING",
        "GEMINI_VISION_MAX_IMAGE_NUM",
        "GET_MEDIA_TOKEN",
        "GET_MEDIA_TOKEN_NOT_STREAM",
        "GOOGLE_ANALYTICS_ID",
        "LINUX_DO_TOKEN_ENDPOINT",
        "LINUX_DO_USER_ENDPOINT",
        "LOG_SQL_CLICKHOUSE_TTL_DAYS",
        "PYROSCOPE_URL",
        "RELAY_MAX_IDLE_CONNS",
        "RELAY_MAX_IDLE_CONNS_PER_HOST",
        "SESSION_COOKIE_SECURE",
        "SESSION_COOKIE_TRUSTED_URL",
        "SQL_SLOW_THRESHOLD_MS",
        "SYNC_HTTP_MAX_MB",
        "SYNC_HTTP_RETRY",
        "SYNC_HTTP_TIMEOUT_SECONDS",
        "SYNC_UPSTREAM_BASE",
        "UMAMI_SCRIPT_URL",
        "UMAMI_WEBSITE_ID",
        "USER_SESSION_ACTIVE_LIMIT",
    ];

    public static void Report(SettingsReader settings, ILogger log)
    {
        var set = All.Where(name => settings.Text(name) is not null).ToList();
        if (set.Count > 0)
        {
            HaveNoEffect(log, string.Join(", ", set));
        }
    }

    [LoggerMessage(LogLevel.Warning, "Set, but without effect in this version: {Variables} (docs/configuration.md)")]
    private static partial void HaveNoEffect(ILogger log, string variables);
}
