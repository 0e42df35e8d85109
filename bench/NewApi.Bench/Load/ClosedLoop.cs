using System.Diagnostics;
using HdrHistogram;

namespace NewApi.Bench.Load;

/// <summary>A fixed number of connections, each asking again as soon as it has its answer: finds out how much a target can do.</summary>
internal static class ClosedLoop
{
    /// <param name="port">Where the target listens.</param>
    /// <param name="payload">What each connection asks, again and again.</param>
    /// <param name="connections">How many ask at once.</param>
    /// <param name="duration">No request starts later than this; zero means one request on each connection.</param>
    /// <param name="stagger">How much later than its neighbour each connection begins.</param>
    /// <param name="ct">Ends the load with an exception.</param>
    public static async Task<LoadResult> RunAsync(
        int port, Payload payload, int connections, TimeSpan duration, TimeSpan stagger, CancellationToken ct)
    {
        var latency = new LongConcurrentHistogram(1, 60_000_000, 3);
        var clock = Stopwatch.StartNew();
        var loops = Enumerable.Range(0, connections)
            .Select(i => LoopAsync(port, payload, clock, duration, i * stagger, latency, ct))
            .ToArray();
        await Task.WhenAll(loops);
        return new(loops.Sum(loop => loop.Result.Replies), loops.Sum(loop => loop.Result.Events), clock.Elapsed, latency);
    }

    private static async Task<(long Replies, long Events)> LoopAsync(
        int port, Payload payload, Stopwatch clock, TimeSpan duration, TimeSpan delay, LongConcurrentHistogram latency, CancellationToken ct)
    {
        using var connection = new LoadConnection(port);
        var replies = 0L;
        await Task.Delay(delay, ct);
        await Task.Yield();
        do
        {
            var started = Stopwatch.GetTimestamp();
            await connection.CallAsync(payload, ct);
            latency.RecordValue(Math.Max(1, (long)Stopwatch.GetElapsedTime(started).TotalMicroseconds));
            replies++;
        }
        while (clock.Elapsed < duration);
        return (replies, connection.Reply.Lines / 2);
    }
}
