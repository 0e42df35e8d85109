namespace NewApi.RelayService.Channels;

/// <summary>When a breaker opens, and for how long.</summary>
/// <param name="Failures">Failures within the window that open it, if they are at least half of all attempts; 0 never opens it.</param>
/// <param name="Window">How far back failures count.</param>
/// <param name="Pause">The first pause; each failed probe doubles it, up to <see cref="Breaker.LongestPause"/>.</param>
internal sealed record BreakerRules(int Failures, TimeSpan Window, TimeSpan Pause);

/// <summary>
/// Keeps attempts away from what has been failing. Live calls are its probes: when a pause is over one call is let through, and its outcome
/// decides. The state is a handful of numbers, whatever the traffic; times are milliseconds of the process clock.
/// </summary>
internal sealed class Breaker
{
    public static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(2);

    /// <summary>Longest wait that an upstream can ask for.</summary>
    public static readonly TimeSpan LongestCoolDown = TimeSpan.FromHours(1);

    /// <summary>A probe that never reports back does not keep the breaker open for ever.</summary>
    private const long ProbePatience = 60_000;

    private readonly Lock _gate = new();

    // The window slides in halves: this one, and the one before it.
    private long _half;
    private int _failures;
    private int _attempts;
    private int _failuresBefore;
    private int _attemptsBefore;
    private int _openings;
    private long _openUntil;
    private long _probeUntil;

    /// <summary>Nothing should be sent there now. False once a pause is over, until a call has gone to find out.</summary>
    public bool IsOpen(long now)
    {
        var until = Volatile.Read(ref _openUntil);
        return until != 0 && (now < until || now < Volatile.Read(ref _probeUntil));
    }

    /// <summary>An attempt begins; true when its outcome decides whether the breaker closes.</summary>
    public bool Enter(long now)
    {
        if (Volatile.Read(ref _openUntil) == 0)
        {
            return false;
        }
        lock (_gate)
        {
            if (_openUntil == 0 || now < _openUntil)
            {
                return false;
            }
            _probeUntil = now + ProbePatience;
            return true;
        }
    }

    /// <summary>True when this closed the breaker.</summary>
    public bool Succeeded(long now, BreakerRules rules)
    {
        lock (_gate)
        {
            Slide(now, rules);
            _attempts++;
            if (_openUntil == 0)
            {
                return false;
            }
            Forget();
            return true;
        }
    }

    /// <inheritdoc cref="Failed(long, BreakerRules, TimeSpan?, out bool)"/>
    public TimeSpan Failed(long now, BreakerRules rules, TimeSpan? coolDown) => Failed(now, rules, coolDown, out _);

    /// <summary>The pause that this began, or zero.</summary>
    /// <param name="now">Now.</param>
    /// <param name="rules">When to open.</param>
    /// <param name="coolDown">How long the upstream itself asked to be left alone.</param>
    /// <param name="exhausted">The failure budget of the window is used up, or a probe has failed.</param>
    public TimeSpan Failed(long now, BreakerRules rules, TimeSpan? coolDown, out bool exhausted)
    {
        exhausted = false;
        lock (_gate)
        {
            Slide(now, rules);
            _attempts++;
            _failures++;
            var pause = TimeSpan.Zero;
            if (rules.Failures > 0)
            {
                var failures = _failures + _failuresBefore;
                var probed = _openUntil != 0 && now >= _openUntil;
                var trips = _openUntil == 0 && failures >= rules.Failures && failures * 2 >= _attempts + _attemptsBefore;
                exhausted = probed || trips;
                if (exhausted)
                {
                    pause = TimeSpan.FromTicks(Math.Min(rules.Pause.Ticks << Math.Min(_openings, 20), LongestPause.Ticks));
                    _openings++;
                }
            }
            if (coolDown is { } asked && asked > pause)
            {
                pause = asked < LongestCoolDown ? asked : LongestCoolDown;
            }
            _probeUntil = 0;
            var until = now + (long)pause.TotalMilliseconds;
            if (pause <= TimeSpan.Zero || until <= _openUntil)
            {
                return TimeSpan.Zero;
            }
            Volatile.Write(ref _openUntil, until);
            return pause;
        }
    }

    /// <summary>A probe ended without a verdict: its caller left. The next call may go.</summary>
    public void Abandoned() => Volatile.Write(ref _probeUntil, 0);

    private void Forget()
    {
        (_failures, _attempts, _failuresBefore, _attemptsBefore, _openings) = (0, 0, 0, 0, 0);
        Volatile.Write(ref _probeUntil, 0);
        Volatile.Write(ref _openUntil, 0);
    }

    private void Slide(long now, BreakerRules rules)
    {
        var half = now / Math.Max(1, (long)rules.Window.TotalMilliseconds / 2);
        if (half == _half)
        {
            return;
        }
        (_failuresBefore, _attemptsBefore) = half == _half + 1 ? (_failures, _attempts) : (0, 0);
        (_failures, _attempts) = (0, 0);
        _half = half;
    }
}
