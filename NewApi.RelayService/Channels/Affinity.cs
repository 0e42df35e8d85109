using Microsoft.Extensions.Caching.Memory;

namespace NewApi.RelayService.Channels;

/// <summary>
/// Remembers which channel served a session, so that its next call finds the upstream's cache there. It heals itself: a channel that is gone,
/// disabled or does not serve the model any more is forgotten, and whoever serves instead is remembered.
/// </summary>
internal sealed class Affinity : IDisposable
{
    private readonly MemoryCache _channels = new(new MemoryCacheOptions());

    public void Dispose() => _channels.Dispose();

    /// <summary>Finds the first rule that concerns the call.</summary>
    public void Match(RelayCall call)
    {
        foreach (var rule in call.Snapshot.AffinityRules)
        {
            if (rule.KeyFor(call) is { } key)
            {
                call.Affinity = new AffinityMatch(rule, key, _channels.TryGetValue(key, out long channel) ? channel : null);
                return;
            }
        }
    }

    /// <summary>The channel that served before, moved to the group in which it serves now; null to choose as usual.</summary>
    public Channel? Preferred(RelayCall call)
    {
        if (call.Affinity is not { ChannelId: { } id, Key: var key })
        {
            return null;
        }
        for (var index = 0; index < call.Groups.Count; index++)
        {
            foreach (var channel in call.Snapshot.Routing.Find(call.Groups[index], call.Model))
            {
                if (channel.Id == id && channel.DialectFor(call.Dialect, call.Model) is not null)
                {
                    (call.GroupIndex, call.Group) = (index, call.Groups[index]);
                    return channel;
                }
            }
        }
        _channels.Remove(key);
        return null;
    }

    /// <summary>The channel has answered the call.</summary>
    public void Remember(RelayCall call, Channel channel)
    {
        if (call.Affinity is not { } match)
        {
            return;
        }
        var settings = call.Snapshot.Options.ChannelAffinity;
        if (match.ChannelId is { } before && before != channel.Id && !settings.SwitchOnSuccess)
        {
            return;
        }
        if (_channels.Count >= Math.Max(1, settings.MaxEntries))
        {
            _channels.Compact(0.1);
        }
        _channels.Set(match.Key, channel.Id, match.Rule.Ttl);
    }
}
