using NewApi.RelayService.Channels;

namespace NewApi.RelayService.Tests.Channels;

/// <summary>A breaker opens on a budget of failures, lets one call through when its pause is over, and closes when that succeeds.</summary>
public sealed class BreakerTests
{
    private static readonly BreakerRules Rules = new(3, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(5));

    [Fact]
    public void One_failure_opens_nothing()
    {
        var breaker = new Breaker();

        Assert.Equal(TimeSpan.Zero, breaker.Failed(1_000, Rules, null));

        Assert.False(breaker.IsOpen(1_001));
    }

    [Fact]
    public void Failures_within_the_window_open_it_for_the_pause()
    {
        var breaker = Open(at: 1_000);

        Assert.True(breaker.IsOpen(1_001));
        Assert.True(breaker.IsOpen(5_999));
        Assert.False(breaker.IsOpen(6_000));
    }

    [Fact]
    public void Failures_that_are_few_among_successes_open_nothing()
    {
        var breaker = new Breaker();
        for (var i = 0; i < 20; i++)
        {
            breaker.Succeeded(1_000, Rules);
        }

        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(TimeSpan.Zero, breaker.Failed(1_000, Rules, null));
        }
    }

    [Fact]
    public void Failures_that_lie_further_apart_than_the_window_open_nothing()
    {
        var breaker = new Breaker();
        for (var i = 0; i < 50; i++)
        {
            Assert.Equal(TimeSpan.Zero, breaker.Failed(i * 30_000L, Rules, null));
        }
    }

    [Fact]
    public void One_probe_goes_when_the_pause_is_over_and_all_others_stay_away_meanwhile()
    {
        var breaker = Open(at: 1_000);

        Assert.False(breaker.Enter(3_000));
        Assert.True(breaker.Enter(6_000));

        Assert.True(breaker.IsOpen(6_001));
        Assert.True(breaker.Succeeded(6_500, Rules));
        Assert.False(breaker.IsOpen(6_501));
        Assert.Equal(TimeSpan.Zero, breaker.Failed(6_600, Rules, null));
    }

    [Fact]
    public void Failed_probe_doubles_the_pause_up_to_a_bound()
    {
        var breaker = Open(at: 0);
        var now = 5_000L;
        var pauses = new List<double>();
        for (var i = 0; i < 8; i++)
        {
            Assert.True(breaker.Enter(now));
            var pause = breaker.Failed(now, Rules, null);
            pauses.Add(pause.TotalSeconds);
            now += (long)pause.TotalMilliseconds;
        }

        Assert.Equal([10, 20, 40, 80, 120, 120, 120, 120], pauses);
    }

    [Fact]
    public void Probe_whose_caller_leaves_makes_room_for_the_next()
    {
        var breaker = Open(at: 1_000);
        breaker.Enter(6_000);

        breaker.Abandoned();

        Assert.False(breaker.IsOpen(6_001));
    }

    [Fact]
    public void Probe_that_never_reports_back_does_not_block_for_ever()
    {
        var breaker = Open(at: 1_000);
        breaker.Enter(6_000);

        Assert.False(breaker.IsOpen(66_001));
    }

    [Fact]
    public void Upstream_that_asks_to_be_left_alone_is_at_once_and_for_as_long_as_it_says()
    {
        var breaker = new Breaker();

        Assert.Equal(TimeSpan.FromSeconds(40), breaker.Failed(1_000, Rules, TimeSpan.FromSeconds(40)));

        Assert.True(breaker.IsOpen(40_999));
        Assert.False(breaker.IsOpen(41_000));
    }

    [Fact]
    public void Upstream_cannot_ask_for_ever()
    {
        var breaker = new Breaker();

        Assert.Equal(Breaker.LongestCoolDown, breaker.Failed(1_000, Rules, TimeSpan.FromDays(30)));
    }

    [Fact]
    public void Breaker_that_is_switched_off_still_respects_what_the_upstream_asks()
    {
        var off = Rules with { Failures = 0 };
        var breaker = new Breaker();
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(TimeSpan.Zero, breaker.Failed(1_000, off, null));
        }

        Assert.Equal(TimeSpan.FromSeconds(3), breaker.Failed(1_000, off, TimeSpan.FromSeconds(3)));
    }

    private static Breaker Open(long at)
    {
        var breaker = new Breaker();
        Assert.Equal(TimeSpan.Zero, breaker.Failed(at, Rules, null));
        Assert.Equal(TimeSpan.Zero, breaker.Failed(at, Rules, null));
        Assert.Equal(Rules.Pause, breaker.Failed(at, Rules, null));
        return breaker;
    }
}
