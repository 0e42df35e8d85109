using System.Collections.Concurrent;
using System.Collections.Frozen;
using NewApi.Domain.Options;

namespace NewApi.Domain.Groups;

/// <summary>Who may use which group, and at which ratio (specification: billing §2.1, relay §2.2 and §2.4).</summary>
public sealed class GroupRules(GatewayOptions options)
{
    /// <summary>The pseudo group that stands for an ordered list of groups.</summary>
    public const string Auto = "auto";

    private const int RememberedGroups = 1000;

    private readonly ConcurrentDictionary<string, FrozenDictionary<string, string>> _usable = new(StringComparer.Ordinal);

    /// <summary>Whether the group has a ratio; a group without one does not exist.</summary>
    public bool Exists(string group) => options.GroupRatio.ContainsKey(group);

    /// <summary>
    /// The groups, with their descriptions, that an account of this group may select: the general list and the account's own group,
    /// then what the special rules of the account's group take away or add. A listed group need not have a ratio.
    /// </summary>
    public FrozenDictionary<string, string> UsableBy(string userGroup)
    {
        ArgumentNullException.ThrowIfNull(userGroup);
        if (_usable.TryGetValue(userGroup, out var known))
        {
            return known;
        }

        var usable = Combine(userGroup);
        if (_usable.Count < RememberedGroups)
        {
            _usable.TryAdd(userGroup, usable);
        }

        return usable;
    }

    public bool CanUse(string userGroup, string group) => UsableBy(userGroup).ContainsKey(group);

    /// <summary>
    /// What <c>auto</c> means for an account: the configured list, or the key's own list when it has one, without groups that the
    /// account may not use, each group once. Empty means that <c>auto</c> is not available.
    /// </summary>
    public IReadOnlyList<string> AutoGroupsOf(string userGroup, IReadOnlyList<string>? keyGroups = null)
    {
        var usable = UsableBy(userGroup);
        var chosen = new List<string>();
        foreach (var group in keyGroups is { Count: > 0 } ? keyGroups.Take(options.MaxTokenAutoGroups) : options.AutoGroups)
        {
            if (group != Auto && usable.ContainsKey(group) && Exists(group) && !chosen.Contains(group))
            {
                chosen.Add(group);
            }
        }

        return chosen;
    }

    /// <summary>What an account of one group pays for using another.</summary>
    public GroupPrice PriceOf(string userGroup, string usingGroup)
    {
        if (options.GroupGroupRatio.TryGetValue(userGroup, out var specials) && specials.TryGetValue(usingGroup, out var special))
        {
            return new GroupPrice(special, special);
        }

        return new GroupPrice(options.GroupRatio.TryGetValue(usingGroup, out var ratio) ? ratio : 1, null);
    }

    private FrozenDictionary<string, string> Combine(string userGroup)
    {
        var usable = new Dictionary<string, string>(options.UserUsableGroups, StringComparer.Ordinal);
        usable.TryAdd(userGroup, userGroup);
        if (options.GroupSpecialUsableGroup.TryGetValue(userGroup, out var rules))
        {
            foreach (var (rule, description) in rules)
            {
                if (rule.StartsWith("-:", StringComparison.Ordinal))
                {
                    usable.Remove(rule[2..]);
                }
                else
                {
                    usable[rule.StartsWith("+:", StringComparison.Ordinal) ? rule[2..] : rule] = description;
                }
            }
        }

        return usable.ToFrozenDictionary(StringComparer.Ordinal);
    }
}

/// <summary>The ratio that is charged, and the special one that it comes from, if any; a special ratio replaces the general one.</summary>
public readonly record struct GroupPrice(decimal Ratio, decimal? Special);
