using System.Globalization;
using Microsoft.Extensions.Logging;
using NewApi.Data.Changes;
using NewApi.Data.Payments;

namespace NewApi.Payments;

/// <summary>Completes the order of a payment and tells the relays, who may just be refusing the payer for lack of balance.</summary>
public sealed class OrderCompletion(OrderStore orders, IChangeSignal changes, ILogger<OrderCompletion> log)
{
    public async Task<PaymentOutcome> CompleteAsync(PaymentFact fact, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(fact);
        var result = await orders.CompleteAsync(fact, cancel);
        if (result.Outcome == PaymentOutcome.Completed)
        {
            log.Completed(fact.Provider, fact.TradeNo, result.UserId);
            await TellAsync(result.UserId);
        }
        else if (result.Outcome == PaymentOutcome.AlreadyComplete)
        {
            log.Repeated(fact.Provider, fact.TradeNo);
        }
        else
        {
            log.Refused(fact.Provider, fact.TradeNo, result.Outcome);
        }
        return result.Outcome;
    }

    /// <summary>An administrator completes an order that no report arrived for.</summary>
    public async Task<PaymentOutcome> CompleteByHandAsync(string tradeNo, long adminId, string adminName, CancellationToken cancel)
    {
        var result = await orders.CompleteByHandAsync(tradeNo, adminId, adminName, cancel);
        if (result.Outcome == PaymentOutcome.Completed)
        {
            log.CompletedByHand(tradeNo, result.UserId, adminId);
            await TellAsync(result.UserId);
        }
        return result.Outcome;
    }

    private Task TellAsync(long userId) =>
        changes.PublishAsync(ChangeTopic.Users, userId.ToString(CultureInfo.InvariantCulture), CancellationToken.None);
}
