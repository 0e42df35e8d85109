using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>A subscription plan on offer (specification: data model §3.16).</summary>
[Table("subscription_plans")]
public sealed class SubscriptionPlanRow
{
    [Column("id"), PrimaryKey, Identity]
    public long Id { get; set; }

    [Column("title")]
    public string Title { get; set => field = value ?? ""; } = "";

    [Column("subtitle")]
    public string Subtitle { get; set => field = value ?? ""; } = "";

    [Column("price_amount")]
    public decimal PriceAmount { get; set; }

    [Column("currency")]
    public string Currency { get; set => field = value ?? ""; } = "USD";

    /// <summary><c>year</c>, <c>month</c>, <c>day</c>, <c>hour</c>, <c>custom</c>.</summary>
    [Column("duration_unit")]
    public string DurationUnit { get; set => field = value ?? ""; } = "month";

    [Column("duration_value")]
    public long DurationValue { get; set; } = 1;

    [Column("custom_seconds")]
    public long CustomSeconds { get; set; }

    [Column("enabled")]
    public bool Enabled { get; set; } = true;

    [Column("sort_order")]
    public long SortOrder { get; set; }

    [Column("stripe_price_id")]
    public string StripePriceId { get; set => field = value ?? ""; } = "";

    [Column("creem_product_id")]
    public string CreemProductId { get; set => field = value ?? ""; } = "";

    /// <summary>0: no limit.</summary>
    [Column("max_purchase_per_user")]
    public long MaxPurchasePerUser { get; set; }

    [Column("upgrade_group")]
    public string UpgradeGroup { get; set => field = value ?? ""; } = "";

    /// <summary>Points; 0: no limit.</summary>
    [Column("total_amount")]
    public long TotalAmount { get; set; }

    [Column("quota_reset_period")]
    public string QuotaResetPeriod { get; set => field = value ?? ""; } = "never";

    [Column("quota_reset_custom_seconds")]
    public long QuotaResetCustomSeconds { get; set; }

    /// <summary>Group after the plan has ended; empty: the one before the plan.</summary>
    [Column("downgrade_group")]
    public string DowngradeGroup { get; set => field = value ?? ""; } = "";

    [Column("created_at", CanBeNull = true)]
    public long CreatedAt { get; set; }

    [Column("updated_at", CanBeNull = true)]
    public long UpdatedAt { get; set; }

    /// <summary>The plan may be bought with points of the wallet; null means yes.</summary>
    [Column("allow_balance_pay")]
    public bool? AllowBalancePay { get; set; }

    /// <summary>The wallet may pay what the subscription cannot; null means yes.</summary>
    [Column("allow_wallet_overflow")]
    public bool? AllowWalletOverflow { get; set; }
}
