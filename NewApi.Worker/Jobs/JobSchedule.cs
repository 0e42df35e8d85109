namespace NewApi.Worker.Jobs;

/// <summary>When a job is due, counted from its last run that ended well, whichever worker ran it.</summary>
internal abstract record JobSchedule
{
    /// <summary>How often a worker looks whether the job is due.</summary>
    public abstract TimeSpan Look { get; }

    public static JobSchedule Every(TimeSpan period) => new Periodic(period);

    /// <summary>Once a day, at a time of the local time zone (TZ).</summary>
    public static JobSchedule Daily(TimeOnly at) => new Nightly(at);

    /// <param name="last">Start of the last run; null when it never ran.</param>
    /// <param name="now">Now, in the local time zone.</param>
    public abstract bool IsDue(DateTimeOffset? last, DateTimeOffset now);

    private sealed record Periodic(TimeSpan Period) : JobSchedule
    {
        public override TimeSpan Look => Period;

        public override bool IsDue(DateTimeOffset? last, DateTimeOffset now) =>
            // A second of slack: the database counts whole seconds, and a look that comes a moment early must not skip a period.
            last is null || now - last >= Period - TimeSpan.FromSeconds(1);
    }

    private sealed record Nightly(TimeOnly At) : JobSchedule
    {
        public override TimeSpan Look => TimeSpan.FromMinutes(1);

        public override bool IsDue(DateTimeOffset? last, DateTimeOffset now)
        {
            var today = new DateTimeOffset(now.Date + At.ToTimeSpan(), now.Offset);
            var latest = today <= now ? today : today.AddDays(-1);
            return last is null || last < latest;
        }
    }
}
