namespace NewApi.RelayService.Channels;

/// <summary>
/// Chooses where the next attempt of a call goes. What is paused is left out while anything else is left; what was tried is left out for
/// good, except that a channel whose key alone was refused may be asked once more with another key.
/// </summary>
internal sealed class Chooser(RelayOptions options, Affinity affinity, Random random, TimeProvider clock)
{
    private const int KeysPerChannel = 2;

    /// <summary>
    /// The operator's number of retries counts where it is larger; without one, a fault that no caller has seen is still worth another
    /// channel, within bounds.
    /// </summary>
    public bool MayTry(RelayCall call) =>
        call.Attempts.Count == 0
        || (call.Attempts.Count < Math.Max(1 + call.Snapshot.Options.RetryTimes, options.MaxAttempts)
            && clock.GetElapsedTime(call.StartedAt) <= options.AttemptBudget);

    /// <summary>The next attempt, noted in the call; null when nothing is left to try.</summary>
    public Attempt? Next(RelayCall call)
    {
        var now = Now;
        if (call.Pinned is { } pinned)
        {
            return call.Attempts.Count == 0 ? Begin(call, pinned, Choice.Pinned, now) : null;
        }
        // A session stays with the channel that has its cache, as long as that serves.
        if (call.Attempts.Count == 0)
        {
            affinity.Match(call);
            if (affinity.Preferred(call) is { } preferred && !preferred.IsPaused(now))
            {
                call.TriedInGroup++;
                return Begin(call, preferred, Choice.Affinity, now);
            }
        }
        if (NextKey(call, now) is { } again)
        {
            return again;
        }
        var (group, index, tried) = (call.Group, call.GroupIndex, call.TriedInGroup);
        if (Walk(call, now, pausedToo: false) is { } attempt)
        {
            return attempt;
        }
        (call.Group, call.GroupIndex, call.TriedInGroup) = (group, index, tried);
        return Walk(call, now, pausedToo: true);
    }

    /// <summary>A second attempt beside one that is slow; null when no other channel of the group is in order.</summary>
    public Attempt? Beside(RelayCall call)
    {
        var now = Now;
        return call.Pinned is null && Pick(call, now, pausedToo: false) is { } picked ? Begin(call, picked.Channel, Choice.Hedge, now) : null;
    }

    private Attempt? Walk(RelayCall call, long now, bool pausedToo)
    {
        while (true)
        {
            if (Pick(call, now, pausedToo) is { } picked)
            {
                call.TriedInGroup++;
                return Begin(call, picked.Channel, pausedToo && picked.Channel.IsPaused(now) ? Choice.LastResort : picked.Choice, now);
            }
            // Retries stay in the group that was chosen, unless the key asks to go on through its automatic groups.
            if ((call.Attempts.Count > 0 && !call.Caller.CrossGroupRetry) || !Router.NextGroup(call))
            {
                return null;
            }
        }
    }

    private (Channel Channel, Choice Choice)? Pick(RelayCall call, long now, bool pausedToo) => ChannelPicker.Pick(
        call.Snapshot.Routing.Find(call.Group, call.Model),
        new Draw(call.Dialect, call.Model, call.TriedInGroup, call.Attempts, now) { PausedToo = pausedToo, ByLatency = options.ByLatency },
        random);

    /// <summary>The channel of the last attempt once more, when it was not the channel that failed but the key.</summary>
    private Attempt? NextKey(RelayCall call, long now)
    {
        if (call.Attempts is not [.., { Fault: { } fault, Channel: { IsMultiKey: true } channel }] || Blames.Of(fault) != Blame.Key)
        {
            return null;
        }
        var keys = call.Attempts.Count(attempt => attempt.Channel.Id == channel.Id);
        return keys < KeysPerChannel && channel.NextKey(random, now, call.Attempts, pausedToo: false) is { } key
            ? Begin(call, channel, key, Choice.OtherKey, now)
            : null;
    }

    private Attempt Begin(RelayCall call, Channel channel, Choice choice, long now) =>
        Begin(call, channel, channel.NextKey(random, now, call.Attempts, pausedToo: true), choice, now);

    private Attempt Begin(RelayCall call, Channel channel, ChannelKey? key, Choice choice, long now)
    {
        var attempt = new Attempt(channel, key, choice, clock.GetTimestamp());
        var channelProbed = channel.Breaker.Enter(now);
        attempt.IsProbe = (key is not null && channel.IsMultiKey && key.Breaker.Enter(now)) || channelProbed;
        call.Attempts.Add(attempt);
        return attempt;
    }

    private long Now => clock.GetTimestamp() / (clock.TimestampFrequency / 1000);
}
