using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>A payment order for a plan (specification: data model §3.16).</summary>
[Table("subscription_orders")]
public sealed class SubscriptionOrderRow
{
    [Column("id"), PrimaryKey, Identity]
    public long Id { get; set; }

    [Column("user_id", CanBeNull = true)]
    public long UserId { get; set; }

    [Column("plan_id", CanBeNull = true)]
    public long PlanId { get; set; }

    [Column("money", CanBeNull = true)]
    public decimal Money { get; set; }

    [Column("trade_no")]
    public string? TradeNo { get; set; }

    [Column("payment_method")]
    public string PaymentMethod { get; set => field = value ?? ""; } = "";

    [Column("payment_provider")]
    public string PaymentProvider { get; set => field = value ?? ""; } = "";

    [Column("status")]
    public string Status { get; set => field = value ?? ""; } = "";

    [Column("create_time", CanBeNull = true)]
    public long CreateTime { get; set; }

    [Column("complete_time", CanBeNull = true)]
    public long CompleteTime { get; set; }

    [Column("provider_payload")]
    public string ProviderPayload { get; set => field = value ?? ""; } = "";
}
