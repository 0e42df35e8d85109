using NewApi.Domain;

namespace NewApi.RelayService.Channels;

/// <summary>What a draw is for.</summary>
/// <param name="Dialect">What the call is written in.</param>
/// <param name="Model">The model that is asked for.</param>
/// <param name="Retry">How many attempts came before; it names the tier to begin with.</param>
/// <param name="Attempts">Attempts of the call; their channels are left out.</param>
/// <param name="Now">Milliseconds of the process clock, for breakers.</param>
internal readonly record struct Draw(Dialect Dialect, string Model, int Retry, IReadOnlyList<Attempt> Attempts, long Now)
{
    /// <summary>Channels whose breaker is open may be drawn too.</summary>
    public bool PausedToo { get; init; }

    /// <summary>Of two channels drawn by weight the faster one is taken.</summary>
    public bool ByLatency { get; init; }
}

/// <summary>
/// Draws a channel: by priority tier, then by weight within the tier (specification: relay §3.4), leaving out what was tried before, what
/// is paused, and what can serve the dialect in no way.
/// </summary>
internal static class ChannelPicker
{
    private const int EqualWeight = 100;

    /// <param name="channels">Candidates, highest priority first.</param>
    /// <param name="draw">What for.</param>
    /// <param name="random">The draw.</param>
    public static (Channel Channel, Choice Choice)? Pick(ReadOnlySpan<Channel> channels, in Draw draw, Random random)
    {
        if (channels.Length == 1 && draw.Retry == 0)
        {
            return IsFree(channels[0], draw) ? (channels[0], Choice.Only) : null;
        }
        var tiers = CountTiers(channels);
        var first = Math.Min(draw.Retry, tiers - 1);
        for (var step = 0; step < tiers; step++)
        {
            // Down from the tier that the retry names, then what lies above it.
            var wanted = first + step < tiers ? first + step : tiers - 1 - step;
            var tier = Tier(channels, wanted);
            if (PickFrom(tier, draw, null, random, out var free) is { } channel)
            {
                if (free == 1)
                {
                    return (channel, Choice.Only);
                }
                if (!draw.ByLatency)
                {
                    return (channel, Choice.Weight);
                }
                var other = PickFrom(tier, draw, channel, random, out _)!;
                return (other.Latency.Cost < channel.Latency.Cost ? other : channel, Choice.Latency);
            }
        }
        return null;
    }

    private static Channel? PickFrom(ReadOnlySpan<Channel> tier, in Draw draw, Channel? but, Random random, out int free)
    {
        free = 0;
        var sum = 0L;
        foreach (var channel in tier)
        {
            if (channel != but && IsFree(channel, draw))
            {
                free++;
                sum += channel.Weight;
            }
        }
        if (free == 0)
        {
            return null;
        }
        // No weights: all alike. Small ones are proportions as they stand; scaling them changes no chance.
        var point = sum == 0 ? random.NextInt64((long)free * EqualWeight) : random.NextInt64(sum);
        foreach (var channel in tier)
        {
            if (channel == but || !IsFree(channel, draw))
            {
                continue;
            }
            point -= sum == 0 ? EqualWeight : channel.Weight;
            if (point < 0)
            {
                return channel;
            }
        }
        // A breaker opened between the two looks.
        return null;
    }

    private static bool IsFree(Channel channel, in Draw draw)
    {
        if (channel.DialectFor(draw.Dialect, draw.Model) is null || (!draw.PausedToo && channel.IsPaused(draw.Now)))
        {
            return false;
        }
        for (var i = 0; i < draw.Attempts.Count; i++)
        {
            if (draw.Attempts[i].Channel.Id == channel.Id)
            {
                return false;
            }
        }
        return true;
    }

    private static int CountTiers(ReadOnlySpan<Channel> channels)
    {
        var tiers = channels.IsEmpty ? 0 : 1;
        for (var i = 1; i < channels.Length; i++)
        {
            tiers += channels[i].Priority != channels[i - 1].Priority ? 1 : 0;
        }
        return tiers;
    }

    private static ReadOnlySpan<Channel> Tier(ReadOnlySpan<Channel> channels, int wanted)
    {
        var start = 0;
        for (var i = 1; i <= channels.Length; i++)
        {
            if (i == channels.Length || channels[i].Priority != channels[i - 1].Priority)
            {
                if (wanted-- == 0)
                {
                    return channels[start..i];
                }
                start = i;
            }
        }
        return [];
    }
}
