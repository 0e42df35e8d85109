namespace NewApi.Domain.Funding;

/// <summary>In which order a user's subscriptions and wallet pay (specification: billing §8.1).</summary>
public enum BillingPreference
{
    SubscriptionFirst,
    WalletFirst,
    SubscriptionOnly,
    WalletOnly,
}

/// <summary>The preference as <c>users.setting</c> and the usage log spell it.</summary>
public static class BillingPreferences
{
    /// <summary>What is absent or unknown means subscriptions first.</summary>
    public static BillingPreference Parse(string? text) => text switch
    {
        "wallet_first" => BillingPreference.WalletFirst,
        "subscription_only" => BillingPreference.SubscriptionOnly,
        "wallet_only" => BillingPreference.WalletOnly,
        _ => BillingPreference.SubscriptionFirst,
    };

    public static string NameOf(BillingPreference preference) => preference switch
    {
        BillingPreference.WalletFirst => "wallet_first",
        BillingPreference.SubscriptionOnly => "subscription_only",
        BillingPreference.WalletOnly => "wallet_only",
        _ => "subscription_first",
    };
}
