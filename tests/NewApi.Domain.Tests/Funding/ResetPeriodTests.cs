using System.Globalization;
using NewApi.Domain.Funding;

namespace NewApi.Domain.Tests.Funding;

public sealed class ResetPeriodTests
{
    [Theory]
    [InlineData("daily", "2026-03-10T12:00:00Z", "2026-03-11T00:00:00Z")]
    [InlineData("daily", "2026-03-11T00:00:00Z", "2026-03-12T00:00:00Z")]
    [InlineData("weekly", "2026-03-11T12:00:00Z", "2026-03-16T00:00:00Z")]
    [InlineData("weekly", "2026-03-16T00:00:00Z", "2026-03-23T00:00:00Z")]
    [InlineData("weekly", "2026-03-15T23:59:59Z", "2026-03-16T00:00:00Z")]
    [InlineData("monthly", "2026-01-31T12:00:00Z", "2026-02-01T00:00:00Z")]
    [InlineData("monthly", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z")]
    public void Period_begins_at_midnight(string name, string now, string next) =>
        Assert.Equal(Seconds(next), new ResetPeriod(name, 0).Next(0, Seconds(now), 0, TimeZoneInfo.Utc));

    [Fact]
    public void Midnight_is_that_of_the_zone()
    {
        var shanghai = TimeZoneInfo.CreateCustomTimeZone("test", TimeSpan.FromHours(8), "test", "test");

        Assert.Equal(Seconds("2026-03-10T16:00:00Z"), new ResetPeriod("daily", 0).Next(0, Seconds("2026-03-10T12:00:00Z"), 0, shanghai));
    }

    [Fact]
    public void Custom_periods_skip_what_was_missed()
    {
        var period = new ResetPeriod("custom", 100);

        Assert.Equal(1100, period.Next(1000, 1000, 0, TimeZoneInfo.Utc));
        Assert.Equal(1400, period.Next(1000, 1399, 0, TimeZoneInfo.Utc));
        Assert.Equal(1500, period.Next(1000, 1400, 0, TimeZoneInfo.Utc));
    }

    [Theory]
    [InlineData("never", 0)]
    [InlineData("custom", 0)]
    [InlineData("nonsense", 5)]
    public void Period_that_never_ends_has_no_reset(string name, long seconds) =>
        Assert.Equal(0, new ResetPeriod(name, seconds).Next(1000, 5000, 0, TimeZoneInfo.Utc));

    [Fact]
    public void Nothing_resets_after_the_end() =>
        Assert.Equal(0, new ResetPeriod("custom", 100).Next(1000, 1000, 1050, TimeZoneInfo.Utc));

    private static long Seconds(string time) =>
        DateTimeOffset.Parse(time, CultureInfo.InvariantCulture).ToUnixTimeSeconds();
}
