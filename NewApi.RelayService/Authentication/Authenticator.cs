using NewApi.Domain;
using NewApi.Domain.Groups;
using NewApi.Protocols;
using NewApi.ServiceDefaults;

namespace NewApi.RelayService.Authentication;

/// <summary>Turns the presented key into a caller, or refuses (specification: relay §2.2). The only place that sees a raw key.</summary>
internal sealed class Authenticator(CallerDirectory callers, SessionCallers sessions, TimeProvider clock)
{
    private const long Administrator = 10;

    public async ValueTask<RelayFault?> AuthenticateAsync(RelayCall call)
    {
        if (call.IsPlayground)
        {
            (var account, var refusal) = await sessions.FindAsync(call.Http);
            call.Caller = account!;
            return refusal;
        }
        var cancel = call.Http.RequestAborted;
        var presented = KeyReader.Read(call.Http.Request);
        var caller = await callers.FindAsync(presented.Key, cancel);
        var fault = Check(call, caller, presented);
        if (fault is not null && caller is not null)
        {
            // A refusal must not rest on an old row: the key may have been filled up or enabled a moment ago.
            caller = await callers.RefreshAsync(presented.Key, cancel);
            fault = Check(call, caller, presented);
        }
        call.Caller = caller!;
        return fault;
    }

    /// <summary>For routes that call no model: the caller of the presented key, or why it is refused.</summary>
    public async Task<(Caller? Caller, RelayFault? Fault)> AuthenticateAsync(HttpContext http, RelaySnapshot snapshot, Dialect dialect, bool reads = false)
    {
        using var call = new RelayCall(http, dialect, "", 0) { Snapshot = snapshot, Reads = reads };
        var fault = await AuthenticateAsync(call);
        return (call.Caller, fault);
    }

    private RelayFault? Check(RelayCall call, Caller? caller, in PresentedKey presented)
    {
        if (caller is null
            || caller.TokenStatus != 1
            || (caller.ExpiresAt != -1 && caller.ExpiresAt < clock.GetUtcNow().ToUnixTimeSeconds())
            || (!caller.Unlimited && caller.RemainQuota <= 0 && !call.Reads))
        {
            return Refuse(401, "", "This key is not valid.");
        }
        return CheckAddress(call.Http, caller)
            ?? CheckAccount(call, caller)
            ?? CheckPin(call, caller, presented.Channel);
    }

    private static RelayFault? CheckAddress(HttpContext http, Caller caller)
    {
        if (caller.Networks is null)
        {
            return null;
        }
        var address = ClientAddress.Of(http);
        foreach (var network in caller.Networks)
        {
            if (network.Contains(address))
            {
                return null;
            }
        }
        return Refuse(403, "access_denied", "This key may not be used from your address.");
    }

    private static RelayFault? CheckAccount(RelayCall call, Caller caller) =>
        caller.UserEnabled ? CheckGroup(call, caller) : Refuse(403, "", "This account is disabled.");

    /// <summary>Whether the account may use the group that its key, or the playground, names.</summary>
    public static RelayFault? CheckGroup(RelayCall call, Caller caller)
    {
        if (caller.TokenGroup is "" or GroupRules.Auto)
        {
            return null;
        }
        var groups = call.Snapshot.Prices.Groups;
        return groups.CanUse(caller.UserGroup, caller.TokenGroup) && groups.Exists(caller.TokenGroup)
            ? null
            : Refuse(403, "", $"The group {caller.TokenGroup} of this {(caller.TokenId == 0 ? "call" : "key")} is not open to its account.");
    }

    /// <summary>An administrator's key may name a channel; it then serves even what it does not list (specification: relay §2.5).</summary>
    private static RelayFault? CheckPin(RelayCall call, Caller caller, string? pin)
    {
        if (pin is null)
        {
            return null;
        }
        if (caller.Role < Administrator)
        {
            return Refuse(403, "", "Only administrators may name a channel with their key.");
        }
        if (!long.TryParse(pin, out var id) || !call.Snapshot.Routing.TryFind(id, out var channel, out var enabled))
        {
            return Refuse(400, "", "The key names a channel that does not exist.");
        }
        if (!enabled || channel is null)
        {
            return Refuse(403, "", "The channel that the key names cannot serve this.");
        }
        call.Pinned = channel;
        return null;
    }

    private static RelayFault Refuse(int status, string code, string message) => new(status, code, message) { Final = true };
}
