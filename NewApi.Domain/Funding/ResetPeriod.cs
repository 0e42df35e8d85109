namespace NewApi.Domain.Funding;

/// <summary>How often what was used of a subscription or a budget starts again from zero.</summary>
/// <param name="Name"><c>never</c>, <c>daily</c>, <c>weekly</c>, <c>monthly</c> or <c>custom</c>.</param>
/// <param name="CustomSeconds">Length of a custom period.</param>
public readonly record struct ResetPeriod(string Name, long CustomSeconds)
{
    public static bool IsKnown(string name) => name is "never" or "daily" or "weekly" or "monthly" or "custom";

    /// <summary>
    /// The first reset after <paramref name="now"/>: midnight, Monday's midnight or that of the first of the month in
    /// <paramref name="zone"/>; custom periods are counted on from <paramref name="from"/>. 0 when there is none before
    /// <paramref name="end"/>.
    /// </summary>
    /// <param name="from">Unix seconds of the last reset, or of the beginning.</param>
    /// <param name="now">Unix seconds.</param>
    /// <param name="end">Unix seconds after which nothing resets any more; 0 when it never ends.</param>
    /// <param name="zone">Where midnight is.</param>
    public long Next(long from, long now, long end, TimeZoneInfo zone)
    {
        var next = Name switch
        {
            "daily" => Midnight(now, zone, static day => day.AddDays(1)),
            "weekly" => Midnight(now, zone, static day => day.AddDays(7 - ((int)day.DayOfWeek + 6) % 7)),
            "monthly" => Midnight(now, zone, static day => day.AddDays(1 - day.Day).AddMonths(1)),
            "custom" when CustomSeconds > 0 => from + (Math.Max(0, now - from) / CustomSeconds + 1) * CustomSeconds,
            _ => 0,
        };
        return end > 0 && next > end ? 0 : next;
    }

    private static long Midnight(long now, TimeZoneInfo zone, Func<DateTime, DateTime> dayAfter)
    {
        var local = TimeZoneInfo.ConvertTime(DateTimeOffset.FromUnixTimeSeconds(now), zone);
        var midnight = dayAfter(local.Date);
        // A clock that is put forward at midnight skips it: the day then begins an hour later.
        if (zone.IsInvalidTime(midnight))
        {
            midnight = midnight.AddHours(1);
        }
        return new DateTimeOffset(midnight, zone.GetUtcOffset(midnight)).ToUnixTimeSeconds();
    }
}
