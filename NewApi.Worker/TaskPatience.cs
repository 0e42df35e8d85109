using NewApi.ServiceDefaults;

namespace NewApi.Worker;

/// <summary>How songs and films are looked after (specification: configuration §3.5).</summary>
/// <param name="AtOnce">How many are read at a time.</param>
/// <param name="GiveUpAfter">When one is given up; null for never.</param>
internal sealed record TaskPatience(int AtOnce, TimeSpan? GiveUpAfter)
{
    public static TaskPatience Read(SettingsReader settings) => new(
        settings.Int("TASK_QUERY_LIMIT", 1000, 1, 100_000),
        settings.Int("TASK_TIMEOUT_MINUTES", 1440, 0, 525_600) is > 0 and var minutes ? TimeSpan.FromMinutes(minutes) : null);
}
