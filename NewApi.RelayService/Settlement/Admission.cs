using NewApi.Data.Ledger;
using NewApi.Domain;
using NewApi.RelayService.Authentication;
using NewApi.RelayService.Channels;

namespace NewApi.RelayService.Settlement;

/// <summary>Sets credits aside for a call before anything is spent, and more when a dearer group comes to serve it.</summary>
internal sealed class Admission(Ledger ledger, CallerDirectory callers, TimeProvider clock)
{
    public async ValueTask<RelayFault?> HoldAsync(RelayCall call)
    {
        if (call.Unbilled)
        {
            return null;
        }
        var fault = Estimate(call, out var points);
        return fault ?? await HoldAsync(call, points);
    }

    /// <summary>The serving group may have changed: takes its price and, if the hold is too small for it, a larger hold.</summary>
    public ValueTask<RelayFault?> CoverAsync(RelayCall call)
    {
        if (call.Groups.Count == 1 || call.HeldGroup == call.Group || call.Unbilled)
        {
            return default;
        }
        return RaiseAsync(call);
    }

    /// <summary>Sets more aside for a session that goes on, until its hold is worth so much.</summary>
    public static async ValueTask<RelayFault?> RaiseAsync(RelayCall call, long points, CancellationToken cancel) =>
        Refuse(await call.Hold!.RaiseAsync(points, cancel));

    private async ValueTask<RelayFault?> RaiseAsync(RelayCall call)
    {
        var fault = Router.SetPrice(call) ?? Estimate(call, out _);
        if (fault is not null)
        {
            return fault;
        }
        Estimate(call, out var points);
        call.HeldGroup = call.Group;
        return Refuse(await call.Hold!.RaiseAsync(points, call.Http.RequestAborted));
    }

    private async ValueTask<RelayFault?> HoldAsync(RelayCall call, long points)
    {
        call.HeldGroup = call.Group;
        var cancel = call.Http.RequestAborted;
        var (hold, refusal) = await ledger.HoldAsync(call.Caller.Payer, points, cancel);
        if (hold is null && await callers.RefreshAsync(call.Caller, cancel) is { } read && !read.Payer.IsLike(call.Caller.Payer))
        {
            // A refusal must not rest on old rows: a subscription may have been bought or a budget raised a moment ago.
            call.Caller = read;
            (hold, refusal) = await ledger.HoldAsync(read.Payer, points, cancel);
        }
        call.Hold = hold;
        return Refuse(refusal);
    }

    public static RelayFault? Refuse(HoldRefusal refusal) => refusal switch
    {
        HoldRefusal.None => null,
        HoldRefusal.Wallet => Final("insufficient_user_quota", "The account's balance does not cover this call."),
        HoldRefusal.Subscription => Final("insufficient_user_quota", "No subscription of the account covers this call."),
        HoldRefusal.Budget => Final("budget_exhausted", "A budget of this key, account or group is used up."),
        _ => Final("pre_consume_token_quota_failed", "The key's quota does not cover this call."),
    };

    private static RelayFault Final(string code, string message) => new(403, code, message) { Final = true };

    private RelayFault? Estimate(RelayCall call, out long points)
    {
        points = 0;
        var output = call.Scan.MaxOutput is { } max ? max * Math.Max(call.Scan.Choices ?? 1, 1) : (long?)null;
        var fault = call.Price.HoldFor(call.PromptEstimate, output, CallFactors.ForHold(call, clock), out var hold);
        // A call that costs nothing still needs an account with something on it, unless the operator waived that.
        points = call.Price.IsFree && !call.Snapshot.Options.EnableFreeModelPreConsume ? 0 : Math.Max(hold.Points, 1);
        return fault;
    }
}
