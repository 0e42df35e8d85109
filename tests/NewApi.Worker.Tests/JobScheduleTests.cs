using NewApi.Worker.Jobs;

namespace NewApi.Worker.Tests;

public sealed class JobScheduleTests
{
    private static readonly DateTimeOffset Now = new(2026, 8, 1, 12, 0, 0, TimeSpan.FromHours(8));

    [Theory]
    [InlineData(30, true)]
    [InlineData(29, true)]
    [InlineData(28, false)]
    [InlineData(0, false)]
    public void Periodic_job_is_due_when_its_period_has_passed(int secondsAgo, bool due) =>
        Assert.Equal(due, JobSchedule.Every(TimeSpan.FromSeconds(30)).IsDue(Now.AddSeconds(-secondsAgo), Now));

    [Theory]
    [InlineData("2026-08-01T03:29:00+08:00", true)]
    [InlineData("2026-08-01T03:30:00+08:00", false)]
    [InlineData("2026-07-31T23:00:00Z", false)]
    [InlineData("2026-07-31T03:31:00+08:00", true)]
    public void Nightly_job_is_due_once_after_its_hour(string last, bool due) =>
        Assert.Equal(due, JobSchedule.Daily(new TimeOnly(3, 30)).IsDue(DateTimeOffset.Parse(last), Now));

    [Fact]
    public void Nightly_job_waits_for_its_hour()
    {
        var schedule = JobSchedule.Daily(new TimeOnly(13, 0));

        Assert.False(schedule.IsDue(Now.AddHours(-20), Now));
        Assert.True(schedule.IsDue(Now.AddHours(-20), Now.AddHours(1)));
    }

    [Fact]
    public void Job_that_never_ran_is_due() => Assert.True(JobSchedule.Daily(new TimeOnly(13, 0)).IsDue(null, Now));
}
