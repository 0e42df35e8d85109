using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Globalization;
using NewApi.Domain;
using NewApi.Domain.Options;
using NewApi.RelayService.Channels;

namespace NewApi.RelayService.Limits;

/// <summary>
/// How much of the gateway one user, key, group, model or channel may take (specification: relay §7.1, and the rules of
/// <c>limit_setting.rules</c>). Counted in this process, without waiting for anybody; <see cref="SharedLimits"/> tells the other relays.
/// </summary>
internal sealed class CallLimits(TimeProvider clock, ILogger<CallLimits> log)
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private readonly WindowCounters<(LimitScope, string)> _requests = new(Minute, clock);
    private readonly WindowCounters<(LimitScope, string)> _tokens = new(Minute, clock);
    private readonly WindowCounters<(LimitScope, string)> _daily = new(Day, clock);
    private readonly WindowCounters<long> _aborted = new(Hour, clock);
    private readonly ConcurrentDictionary<(LimitScope Scope, string Name), long> _running = new();
    private readonly ConcurrentDictionary<int, (WindowCounters<long> Total, WindowCounters<long> Success)> _perUser = new();

    /// <summary>Calls that run on other relays, as far as they have said.</summary>
    public IReadOnlyDictionary<(LimitScope Scope, string Name), long> RunningElsewhere { get; set; } =
        FrozenDictionary<(LimitScope Scope, string Name), long>.Empty;

    /// <summary>Calls that run here.</summary>
    public IEnumerable<KeyValuePair<(LimitScope Scope, string Name), long>> Running => _running;

    /// <summary>Shows every counter, with the name by which relays know it.</summary>
    public async Task ShareAsync(ICountExchange exchange)
    {
        await exchange.ExchangeAsync("rpm", _requests, static key => $"{key.Item1}:{key.Item2}", Minute);
        await exchange.ExchangeAsync("tpm", _tokens, static key => $"{key.Item1}:{key.Item2}", Minute);
        await exchange.ExchangeAsync("rpd", _daily, static key => $"{key.Item1}:{key.Item2}", Day);
        await exchange.ExchangeAsync("aborted", _aborted, static key => key.ToString(CultureInfo.InvariantCulture), Hour);
        foreach (var (minutes, (total, success)) in _perUser)
        {
            var window = TimeSpan.FromMinutes(minutes);
            await exchange.ExchangeAsync($"total{minutes}", total, static user => user.ToString(CultureInfo.InvariantCulture), window);
            await exchange.ExchangeAsync($"success{minutes}", success, static user => user.ToString(CultureInfo.InvariantCulture), window);
        }
    }

    /// <summary>Admits a call, or says what it exceeded. What it takes is given back by <see cref="End"/>.</summary>
    public RelayFault? Admit(RelayCall call)
    {
        var options = call.Snapshot.Options;
        if (options.ModelRequestRateLimitEnabled && call.IsLimited && !AdmitUser(call, options))
        {
            return Refused("This account has made too many requests.", TimeSpan.FromMinutes(options.ModelRequestRateLimitDurationMinutes));
        }
        if (options.AbortedPointsPerHour > 0 && call.Caller.TokenId != 0 && !_aborted.TryAdd(call.Caller.TokenId, 0, options.AbortedPointsPerHour))
        {
            return Refused("This key has left too many answers before their end.", Hour) with { Code = "aborted_spend_limit" };
        }
        var rules = call.Snapshot.Limits;
        if (rules.IsEmpty)
        {
            return null;
        }
        var caller = call.Caller;
        return Enter(call, rules, LimitScope.User, caller.UserId.ToString(CultureInfo.InvariantCulture), "account")
            ?? (caller.TokenId == 0 ? null : Enter(call, rules, LimitScope.Key, caller.TokenId.ToString(CultureInfo.InvariantCulture), "key"))
            ?? Enter(call, rules, LimitScope.Group, call.Group, "group")
            ?? Enter(call, rules, LimitScope.Model, call.Model, "model");
    }

    /// <summary>Room on a channel for one attempt; another channel may have some when this one has not.</summary>
    public RelayFault? Enter(RelayCall call, Channel channel) =>
        call.Snapshot.Limits.IsEmpty
            ? null
            : Enter(call, call.Snapshot.Limits, LimitScope.Channel, channel.Id.ToString(CultureInfo.InvariantCulture), "channel") is { } fault
                ? fault with { Code = "channel_limit_reached", Final = false, Leg = Leg.Connect }
                : null;

    /// <summary>An attempt on a channel has not become the answer: the channel has its place and the tokens back, though it was asked.</summary>
    public void Leave(RelayCall call, Channel channel)
    {
        if (call.Entered is { Count: > 0 } entered
            && entered.FindIndex(place => place.Scope == LimitScope.Channel && place.Name == channel.Id.ToString(CultureInfo.InvariantCulture)) is >= 0 and var at)
        {
            GiveBack(entered[at]);
            entered.RemoveAt(at);
        }
    }

    /// <summary>The call is over: its places are free, its tokens are counted.</summary>
    /// <param name="call">The call.</param>
    /// <param name="succeeded">It was answered.</param>
    public void End(RelayCall call, bool succeeded)
    {
        var options = call.Snapshot.Options;
        if (succeeded && options.ModelRequestRateLimitEnabled && call.IsLimited)
        {
            PerUser(options).Success.Add(call.Caller.UserId, 1);
        }
        foreach (var place in call.Entered ?? [])
        {
            Release(place);
            var more = call.TokensUsed - place.Reserved;
            if (more > 0)
            {
                _tokens.Add(place.Key, more);
            }
            else if (more < 0)
            {
                _tokens.TakeBack(place.Key, -more, place.At);
            }
        }
        call.Entered = null;
    }

    /// <summary>
    /// A caller left before the upstream had said what the answer costs, so it was charged by our count. Doing so on purpose may be cheaper
    /// than staying (known problem B7): what a key is charged in this way is bounded when the operator says so.
    /// </summary>
    public void Aborted(RelayCall call, long points)
    {
        var (key, limit) = (call.Caller.TokenId, call.Snapshot.Options.AbortedPointsPerHour);
        if (key == 0 || limit <= 0)
        {
            return;
        }
        var within = _aborted.TryAdd(key, 0, limit);
        _aborted.Add(key, points);
        if (within && !_aborted.TryAdd(key, 0, limit))
        {
            log.KeyAborts(key, limit);
        }
    }

    private RelayFault? Enter(RelayCall call, LimitRules rules, LimitScope scope, string name, string word)
    {
        if (rules.Of(scope, name) is not { } limit)
        {
            return null;
        }
        var key = (scope, name);
        if (limit.Concurrency > 0 && _running.AddOrUpdate(key, 1, static (_, running) => running + 1) + RunningElsewhere.GetValueOrDefault(key) > limit.Concurrency)
        {
            Release(key);
            return Refused($"Too many calls of this {word} run at the same time.", TimeSpan.FromSeconds(1));
        }
        var place = new LimitPlace(scope, name, limit.Concurrency > 0, Reserved: 0, clock.GetUtcNow());
        if (limit.Requests > 0 && !_requests.TryAdd(key, 1, limit.Requests))
        {
            Release(place);
            return RefusedForMinute(word);
        }
        var reserved = limit.Tokens > 0 ? Math.Max(1, call.PromptEstimate) : 0;
        if (limit.Tokens > 0 && !_tokens.TryAdd(key, reserved, limit.Tokens))
        {
            Undo(limit, place);
            return RefusedForMinute(word);
        }
        place = place with { Reserved = reserved };
        if (limit.DailyRequests > 0 && !_daily.TryAdd(key, 1, limit.DailyRequests))
        {
            Undo(limit, place);
            return Refused($"The limit per day of this {word} is reached.", TimeSpan.FromHours(1));
        }
        (call.Entered ??= []).Add(place);
        return null;
    }

    /// <summary>What one limit refuses counts towards no other.</summary>
    private void Undo(Limit limit, LimitPlace place)
    {
        GiveBack(place);
        if (limit.Requests > 0)
        {
            _requests.TakeBack(place.Key, 1, place.At);
        }
    }

    private void GiveBack(LimitPlace place)
    {
        Release(place);
        if (place.Reserved > 0)
        {
            _tokens.TakeBack(place.Key, place.Reserved, place.At);
        }
    }

    private void Release(LimitPlace place)
    {
        if (place.Counts)
        {
            Release(place.Key);
        }
    }

    private void Release((LimitScope, string) key)
    {
        while (_running.TryGetValue(key, out var running))
        {
            if (running <= 1 ? _running.TryRemove(new(key, running)) : _running.TryUpdate(key, running - 1, running))
            {
                return;
            }
        }
    }

    /// <summary>All requests of a user first, failed ones included, then the answered ones (specification: relay §7.1).</summary>
    private bool AdmitUser(RelayCall call, GatewayOptions options)
    {
        var group = call.Caller.TokenGroup.Length > 0 ? call.Caller.TokenGroup : call.Caller.UserGroup;
        var limit = options.ModelRequestRateLimitGroup.TryGetValue(group, out var own)
            ? own
            : new RequestLimit(options.ModelRequestRateLimitCount, options.ModelRequestRateLimitSuccessCount);
        var (total, success) = PerUser(options);
        return (limit.Success <= 0 || success.TryAdd(call.Caller.UserId, 0, limit.Success))
            && (limit.Total <= 0 || total.TryAdd(call.Caller.UserId, 1, limit.Total));
    }

    /// <summary>Another window means counting anew.</summary>
    private (WindowCounters<long> Total, WindowCounters<long> Success) PerUser(GatewayOptions options) => _perUser.GetOrAdd(
        options.ModelRequestRateLimitDurationMinutes,
        static (minutes, clock) => (new(TimeSpan.FromMinutes(minutes), clock), new(TimeSpan.FromMinutes(minutes), clock)),
        clock);

    private static RelayFault RefusedForMinute(string word) => Refused($"The limit per minute of this {word} is reached.", Minute);

    private static RelayFault Refused(string message, TimeSpan wait) =>
        new(429, "rate_limit_exceeded", message) { Final = true, RetryAfter = wait };
}

/// <summary>A limit that a call counts against while it runs.</summary>
/// <param name="Scope">What is limited.</param>
/// <param name="Name">Whose limit it is.</param>
/// <param name="Counts">It takes one of the places for calls at the same time.</param>
/// <param name="Reserved">Tokens counted ahead of the real usage.</param>
/// <param name="At">When they were.</param>
internal readonly record struct LimitPlace(LimitScope Scope, string Name, bool Counts, long Reserved, DateTimeOffset At)
{
    public (LimitScope, string) Key => (Scope, Name);
}
