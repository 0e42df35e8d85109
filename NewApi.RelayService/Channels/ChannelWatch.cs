using NewApi.Domain;

namespace NewApi.RelayService.Channels;

/// <summary>Draws conclusions from attempts: pauses what fails, notes what is slow, and hands over what should be disabled.</summary>
internal sealed class ChannelWatch(RelayOptions options, RelayMetrics metrics, AutoDisable autoDisable, TimeProvider clock, ILogger<ChannelWatch> log)
{
    /// <summary>The upstream has begun to answer.</summary>
    public void Answered(Attempt attempt)
    {
        var now = Now;
        attempt.Milliseconds = Elapsed(attempt);
        attempt.Channel.Latency.Answered(now, attempt.Milliseconds);
        metrics.Attempted(attempt);
        if (attempt.Channel.IsMultiKey && attempt.Key!.Breaker.Succeeded(now, options.Breaker))
        {
            log.KeyRecovered(attempt.Channel.Id, attempt.Key.Index);
        }
        if (attempt.Channel.Breaker.Succeeded(now, options.Breaker))
        {
            log.ChannelRecovered(attempt.Channel.Id);
        }
    }

    /// <summary>The attempt failed before anybody saw anything of it.</summary>
    /// <param name="call">The call.</param>
    /// <param name="attempt">Its attempt.</param>
    /// <param name="raw">The fault as the upstream reported it, before statuses are mapped.</param>
    public void Failed(RelayCall call, Attempt attempt, RelayFault raw)
    {
        attempt.Milliseconds = Elapsed(attempt);
        metrics.Attempted(attempt);
        Count(call, attempt, raw);
    }

    /// <summary>The answer broke off after it had begun; a channel that keeps doing that is not in order either.</summary>
    public void BrokeOff(RelayCall call, Attempt attempt, RelayFault raw) => Count(call, attempt, raw);

    /// <summary>The caller left, or another attempt was faster: no verdict.</summary>
    public static void Left(Attempt attempt)
    {
        if (attempt.IsProbe)
        {
            attempt.Channel.Breaker.Abandoned();
            attempt.Key?.Breaker.Abandoned();
        }
    }

    private void Count(RelayCall call, Attempt attempt, RelayFault raw)
    {
        var channel = attempt.Channel;
        var blame = Blames.Of(raw);
        if (blame == Blame.None)
        {
            Left(attempt);
            autoDisable.Judge(call, attempt, raw, exhausted: false);
            return;
        }
        var ofKey = blame == Blame.Key && channel.IsMultiKey;
        var breaker = ofKey ? attempt.Key!.Breaker : channel.Breaker;
        var pause = breaker.Failed(Now, options.Breaker, raw.RetryAfter, out var exhausted);
        autoDisable.Judge(call, attempt, raw, exhausted);
        if (pause > TimeSpan.Zero && ofKey)
        {
            log.KeyPaused(channel.Id, attempt.Key!.Index, pause.TotalSeconds, raw.Status, raw.Code);
        }
        else if (pause > TimeSpan.Zero)
        {
            log.ChannelPaused(channel.Id, pause.TotalSeconds, raw.Status, raw.Code);
        }
        if (ofKey && attempt.IsProbe)
        {
            // The upstream answered: what was probed beside the key is in order.
            channel.Breaker.Abandoned();
        }
    }

    private long Elapsed(Attempt attempt) => (long)clock.GetElapsedTime(attempt.StartedAt).TotalMilliseconds;

    private long Now => clock.GetTimestamp() / (clock.TimestampFrequency / 1000);
}
