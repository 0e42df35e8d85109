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
}

/// <summary>Which balance escrow was taken from. The numbers are stored in <c>newapi_escrows.kind</c>.</summary>
public enum AccountKind
{
    /// <summary>The balance of a user: <c>users.quota</c>.</summary>
    Wallet = 1,

    /// <summary>The ceiling of a limited key: <c>tokens.remain_quota</c>.</summary>
    Key = 2,
}
