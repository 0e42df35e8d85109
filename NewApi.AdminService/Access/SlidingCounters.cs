using NewApi.Domain;

namespace NewApi.AdminService.Access;

/// <summary>Admits requests per key up to a limit over a sliding window. Refused requests are not counted.</summary>
internal sealed class SlidingCounters(RateLimit limit, TimeProvider clock)
{
    private readonly WindowCounters<string>? _counters = limit.IsOff ? null : new(limit.Window, clock);

    /// <summary>Keys in memory.</summary>
    public int Keys => _counters?.Keys ?? 0;

    /// <summary>Counts one request, or says no.</summary>
    public bool Admit(string key) => _counters?.TryAdd(key, 1, limit.Count) ?? true;
}
