using NewApi.Data.Ledger;
using NewApi.Domain;
using NewApi.RelayService.Channels;

namespace NewApi.RelayService.Settlement;

/// <summary>Sets credits aside for a call before anything is spent, and more when a dearer group comes to serve it.</summary>
internal sealed class Admission(Ledger ledger, TimeProvider clock)
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

    private async ValueTask<RelayFault?> RaiseAsync(RelayCall call)
    {
        var fault = Router.SetPrice(call) ?? Estimate(call, out _);
        if (fault is not null)
        {
            return fault;
        }
        Estimate(call, out var points);
        call.HeldGroup = call.Group;
        if (call.Hold is { } hold && hold.Points >= points)
        {
            return null;
        }
        call.Hold?.Dispose();
        call.Hold = null;
        return await HoldAsync(call, points);
    }

    private async ValueTask<RelayFault?> HoldAsync(RelayCall call, long points)
    {
        call.HeldGroup = call.Group;
        var caller = call.Caller;
        var (hold, refusal) = await ledger.HoldAsync(
            caller.UserId, caller.Unlimited ? 0 : caller.TokenId, points, call.Http.RequestAborted);
        call.Hold = hold;
        return refusal switch
        {
            HoldRefusal.None => null,
            HoldRefusal.Wallet => new RelayFault(403, "insufficient_user_quota", "The account's balance does not cover this call.") { Final = true },
            _ => new RelayFault(403, "pre_consume_token_quota_failed", "The key's quota does not cover this call.") { Final = true },
        };
    }

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
