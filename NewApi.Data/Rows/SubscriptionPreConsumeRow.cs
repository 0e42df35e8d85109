using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>Points taken from a plan before a call (specification: data model §3.16).</summary>
[Table("subscription_pre_consume_records")]
public sealed class SubscriptionPreConsumeRow
{
    [Column("id"), PrimaryKey, Identity]
    public long Id { get; set; }

    [Column("request_id")]
    public string? RequestId { get; set; }

    [Column("user_id", CanBeNull = true)]
    public long UserId { get; set; }

    [Column("user_subscription_id", CanBeNull = true)]
    public long UserSubscriptionId { get; set; }

    [Column("pre_consumed")]
    public long PreConsumed { get; set; }

    /// <summary><c>consumed</c> or <c>refunded</c>.</summary>
    [Column("status")]
    public string Status { get; set => field = value ?? ""; } = "";

    [Column("created_at", CanBeNull = true)]
    public long CreatedAt { get; set; }

    [Column("updated_at", CanBeNull = true)]
    public long UpdatedAt { get; set; }
}
