using System.Collections.Frozen;
using NewApi.Data.Rows;
using NewApi.Domain;
using NewApi.Domain.Groups;

namespace NewApi.RelayService.Channels;

/// <summary>Which channels serve which model for which group; an immutable snapshot, replaced as a whole.</summary>
internal sealed class RoutingTable
{
    private static readonly Channel[] None = [];

    private readonly FrozenDictionary<string, FrozenDictionary<string, Channel[]>> _byGroup;
    private readonly FrozenDictionary<long, (Channel? Channel, bool Enabled)> _byId;

    private RoutingTable(
        FrozenDictionary<string, FrozenDictionary<string, Channel[]>> byGroup,
        FrozenDictionary<long, (Channel? Channel, bool Enabled)> byId)
    {
        _byGroup = byGroup;
        _byId = byId;
    }

    public static RoutingTable Empty { get; } = Build([], [], null);

    /// <summary>Enabled channels for a model, highest priority first; empty when nobody serves it.</summary>
    public Channel[] Find(string group, string model)
    {
        if (!_byGroup.TryGetValue(group, out var models))
        {
            return None;
        }
        if (models.TryGetValue(model, out var channels))
        {
            return channels;
        }
        var normal = ModelNames.Normalize(model);
        return normal != model && models.TryGetValue(normal, out channels) ? channels : None;
    }

    /// <summary>A channel by id, whether or not it is enabled. The channel itself is null when it cannot be relayed to.</summary>
    public bool TryFind(long id, out Channel? channel, out bool enabled)
    {
        var found = _byId.TryGetValue(id, out var entry);
        (channel, enabled) = entry;
        return found;
    }

    /// <summary>Names of the models that a group can reach.</summary>
    public IEnumerable<string> ModelsOf(string group) => _byGroup.TryGetValue(group, out var models) ? models.Keys : [];

    /// <summary>The provider of the first channel that serves a model, for the model list.</summary>
    public Providers.ProviderProfile? ProviderOf(string model)
    {
        foreach (var models in _byGroup.Values)
        {
            if (models.TryGetValue(model, out var channels) && channels.Length > 0)
            {
                return channels[0].Profile;
            }
        }
        return null;
    }

    public static RoutingTable Build(IReadOnlyList<ChannelRow> channels, IReadOnlyList<AbilityRow> abilities, RoutingTable? predecessor)
    {
        var byId = new Dictionary<long, (Channel? Channel, bool Enabled)>();
        foreach (var row in channels)
        {
            var channel = Channel.From(row);
            if (channel is not null && predecessor?._byId.GetValueOrDefault(row.Id).Channel is { } before)
            {
                channel.ContinueFrom(before);
            }
            byId[row.Id] = (channel, row.Status == 1);
        }
        var byGroup = abilities
            .Where(ability => ability.Enabled && byId.GetValueOrDefault(ability.ChannelId) is { Channel: not null, Enabled: true })
            .GroupBy(ability => ability.Group, StringComparer.Ordinal)
            .ToFrozenDictionary(
                group => group.Key,
                group => group
                    .GroupBy(ability => ability.Model, StringComparer.Ordinal)
                    .ToFrozenDictionary(
                        model => model.Key,
                        model => model.Select(ability => byId[ability.ChannelId].Channel!)
                            .Distinct()
                            .OrderByDescending(channel => channel.Priority)
                            .ThenBy(channel => channel.Id)
                            .ToArray(),
                        StringComparer.Ordinal),
                StringComparer.Ordinal);
        return new RoutingTable(byGroup, byId.ToFrozenDictionary());
    }
}
