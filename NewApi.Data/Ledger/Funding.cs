using NewApi.Domain.Funding;

namespace NewApi.Data.Ledger;

/// <summary>A subscription that may pay for calls, as it stood when it was read.</summary>
/// <param name="Total">Points of a period; 0 when there is no limit.</param>
/// <param name="EndsAt">Unix seconds.</param>
public sealed record FundingSubscription(long Id, long PlanId, string PlanTitle, long Total, long Used, long EndsAt);

/// <summary>Who pays for the calls of a user, in order (specification: billing §8.1).</summary>
public sealed record Funding
{
    public static readonly Funding WalletOnly = new() { Preference = BillingPreference.WalletOnly, Subscriptions = [], Overflows = true };

    public required BillingPreference Preference { get; init; }

    /// <summary>Active subscriptions, the one that ends first in front.</summary>
    public required IReadOnlyList<FundingSubscription> Subscriptions { get; init; }

    /// <summary>The wallet may pay what the subscriptions cannot; false as soon as one plan forbids it.</summary>
    public required bool Overflows { get; init; }

    /// <summary>The wallet is among the sources.</summary>
    public bool WalletPays => Preference switch
    {
        BillingPreference.SubscriptionOnly => false,
        BillingPreference.SubscriptionFirst => Subscriptions.Count == 0 || Overflows,
        _ => true,
    };

    /// <summary>The sources in the order to be asked; null stands for the wallet.</summary>
    public IEnumerable<FundingSubscription?> Sources()
    {
        if (Preference is BillingPreference.WalletFirst or BillingPreference.WalletOnly)
        {
            yield return null;
        }
        if (Preference != BillingPreference.WalletOnly)
        {
            foreach (var subscription in Subscriptions)
            {
                yield return subscription;
            }
        }
        if (Preference == BillingPreference.SubscriptionFirst && WalletPays)
        {
            yield return null;
        }
    }
}
