using System.Globalization;
using NewApi.Data;
using NewApi.Domain;
using StackExchange.Redis;

namespace NewApi.RelayService.Limits;

/// <summary>Somebody who makes the sums of one process known to others.</summary>
internal interface ICountExchange
{
    /// <param name="name">What is counted.</param>
    /// <param name="counters">The sums.</param>
    /// <param name="nameOf">A key as text.</param>
    /// <param name="window">The length of a window.</param>
    Task ExchangeAsync<TKey>(string name, WindowCounters<TKey> counters, Func<TKey, string> nameOf, TimeSpan window)
        where TKey : notnull;
}

/// <summary>
/// Lets relays that share a Redis count together. No call waits for it: twice a second each relay adds what it has counted and reads what all
/// have, so a limit can be passed by what comes in within that time, or by the first call after a minute without any. Without Redis, or while it is away, each relay counts for itself.
/// </summary>
/// <remarks>
/// Keys: <c>newapi:limit:{counter}:{name}:{window}</c> is the sum of all relays, kept for two windows; <c>newapi:limit:running:{relay}</c> is
/// a hash of the calls that run there, gone ten seconds after the relay; <c>newapi:limit:relays</c> names the relays by when they last spoke.
/// </remarks>
internal sealed class SharedLimits(CallLimits limits, RedisLink redis, TimeProvider clock, ILogger<SharedLimits> log) : BackgroundService
{
    private const string Prefix = "newapi:limit:";
    private const string Relays = Prefix + "relays";

    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(10);

    private readonly string _relay = Guid.NewGuid().ToString("N");
    private bool _isAway;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!redis.IsConfigured)
        {
            return;
        }
        using var timer = new PeriodicTimer(Every, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await TryExchangeAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops; the others forget this relay in a few seconds.
        }
    }

    /// <summary>One exchange; afterwards this relay knows what the others had said before.</summary>
    internal async Task ExchangeAsync(CancellationToken cancel)
    {
        if (await redis.ConnectAsync(cancel) is not { } connection)
        {
            return;
        }
        var database = connection.GetDatabase();
        await limits.ShareAsync(new Exchange(database));
        await ShareRunningAsync(database);
    }

    private async Task TryExchangeAsync(CancellationToken cancel)
    {
        try
        {
            await ExchangeAsync(cancel);
            _isAway = false;
        }
        catch (Exception error) when (error is RedisException or TimeoutException or DatabaseUnavailableException)
        {
            // Calls that others had once must not stand in the way for ever.
            limits.RunningElsewhere = new Dictionary<(LimitScope Scope, string Name), long>();
            if (!_isAway)
            {
                log.LimitsAlone(error);
            }
            _isAway = true;
        }
    }

    private async Task ShareRunningAsync(IDatabase database)
    {
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var own = Prefix + "running:" + _relay;
        var running = limits.Running.Select(place => new HashEntry($"{(int)place.Key.Scope}:{place.Key.Name}", place.Value)).ToArray();
        var batch = database.CreateBatch();
        List<Task> said =
        [
            batch.KeyDeleteAsync(own),
            .. running.Length == 0 ? (Task[])[] : [batch.HashSetAsync(own, running), batch.KeyExpireAsync(own, Lifetime)],
            batch.SortedSetAddAsync(Relays, _relay, now),
            batch.SortedSetRemoveRangeByScoreAsync(Relays, 0, now - Lifetime.TotalSeconds),
        ];
        var all = batch.SortedSetRangeByRankAsync(Relays);
        batch.Execute();
        await Task.WhenAll([.. said, all]);

        var others = (await all).Where(relay => relay != _relay).Select(relay => database.HashGetAllAsync(Prefix + "running:" + relay)).ToArray();
        var elsewhere = new Dictionary<(LimitScope Scope, string Name), long>();
        foreach (var place in (await Task.WhenAll(others)).SelectMany(static places => places))
        {
            if (place.Name.ToString().Split(':', 2) is [var scope, var name] && int.TryParse(scope, CultureInfo.InvariantCulture, out var number))
            {
                var key = ((LimitScope)number, name);
                elsewhere[key] = elsewhere.GetValueOrDefault(key) + (long)place.Value;
            }
        }
        limits.RunningElsewhere = elsewhere;
    }

    private sealed class Exchange(IDatabase database) : ICountExchange
    {
        public async Task ExchangeAsync<TKey>(string name, WindowCounters<TKey> counters, Func<TKey, string> nameOf, TimeSpan window)
            where TKey : notnull
        {
            var taken = counters.TakeUnshared();
            if (taken.Count == 0)
            {
                return;
            }
            var batch = database.CreateBatch();
            var totals = new Task<long>[taken.Count];
            var kept = new Task[taken.Count];
            for (var i = 0; i < taken.Count; i++)
            {
                RedisKey key = $"{Prefix}{name}:{nameOf(taken[i].Key)}:{taken[i].Window}";
                totals[i] = batch.StringIncrementAsync(key, taken[i].Amount);
                kept[i] = batch.KeyExpireAsync(key, window * 2);
            }
            batch.Execute();
            await Task.WhenAll(kept);
            for (var i = 0; i < taken.Count; i++)
            {
                counters.Learn(taken[i].Key, taken[i].Window, await totals[i]);
            }
        }
    }
}
