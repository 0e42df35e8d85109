using NewApi.Domain.Options;
using NewApi.ServiceDefaults;

namespace NewApi.Worker;

/// <summary>When channels are tested: what the environment says wins over the options (specification: jobs §5).</summary>
/// <param name="Enabled"><c>CHANNEL_TEST_ENABLED</c>; null leaves it to the others.</param>
/// <param name="Frequency"><c>CHANNEL_TEST_FREQUENCY</c>; a value switches tests on.</param>
/// <param name="Pause">Between two channels (<c>POLLING_INTERVAL</c>); zero tests several at a time.</param>
internal sealed record ChannelTestPlan(bool? Enabled, TimeSpan? Frequency, TimeSpan Pause)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(30);

    public static ChannelTestPlan Read(SettingsReader settings)
    {
        var minutes = settings.Int("CHANNEL_TEST_FREQUENCY", 0, 0, 1_000_000);
        return new(
            settings.Text("CHANNEL_TEST_ENABLED") is null ? null : settings.Flag("CHANNEL_TEST_ENABLED", false),
            minutes > 0 ? TimeSpan.FromMinutes(minutes) : null,
            settings.Seconds("POLLING_INTERVAL", 0, 0, 3600));
    }

    /// <summary>Time between two scheduled tests; null: there are none.</summary>
    public TimeSpan? Period(MonitorSettings monitor)
    {
        if (!(Enabled ?? (Frequency is not null || monitor.AutoTestChannelEnabled)))
        {
            return null;
        }
        var period = Frequency ?? TimeSpan.FromMinutes((double)monitor.AutoTestChannelMinutes);
        return period > Shortest ? period : Shortest;
    }

    /// <summary>Whether what the gateway has disabled is probed until it answers again.</summary>
    public bool Recovers(GatewayOptions options) => options.AutomaticEnableChannelEnabled && Enabled != false;
}
