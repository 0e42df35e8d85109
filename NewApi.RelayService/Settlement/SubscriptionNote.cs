using System.Globalization;
using NewApi.Data.Ledger;

namespace NewApi.RelayService.Settlement;

/// <summary>What the usage log says about the subscription that paid (specification: billing §10). It is known only once the call is billed.</summary>
internal static class SubscriptionNote
{
    /// <summary>The <c>other</c> text of a record with the figures of its subscription.</summary>
    /// <param name="record">A billed record; its <c>other</c> is a JSON object with members.</param>
    /// <param name="funding">What was known of the subscription when the caller was read.</param>
    /// <param name="held">What was set aside on it at first.</param>
    public static string Append(UsageRecord record, Funding funding, in Shares held)
    {
        var total = 0L;
        foreach (var subscription in funding.Subscriptions)
        {
            if (subscription.Id == record.SubscriptionId)
            {
                total = subscription.Total;
            }
        }
        var consumed = record.SubscriptionPoints;
        // Other relays spend from the subscription as well: this is what is left as far as this one knows.
        var remain = total == 0 ? 0 : Math.Clamp(held.Funding.Remaining, 0, total);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""{record.Other.AsSpan(0, record.Other.Length - 1)},"subscription_pre_consumed":{held.Points},"subscription_post_delta":{consumed - held.Points},"subscription_consumed":{consumed},"subscription_total":{total},"subscription_used":{(total == 0 ? consumed : total - remain)},"subscription_remain":{remain},"wallet_quota_deducted":{record.Points - consumed}{'}'}""");
    }
}
