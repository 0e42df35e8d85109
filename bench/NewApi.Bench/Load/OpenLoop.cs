using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using HdrHistogram;

namespace NewApi.Bench.Load;

/// <summary>
/// Requests leave at planned instants, whether earlier ones have been answered or not, and latency counts from the plan: a target
/// that stalls cannot hide the requests it kept waiting (coordinated omission).
/// </summary>
internal sealed partial class OpenLoop : IDisposable
{
    private const int MonotonicClock = 1;
    private const int AbsoluteTime = 1;
    private const int SetTimerSlack = 29;

    private readonly Payload _payload;
    private readonly LoadConnection[] _connections;
    private readonly long[] _planned;
    private readonly ConcurrentStack<int> _idle = new();
    private readonly ConcurrentQueue<long> _late = new();
    private readonly LongConcurrentHistogram _latency = new(1, 60_000_000, 3);
    private readonly CancellationTokenSource _finished;
    private long _answered;

    private OpenLoop(int port, Payload payload, int connections, CancellationToken ct)
    {
        _payload = payload;
        _connections = [.. Enumerable.Range(0, connections).Select(_ => new LoadConnection(port))];
        _planned = new long[connections];
        _finished = CancellationTokenSource.CreateLinkedTokenSource(ct);
    }

    public static async Task<LoadResult> RunAsync(
        int port, Payload payload, int connections, int perSecond, TimeSpan duration, CancellationToken ct)
    {
        using var loop = new OpenLoop(port, payload, connections, ct);
        return await loop.RunAsync(perSecond, (long)(perSecond * duration.TotalSeconds));
    }

    public void Dispose()
    {
        _finished.Dispose();
        foreach (var connection in _connections)
        {
            connection.Dispose();
        }
    }

    private async Task<LoadResult> RunAsync(int perSecond, long count)
    {
        foreach (var connection in _connections)
        {
            await connection.OpenAsync(_finished.Token);
        }
        var readers = Enumerable.Range(0, _connections.Length).Select(i => ReadAsync(i, count)).ToArray();
        var clock = Stopwatch.StartNew();
        var dispatcher = new Thread(() => Dispatch(perSecond, count)) { IsBackground = true };
        dispatcher.Start();

        var reading = Task.WhenAll(readers);
        var first = await Task.WhenAny(readers);
        if (first.IsFaulted)
        {
            await _finished.CancelAsync();
        }
        await reading;
        return new(_answered, 0, clock.Elapsed, _latency);
    }

    /// <summary>Sleeps to each planned instant on a thread of its own, since timers of the pool are only good to a millisecond.</summary>
    private void Dispatch(int perSecond, long count)
    {
        _ = SetThreadOption(SetTimerSlack, 1, 0, 0, 0);
        var interval = Stopwatch.Frequency / perSecond;
        var start = Stopwatch.GetTimestamp() + (Stopwatch.Frequency / 20);
        for (var i = 0L; i < count && !_finished.IsCancellationRequested; i++)
        {
            var planned = start + (i * interval);
            var until = new TimeSpecification(planned / Stopwatch.Frequency, planned % Stopwatch.Frequency);
            _ = Sleep(MonotonicClock, AbsoluteTime, until, 0);
            if (_idle.TryPop(out var index))
            {
                Send(index, planned);
                continue;
            }
            _late.Enqueue(planned);
            if (_idle.TryPop(out index))
            {
                BecomeIdle(index);
            }
        }
    }

    private async Task ReadAsync(int index, long count)
    {
        var connection = _connections[index];
        var available = true;
        try
        {
            while (true)
            {
                var reply = connection.ReceiveAsync(_finished.Token);
                if (available)
                {
                    BecomeIdle(index);
                }
                await reply;
                _payload.Check(connection.Reply);
                var elapsed = Stopwatch.GetElapsedTime(Volatile.Read(ref _planned[index]));
                _latency.RecordValue(Math.Max(1, (long)elapsed.TotalMicroseconds));
                if (Interlocked.Increment(ref _answered) == count)
                {
                    await _finished.CancelAsync();
                    return;
                }
                available = !SendNextLate(index);
            }
        }
        catch (OperationCanceledException) when (Volatile.Read(ref _answered) == count)
        {
            // All planned requests have been answered.
        }
    }

    /// <summary>Looks again after the push, since the dispatcher may have queued while nobody was idle.</summary>
    private void BecomeIdle(int index)
    {
        _idle.Push(index);
        while (!_late.IsEmpty && _idle.TryPop(out var other))
        {
            if (!SendNextLate(other))
            {
                _idle.Push(other);
            }
        }
    }

    private bool SendNextLate(int index)
    {
        if (!_late.TryDequeue(out var planned))
        {
            return false;
        }
        Send(index, planned);
        return true;
    }

    private void Send(int index, long planned)
    {
        Volatile.Write(ref _planned[index], planned);
        _connections[index].Send(_payload.Bytes.Span);
    }

    [LibraryImport("libc", EntryPoint = "clock_nanosleep")]
    private static partial int Sleep(int clock, int flags, in TimeSpecification until, nint remaining);

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int SetThreadOption(int option, nuint value, nuint third, nuint fourth, nuint fifth);
}
