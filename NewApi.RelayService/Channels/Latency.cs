namespace NewApi.RelayService.Channels;

/// <summary>
/// How long a channel takes to begin its answer: a moving average that jumps up with a slow answer and comes down with time (peak EWMA), and
/// the attempts under way. Times are milliseconds.
/// </summary>
internal sealed class Latency
{
    /// <summary>After this long a slow answer counts for a third.</summary>
    private const double Decay = 10_000;

    private readonly Lock _gate = new();
    private double _average;
    private long _at;
    private int _underWay;

    public void Began() => Interlocked.Increment(ref _underWay);

    public void Ended() => Interlocked.Decrement(ref _underWay);

    public void Answered(long now, double milliseconds)
    {
        lock (_gate)
        {
            if (milliseconds >= _average)
            {
                _average = milliseconds;
            }
            else
            {
                var kept = Math.Exp(-Math.Max(0, now - _at) / Decay);
                _average = _average * kept + milliseconds * (1 - kept);
            }
            _at = now;
        }
    }

    /// <summary>What another call would have to expect: smaller is better. A channel that nobody has asked yet is worth a try.</summary>
    public double Cost
    {
        get
        {
            lock (_gate)
            {
                return (_average + 1) * (1 + Volatile.Read(ref _underWay));
            }
        }
    }
}
