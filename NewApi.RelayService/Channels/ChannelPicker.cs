using NewApi.Domain;

namespace NewApi.RelayService.Channels;

/// <summary>
/// Draws a channel: by priority tier, then by weight within the tier (specification: relay §3.4), leaving out what was tried before and
/// what can serve the dialect in no way.
/// </summary>
internal static class ChannelPicker
{
    private const int EqualWeight = 100;

    /// <param name="channels">Candidates, highest priority first.</param>
    /// <param name="dialect">What the call is written in.</param>
    /// <param name="model">The model that is asked for.</param>
    /// <param name="retry">How many attempts came before; it names the tier to begin with.</param>
    /// <param name="tried">Channels that failed for this call.</param>
    /// <param name="random">The draw.</param>
    public static Channel? Pick(ReadOnlySpan<Channel> channels, Dialect dialect, string model, int retry, IReadOnlyList<Channel>? tried, Random random)
    {
        if (channels.Length == 1 && retry == 0)
        {
            return channels[0].DialectFor(dialect, model) is null ? null : channels[0];
        }
        var tiers = CountTiers(channels);
        var first = Math.Min(retry, tiers - 1);
        for (var step = 0; step < tiers; step++)
        {
            // Down from the tier that the retry names, then what lies above it.
            var wanted = first + step < tiers ? first + step : tiers - 1 - step;
            if (PickFrom(Tier(channels, wanted), dialect, model, tried, random) is { } channel)
            {
                return channel;
            }
        }
        return null;
    }

    private static Channel? PickFrom(ReadOnlySpan<Channel> tier, Dialect dialect, string model, IReadOnlyList<Channel>? tried, Random random)
    {
        var count = 0;
        var sum = 0L;
        foreach (var channel in tier)
        {
            if (IsFree(channel, dialect, model, tried))
            {
                count++;
                sum += channel.Weight;
            }
        }
        if (count == 0)
        {
            return null;
        }
        // No weights: all alike. Small ones are proportions as they stand; scaling them changes no chance.
        var point = sum == 0 ? random.NextInt64((long)count * EqualWeight) : random.NextInt64(sum);
        foreach (var channel in tier)
        {
            if (!IsFree(channel, dialect, model, tried))
            {
                continue;
            }
            point -= sum == 0 ? EqualWeight : channel.Weight;
            if (point < 0)
            {
                return channel;
            }
        }
        return null;
    }

    private static bool IsFree(Channel channel, Dialect dialect, string model, IReadOnlyList<Channel>? tried)
    {
        if (channel.DialectFor(dialect, model) is null)
        {
            return false;
        }
        for (var i = 0; i < tried?.Count; i++)
        {
            if (tried[i].Id == channel.Id)
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
