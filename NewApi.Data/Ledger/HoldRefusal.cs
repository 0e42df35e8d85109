namespace NewApi.Data.Ledger;

/// <summary>Why nothing could be set aside or charged.</summary>
public enum HoldRefusal
{
    None,

    /// <summary>The wallet cannot bear it.</summary>
    Wallet,

    /// <summary>The key's own ceiling cannot bear it.</summary>
    Key,

    /// <summary>No subscription can bear it, and the wallet may not.</summary>
    Subscription,

    /// <summary>A budget of the key, the user or the group is used up.</summary>
    Budget,
}
