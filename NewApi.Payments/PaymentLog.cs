using Microsoft.Extensions.Logging;
using NewApi.Data.Payments;

namespace NewApi.Payments;

/// <summary>What happens to payments, for the operator; never a key, and never a word of a report whose signature is not verified.</summary>
public static partial class PaymentLog
{
    [LoggerMessage(LogLevel.Information, "{Provider} reported the payment of order {TradeNo}: user {UserId} has it")]
    public static partial void Completed(this ILogger log, string provider, string tradeNo, long userId);

    [LoggerMessage(LogLevel.Information, "{Provider} reported the payment of order {TradeNo} again; nothing changes")]
    public static partial void Repeated(this ILogger log, string provider, string tradeNo);

    [LoggerMessage(LogLevel.Warning, "{Provider} reported a payment of order {TradeNo} that is refused: {Reason}")]
    public static partial void Refused(this ILogger log, string provider, string tradeNo, PaymentOutcome reason);

    [LoggerMessage(LogLevel.Warning, "Somebody reported a payment as {Provider} without a valid signature; nothing changes")]
    public static partial void Forged(this ILogger log, string provider);

    [LoggerMessage(LogLevel.Warning, "Somebody reported a payment as {Provider}, which is not configured; nothing changes")]
    public static partial void NotConfigured(this ILogger log, string provider);

    [LoggerMessage(LogLevel.Information, "Order {TradeNo} of user {UserId} was completed by hand by administrator {AdminId}")]
    public static partial void CompletedByHand(this ILogger log, string tradeNo, long userId, long adminId);

    [LoggerMessage(LogLevel.Error, "{Provider} did not open a checkout for order {TradeNo}")]
    public static partial void CheckoutFailed(this ILogger log, Exception problem, string provider, string tradeNo);

    [LoggerMessage(LogLevel.Warning, "{Provider} could not say what became of order {TradeNo}; it is asked again later")]
    public static partial void LookFailed(this ILogger log, Exception problem, string provider, string tradeNo);

    [LoggerMessage(LogLevel.Information, "Order {TradeNo} of {Provider} is over unpaid: {Status}")]
    public static partial void Closed(this ILogger log, string tradeNo, string provider, string status);
}
