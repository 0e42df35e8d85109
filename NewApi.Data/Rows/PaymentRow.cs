using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>
/// What we expect to be paid for an order of <c>top_ups</c> or <c>subscription_orders</c>, written before the payer sees a price: whoever
/// reports a payment is held to it.
/// </summary>
[Table("newapi_payments")]
public sealed class PaymentRow
{
    [Column("trade_no"), PrimaryKey(0)]
    public string TradeNo { get; set => field = value ?? ""; } = "";

    [Column("provider")]
    public string Provider { get; set => field = value ?? ""; } = "";

    /// <summary>The provider's name of the checkout; empty where it has none.</summary>
    [Column("session")]
    public string Session { get; set => field = value ?? ""; } = "";

    /// <summary>In the smallest unit of the currency.</summary>
    [Column("due")]
    public long Due { get; set; }

    /// <summary>ISO 4217, in capitals.</summary>
    [Column("currency")]
    public string Currency { get; set => field = value ?? ""; } = "";

    /// <summary>What the balance gains, at the rate of the day the order was made; 0 for plans.</summary>
    [Column("points")]
    public long Points { get; set; }

    [Column("created_at")]
    public long CreatedAt { get; set; }

    /// <summary>When the provider is asked next what became of the order; 0 when nobody needs to know.</summary>
    [Column("next_look")]
    public long NextLook { get; set; }
}
