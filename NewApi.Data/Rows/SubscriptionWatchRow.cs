using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>What a held plan had left when it was last looked at.</summary>
[Table("newapi_subscription_watch")]
public sealed class SubscriptionWatchRow
{
    [Column("subscription_id"), PrimaryKey(0)]
    public long SubscriptionId { get; set; }

    [Column("points")]
    public long Points { get; set; }
}
