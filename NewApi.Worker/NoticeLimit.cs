using NewApi.ServiceDefaults;

namespace NewApi.Worker;

/// <summary>How many notices of one kind an account gets within a window (specification: configuration §3.5).</summary>
internal sealed record NoticeLimit(int Count, TimeSpan Window)
{
    public static NoticeLimit Read(SettingsReader settings) => new(
        settings.Int("NOTIFY_LIMIT_COUNT", 2, 0, 1_000),
        TimeSpan.FromMinutes(settings.Int("NOTIFICATION_LIMIT_DURATION_MINUTE", 10, 1, 10_080)));
}
