using System.Collections.Concurrent;

namespace NewApi.Domain;

/// <summary>
/// Sums per key over a sliding window with two numbers per key, whatever the limit (known problem D3): those of the current window, and those
/// of the previous one weighted by how much of it the sliding window still covers. Keys that fell silent are dropped as windows pass. Several
/// processes can count together: each takes what it has not told the others yet, and learns what all of them have.
/// </summary>
public sealed class WindowCounters<TKey>(TimeSpan window, TimeProvider clock)
    where TKey : notnull
{
    /// <summary>How long others are told and asked about a key that nobody here counts on.</summary>
    private static readonly TimeSpan SharedFor = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<TKey, Counter> _counters = new();
    private long _sweptWindow;

    /// <summary>Keys in memory.</summary>
    public int Keys => _counters.Count;

    /// <summary>Adds an amount unless the sum has reached the limit; an amount of 0 only asks.</summary>
    public bool TryAdd(TKey key, long amount, long limit)
    {
        var counter = Turn(key, out var covered, out var asked);
        lock (counter)
        {
            counter.AskedAt = asked;
            if (counter.Current + counter.Elsewhere + counter.Previous * covered >= limit)
            {
                return false;
            }
            counter.Current += amount;
            return true;
        }
    }

    /// <summary>Adds an amount, whatever the limit.</summary>
    public void Add(TKey key, long amount)
    {
        var counter = Turn(key, out _, out var asked);
        lock (counter)
        {
            counter.AskedAt = asked;
            counter.Current += amount;
        }
    }

    /// <summary>Takes back what was added at a time. It counts in the window of that time, if anywhere, and not in one that came later.</summary>
    public void TakeBack(TKey key, long amount, DateTimeOffset at)
    {
        var counter = Turn(key, out _, out var asked);
        lock (counter)
        {
            counter.AskedAt = asked;
            switch (counter.Window - at.UtcTicks / window.Ticks)
            {
                case <= 0:
                    counter.Current = Math.Max(0, counter.Current - amount);
                    break;
                case 1:
                    counter.Previous = Math.Max(0, counter.Previous - amount);
                    break;
            }
        }
    }

    /// <summary>What has been counted here in the current window since it was last taken, of every key that was asked about within a minute.</summary>
    public IReadOnlyList<(TKey Key, long Window, long Amount)> TakeUnshared()
    {
        var ticks = clock.GetUtcNow().UtcTicks;
        var now = ticks / window.Ticks;
        var taken = new List<(TKey, long, long)>();
        foreach (var (key, counter) in _counters)
        {
            lock (counter)
            {
                if (counter.Window != now || ticks - counter.AskedAt > SharedFor.Ticks)
                {
                    continue;
                }
                taken.Add((key, now, counter.Current - counter.Shared));
                counter.Shared = counter.Current;
            }
        }
        return taken;
    }

    /// <summary>All processes together have counted so much in a window, what was taken here included.</summary>
    public void Learn(TKey key, long counted, long total)
    {
        if (_counters.TryGetValue(key, out var counter))
        {
            lock (counter)
            {
                if (counter.Window == counted)
                {
                    counter.Elsewhere = Math.Max(0, total - counter.Shared);
                }
            }
        }
    }

    private Counter Turn(TKey key, out double covered, out long ticks)
    {
        ticks = clock.GetUtcNow().UtcTicks;
        var now = ticks / window.Ticks;
        covered = 1 - (double)(ticks % window.Ticks) / window.Ticks;
        Sweep(now);
        var counter = _counters.GetOrAdd(key, static _ => new Counter());
        lock (counter)
        {
            if (counter.Window != now)
            {
                counter.Previous = counter.Window == now - 1 ? counter.Current + counter.Elsewhere : 0;
                counter.Current = counter.Shared = counter.Elsewhere = 0;
                counter.Window = now;
            }
        }
        return counter;
    }

    private void Sweep(long now)
    {
        var swept = Volatile.Read(ref _sweptWindow);
        if (swept == now || Interlocked.CompareExchange(ref _sweptWindow, now, swept) != swept)
        {
            return;
        }
        foreach (var (key, counter) in _counters)
        {
            // A counter that is taken out while somebody counts on it loses that count: it was silent for a window before.
            if (Volatile.Read(ref counter.Window) < now - 1)
            {
                _counters.TryRemove(KeyValuePair.Create(key, counter));
            }
        }
    }

    private sealed class Counter
    {
        public long Window = long.MaxValue;
        public long Current;
        public long Previous;
        public long Shared;
        public long Elsewhere;
        public long AskedAt;
    }
}
