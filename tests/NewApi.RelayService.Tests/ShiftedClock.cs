namespace NewApi.RelayService.Tests;

/// <summary>The system's clock, set forward by the test: pauses pass at once, while timers go on as they do.</summary>
internal sealed class ShiftedClock : TimeProvider
{
    private long _shift;

    public void Advance(TimeSpan time) => Interlocked.Add(ref _shift, time.Ticks);

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + new TimeSpan(Interlocked.Read(ref _shift));

    public override long GetTimestamp() =>
        base.GetTimestamp() + (long)(new TimeSpan(Interlocked.Read(ref _shift)).TotalSeconds * TimestampFrequency);
}
