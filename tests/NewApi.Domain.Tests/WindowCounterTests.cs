namespace NewApi.Domain.Tests;

/// <summary>Sums over a sliding window, of which something is taken back.</summary>
public sealed class WindowCounterTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch.AddYears(56);

    private readonly SetClock _clock = new() { Now = Start };
    private readonly WindowCounters<string> _counters;

    public WindowCounterTests() => _counters = new(TimeSpan.FromMinutes(1), _clock);

    [Theory]
    [InlineData(10)]
    [InlineData(60)]
    public void What_is_taken_back_leaves_the_window_that_it_counted_in(int seconds)
    {
        _counters.Add("a", 100);
        _clock.Now = Start.AddSeconds(seconds);
        _counters.Add("a", 7);

        _counters.TakeBack("a", 100, Start);

        Assert.False(_counters.TryAdd("a", 0, 7));
        Assert.True(_counters.TryAdd("a", 0, 8));
    }

    [Fact]
    public void What_counts_no_more_takes_nothing_from_what_does()
    {
        _counters.Add("a", 100);
        _clock.Now = Start.AddMinutes(2);
        _counters.Add("a", 7);

        _counters.TakeBack("a", 100, Start);

        Assert.False(_counters.TryAdd("a", 0, 7));
    }

    [Fact]
    public void Others_hear_of_what_is_taken_back()
    {
        _counters.Add("a", 100);
        _counters.TakeUnshared();

        _counters.TakeBack("a", 40, Start);

        Assert.Equal(-40, _counters.TakeUnshared().Single().Amount);
    }

    private sealed class SetClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
