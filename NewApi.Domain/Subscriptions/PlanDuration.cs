namespace NewApi.Domain.Subscriptions;

/// <summary>How long a plan lasts (specification: data model §2.1). Days, months and years are those of the server's time zone.</summary>
public static class PlanDuration
{
    public const string Custom = "custom";

    /// <summary>Ten years: more than anybody sells, and safe to add to any date.</summary>
    private const long LongestSeconds = 10L * 366 * 86_400;

    /// <summary>Whether a plan of so many units can be sold: at least a second, at most ten years.</summary>
    public static bool IsValid(string unit, long value, long customSeconds)
    {
        var most = unit switch
        {
            "year" => 10,
            "month" => 120,
            "day" => 3_660,
            "hour" => 87_840,
            _ => 0,
        };
        return unit == Custom ? customSeconds is > 0 and <= LongestSeconds : value > 0 && value <= most;
    }

    /// <summary>When a plan that starts at <paramref name="start"/> ends. A month that lacks the day ends on its last one.</summary>
    public static long End(long start, string unit, long value, long customSeconds, TimeZoneInfo zone)
    {
        ArgumentNullException.ThrowIfNull(zone);
        return unit switch
        {
            "year" => OnCalendar(start, zone, local => local.AddYears((int)value)),
            "month" => OnCalendar(start, zone, local => local.AddMonths((int)value)),
            "day" => OnCalendar(start, zone, local => local.AddDays(value)),
            "hour" => start + value * 3_600,
            Custom => start + customSeconds,
            _ => throw new ArgumentOutOfRangeException(nameof(unit), unit, "Not a unit of duration."),
        };
    }

    private static long OnCalendar(long time, TimeZoneInfo zone, Func<DateTime, DateTime> move)
    {
        var moved = move(TimeZoneInfo.ConvertTime(DateTimeOffset.FromUnixTimeSeconds(time), zone).DateTime);
        return new DateTimeOffset(moved, zone.GetUtcOffset(moved)).ToUnixTimeSeconds();
    }
}
