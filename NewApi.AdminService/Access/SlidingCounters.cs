using System.Collections.Concurrent;

namespace NewApi.AdminService.Access;

/// <summary>
/// Counts requests per key over a sliding window with two numbers per key, whatever the limit: those of the current window, and
/// those of the previous one weighted by how much of it the sliding window still covers (known problem D3: a time stamp per request
/// is unbounded). Refused requests are not counted. Keys that fell silent are dropped as windows pass.
/// </summary>
internal sealed class SlidingCounters(RateLimit limit, TimeProvider clock)
{
    private readonly ConcurrentDictionary<string, Counter> _counters = new(StringComparer.Ordinal);
    private long _sweptWindow;

    /// <summary>Keys in memory.</summary>
    public int Keys => _counters.Count;

    /// <summary>Counts one request, or says no.</summary>
    public bool Admit(string key)
    {
        if (limit.IsOff)
        {
            return true;
        }
        var ticks = clock.GetUtcNow().UtcTicks;
        var window = ticks / limit.Window.Ticks;
        var covered = 1 - (double)(ticks % limit.Window.Ticks) / limit.Window.Ticks;
        Sweep(window);

        var counter = _counters.GetOrAdd(key, static _ => new Counter());
        lock (counter)
        {
            if (counter.Window != window)
            {
                counter.Previous = counter.Window == window - 1 ? counter.Current : 0;
                counter.Current = 0;
                counter.Window = window;
            }
            if (counter.Current + counter.Previous * covered >= limit.Count)
            {
                return false;
            }
            counter.Current++;
            return true;
        }
    }

    private void Sweep(long window)
    {
        var swept = Volatile.Read(ref _sweptWindow);
        if (swept == window || Interlocked.CompareExchange(ref _sweptWindow, window, swept) != swept)
        {
            return;
        }
        foreach (var (key, counter) in _counters)
        {
            // A counter that is taken out while somebody counts on it loses that count: it was silent for a window before.
            if (Volatile.Read(ref counter.Window) < window - 1)
            {
                _counters.TryRemove(KeyValuePair.Create(key, counter));
            }
        }
    }

    private sealed class Counter
    {
        public long Window = long.MaxValue;
        public int Current;
        public int Previous;
    }
}
