using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>A payment order (specification: data model §3.8).</summary>
[Table("top_ups")]
public sealed class TopUpRow
{
    [Column("id"), PrimaryKey, Identity]
    public long Id { get; set; }

    [Column("user_id", CanBeNull = true)]
    public long UserId { get; set; }

    [Column("amount", CanBeNull = true)]
    public long Amount { get; set; }

    [Column("money", CanBeNull = true)]
    public decimal Money { get; set; }

    [Column("trade_no")]
    public string? TradeNo { get; set; }

    [Column("payment_method")]
    public string PaymentMethod { get; set => field = value ?? ""; } = "";

    [Column("payment_provider")]
    public string PaymentProvider { get; set => field = value ?? ""; } = "";

    [Column("create_time", CanBeNull = true)]
    public long CreateTime { get; set; }

    [Column("complete_time", CanBeNull = true)]
    public long CompleteTime { get; set; }

    /// <summary><c>pending</c>, <c>success</c>, <c>failed</c>, <c>expired</c>.</summary>
    [Column("status")]
    public string Status { get; set => field = value ?? ""; } = "";
}
