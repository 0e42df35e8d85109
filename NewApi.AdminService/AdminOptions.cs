using NewApi.ServiceDefaults;

namespace NewApi.AdminService;

/// <summary>What the control plane reads from the environment (specification: configuration §3.1, §3.2, §3.6).</summary>
internal sealed class AdminOptions
{
    /// <summary>Reported version; by default that of the build.</summary>
    public string Version { get; init; } = BuildVersion;

    /// <summary>Slaves only: where unknown pages are redirected to.</summary>
    public string? FrontendBaseUrl { get; init; }

    public bool GenerateDefaultToken { get; init; }

    public bool BatchUpdate { get; init; }

    /// <summary>Hosts that a payer may be sent back to besides our own; their sub-domains count.</summary>
    public IReadOnlyList<string> TrustedRedirectDomains { get; init; } = [];

    public RateLimit ApiLimit { get; init; } = new(180, TimeSpan.FromSeconds(180));

    public RateLimit WebLimit { get; init; } = new(60, TimeSpan.FromSeconds(180));

    public RateLimit CriticalLimit { get; init; } = new(20, TimeSpan.FromSeconds(1200));

    public RateLimit SearchLimit { get; init; } = new(10, TimeSpan.FromSeconds(60));

    private static string BuildVersion { get; } =
        "v" + (typeof(AdminOptions).Assembly.GetName().Version is { } version ? version.ToString(3) : "0.0.0");

    public static AdminOptions Read(SettingsReader settings)
    {
        var slave = settings.Text("NODE_TYPE") == "slave";
        return new AdminOptions
        {
            Version = settings.Text("VERSION") ?? BuildVersion,
            FrontendBaseUrl = slave ? settings.Text("FRONTEND_BASE_URL")?.TrimEnd('/') : null,
            GenerateDefaultToken = settings.Flag("GENERATE_DEFAULT_TOKEN", false),
            BatchUpdate = settings.Flag("BATCH_UPDATE_ENABLED", false),
            TrustedRedirectDomains = settings.List("TRUSTED_REDIRECT_DOMAINS"),
            ApiLimit = Limit("GLOBAL_API_RATE_LIMIT", 180, 180),
            WebLimit = Limit("GLOBAL_WEB_RATE_LIMIT", 60, 180),
            CriticalLimit = Limit("CRITICAL_RATE_LIMIT", 20, 1200),
            SearchLimit = Limit("SEARCH_RATE_LIMIT", 10, 60),
        };

        RateLimit Limit(string name, int count, int seconds)
        {
            var limit = new RateLimit(
                settings.Int(name, count, 0, int.MaxValue),
                settings.Seconds(name + "_DURATION", seconds, 1, 86_400));
            return settings.Flag(name + "_ENABLE", true) ? limit : RateLimit.Off;
        }
    }
}

/// <summary>So many requests per window; zero requests means that the limiter is off.</summary>
internal readonly record struct RateLimit(int Count, TimeSpan Window)
{
    public static readonly RateLimit Off;

    public bool IsOff => Count <= 0 || Window <= TimeSpan.Zero;
}
