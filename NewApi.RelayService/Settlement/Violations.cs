using NewApi.Domain;
using NewApi.Domain.Pricing;
using NewApi.RelayService.Channels;
using NewApi.RelayService.UsageLogging;

namespace NewApi.RelayService.Settlement;

/// <summary>Passes on what an upstream charges for a refused violation of its rules, when the operator wants that.</summary>
internal sealed class Violations(UsageRecords records)
{
    public static RelayFault Recognize(RelayCall call, RelayFault fault) =>
        call.Snapshot.Options.Grok.ViolationDeductionEnabled ? ViolationFee.Recognize(fault) : fault;

    /// <summary>Settles the hold with the fee; the rest of it goes back.</summary>
    public ValueTask ChargeAsync(RelayCall call, Channel channel, RelayFault fault)
    {
        var amount = call.Snapshot.Options.Grok.ViolationDeductionAmount;
        var fee = ViolationFee.For(call.Price, amount);
        return call.Hold is { } hold && fee > Quota.Zero
            ? hold.SettleAsync(records.MakeFee(call, channel, fault, fee, amount))
            : ValueTask.CompletedTask;
    }
}
