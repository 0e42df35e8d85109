using NewApi.Domain.Subscriptions;

namespace NewApi.Domain.Tests.Subscriptions;

public sealed class PlanDurationTests
{
    private static readonly TimeZoneInfo Shanghai = TimeZoneInfo.CreateCustomTimeZone("test", TimeSpan.FromHours(8), "test", "test");

    // The clock goes back one hour in the night to 25 October 2026, and forth in the night to 29 March.
    private static readonly TimeZoneInfo Summer = TimeZoneInfo.CreateCustomTimeZone(
        "summer",
        TimeSpan.FromHours(1),
        "summer",
        "standard",
        "daylight",
        [
            TimeZoneInfo.AdjustmentRule.CreateAdjustmentRule(
                DateTime.MinValue.Date,
                DateTime.MaxValue.Date,
                TimeSpan.FromHours(1),
                TimeZoneInfo.TransitionTime.CreateFloatingDateRule(new DateTime(1, 1, 1, 2, 0, 0), 3, 5, DayOfWeek.Sunday),
                TimeZoneInfo.TransitionTime.CreateFloatingDateRule(new DateTime(1, 1, 1, 3, 0, 0), 10, 5, DayOfWeek.Sunday)),
        ]);

    [Theory]
    [InlineData("month", 1, "2026-01-31T10:00:00+08:00", "2026-02-28T10:00:00+08:00")]
    [InlineData("month", 12, "2026-02-28T10:00:00+08:00", "2027-02-28T10:00:00+08:00")]
    [InlineData("year", 1, "2028-02-29T23:30:00+08:00", "2029-02-28T23:30:00+08:00")]
    [InlineData("day", 30, "2026-12-31T23:59:59+08:00", "2027-01-30T23:59:59+08:00")]
    [InlineData("hour", 36, "2026-12-31T00:00:00+08:00", "2027-01-01T12:00:00+08:00")]
    [InlineData("custom", 0, "2026-12-31T00:00:00+08:00", "2026-12-31T00:01:30+08:00")]
    public void A_plan_ends_on_the_calendar_of_the_server(string unit, long value, string start, string end) =>
        Assert.Equal(Seconds(end), PlanDuration.End(Seconds(start), unit, value, 90, Shanghai));

    [Fact]
    public void A_day_across_the_change_of_the_clock_ends_at_the_same_time_of_day() =>
        Assert.Equal(25 * 3_600, PlanDuration.End(Seconds("2026-10-24T12:00:00+02:00"), "day", 1, 0, Summer) - Seconds("2026-10-24T12:00:00+02:00"));

    [Theory]
    [InlineData("month", 1, 0, true)]
    [InlineData("month", 0, 0, false)]
    [InlineData("month", 121, 0, false)]
    [InlineData("year", 11, 0, false)]
    [InlineData("custom", 0, 0, false)]
    [InlineData("custom", 0, 1, true)]
    [InlineData("custom", 0, long.MaxValue, false)]
    [InlineData("week", 1, 0, false)]
    public void Durations_have_bounds(string unit, long value, long seconds, bool fine) =>
        Assert.Equal(fine, PlanDuration.IsValid(unit, value, seconds));

    private static long Seconds(string time) => DateTimeOffset.Parse(time, System.Globalization.CultureInfo.InvariantCulture).ToUnixTimeSeconds();
}
