using NewApi.Domain;
using NewApi.Domain.Groups;
using NewApi.Domain.Pricing;

namespace NewApi.RelayService.Channels;

/// <summary>Decides where a call may go: the groups it may use, its price, and the channel of each attempt.</summary>
internal static class Router
{
    /// <summary>How long a call that would be refused waits for a change that is being read.</summary>
    private static readonly TimeSpan ReloadPatience = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Routes a call. A refusal must not rest on an old picture: an administrator may have added the channel or the price a moment ago, and
    /// its reading be under way.
    /// </summary>
    public static async ValueTask<RelayFault?> RouteAsync(RelayCall call, RelaySnapshots snapshots, TimeProvider clock)
    {
        var fault = Route(call);
        if (fault is null)
        {
            return null;
        }
        if (snapshots.Reloading is { } reloading)
        {
            await reloading.WaitAsync(ReloadPatience, clock, call.Http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        if (call.Snapshot == snapshots.Current)
        {
            return fault;
        }
        call.Snapshot = snapshots.Current;
        return Route(call);
    }

    /// <summary>Model limits, groups, channels and price; a refusal here costs nothing.</summary>
    public static RelayFault? Route(RelayCall call)
    {
        var caller = call.Caller;
        var snapshot = call.Snapshot;
        if (call.Pinned is not null)
        {
            call.Groups = [caller.TokenGroup is "" or GroupRules.Auto ? caller.UserGroup : caller.TokenGroup];
        }
        else
        {
            if (!caller.MayUse(call.Model))
            {
                return new RelayFault(403, "access_denied", $"This key may not use the model {call.Model}.") { Final = true };
            }
            call.Groups = caller.TokenGroup switch
            {
                "" => [caller.UserGroup],
                GroupRules.Auto => snapshot.Prices.Groups.AutoGroupsOf(caller.UserGroup),
                var group => [group],
            };
            if (call.Groups.Count == 0)
            {
                return new RelayFault(503, "model_not_found", "No automatic group is open to this account.") { Final = true };
            }
        }
        return FindGroup(call) ? SetPrice(call) : NoChannel(call);
    }

    public static RelayFault NoChannel(RelayCall call)
    {
        var group = call.Caller.TokenGroup == GroupRules.Auto ? $"auto({string.Join(',', call.Groups)})" : call.Groups[0];
        return new RelayFault(503, "model_not_found", $"No channel of group {group} serves the model {call.Model} here.") { Final = true };
    }

    /// <summary>The price of the call as the group that now serves it has it.</summary>
    public static RelayFault? SetPrice(RelayCall call)
    {
        var price = call.Snapshot.Prices.Find(call.Model, call.Caller.UserGroup, call.Group, call.Caller.AcceptsUnpriced);
        if (price is null)
        {
            return PriceBook.NoPrice(call.Model);
        }
        call.Price = price;
        return null;
    }

    private static bool FindGroup(RelayCall call)
    {
        call.GroupIndex = 0;
        call.Group = call.Groups[0];
        if (call.Pinned is not null)
        {
            return true;
        }
        while (!Serves(call))
        {
            if (!NextGroup(call))
            {
                return false;
            }
        }
        return true;
    }

    private static bool Serves(RelayCall call)
    {
        foreach (var channel in call.Snapshot.Routing.Find(call.Group, call.Model))
        {
            // What nobody upstream can count, the gateway counts itself.
            if (channel.DialectFor(call.Dialect, call.Model) is not null
                || (call.Unbilled && channel.DialectFor(CountedBy(call.Dialect), call.Model) is not null))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>What a request would be if it were not only counted.</summary>
    private static Dialect CountedBy(Dialect count) => count == Dialect.AnthropicCountTokens ? Dialect.AnthropicMessages : Dialect.GeminiContent;

    /// <summary>Goes on to the next group that may serve the call; false when there is none.</summary>
    public static bool NextGroup(RelayCall call)
    {
        if (call.GroupIndex + 1 >= call.Groups.Count)
        {
            return false;
        }
        call.GroupIndex++;
        call.Group = call.Groups[call.GroupIndex];
        call.TriedInGroup = 0;
        return true;
    }
}
