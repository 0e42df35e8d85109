using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>A change of a balance. The primary key makes a change apply at most once, whoever retries it.</summary>
[Table("newapi_ledger")]
public sealed class LedgerRow
{
    [Column("entry_key"), PrimaryKey(0)]
    public string EntryKey { get; set => field = value ?? ""; } = "";

    [Column("kind")]
    public long Kind { get; set; }

    [Column("user_id")]
    public long UserId { get; set; }

    [Column("token_id")]
    public long TokenId { get; set; }

    [Column("channel_id")]
    public long ChannelId { get; set; }

    /// <summary>Change of the account's balance.</summary>
    [Column("points")]
    public long Points { get; set; }

    /// <summary>Change of the key's remaining limit.</summary>
    [Column("token_points")]
    public long TokenPoints { get; set; }

    /// <summary>The part of a charge that nobody had set aside: of the wallet and the subscription together.</summary>
    [Column("excess")]
    public long Excess { get; set; }

    /// <summary>What of <see cref="Excess"/> the subscription bears, where the wallet paid too; where it did not, all of it.</summary>
    [Column("subscription_excess")]
    public long SubscriptionExcess { get; set; }

    /// <summary>The part of a charge that was not set aside on its key beforehand: all of it where the key had no limit.</summary>
    [Column("token_excess")]
    public long TokenExcess { get; set; }

    [Column("logged")]
    public bool Logged { get; set; }

    [Column("created_at")]
    public long CreatedAt { get; set; }

    /// <summary>The subscription that paid or was given back to; 0 for none.</summary>
    [Column("subscription_id")]
    public long SubscriptionId { get; set; }

    /// <summary>Change of what the subscription has left: the negative of the change of <c>amount_used</c>.</summary>
    [Column("subscription_points")]
    public long SubscriptionPoints { get; set; }
}
