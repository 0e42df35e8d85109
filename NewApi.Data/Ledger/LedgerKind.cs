namespace NewApi.Data.Ledger;

/// <summary>Why a balance changed. The numbers are stored in <c>newapi_ledger.kind</c>.</summary>
public enum LedgerKind
{
    /// <summary>The balance an account had when the ledger first saw it.</summary>
    Open = 1,

    /// <summary>One relayed call.</summary>
    Consume = 2,

    /// <summary>Given at account creation, by invitation or by check-in.</summary>
    Grant = 3,

    /// <summary>Set by an administrator.</summary>
    Adjust = 4,

    /// <summary>A redemption code.</summary>
    Redeem = 5,

    /// <summary>A paid top-up order.</summary>
    TopUp = 6,

    /// <summary>Money given back after a charge.</summary>
    Refund = 7,

    /// <summary>A subscription that was bought with points of the wallet.</summary>
    Purchase = 8,

    /// <summary>What a subscription had used when the ledger first saw it.</summary>
    OpenSubscription = 9,

    /// <summary>A subscription began a new period: what was used of it is zero again.</summary>
    Reset = 10,

    /// <summary>A limited key was overdrawn when the ledger first noted such a thing.</summary>
    OpenKey = 11,
}

/// <summary>Which balance escrow was taken from. The numbers are stored in <c>newapi_escrows.kind</c>.</summary>
public enum AccountKind
{
    /// <summary>The balance of a user: <c>users.quota</c>.</summary>
    Wallet = 1,

    /// <summary>The ceiling of a limited key: <c>tokens.remain_quota</c>.</summary>
    Key = 2,

    /// <summary>What is left of a subscription: <c>user_subscriptions.amount_total - amount_used</c>.</summary>
    Subscription = 3,

    /// <summary>What is left of a budget: <c>newapi_budgets.amount - used</c>.</summary>
    Budget = 4,
}
