using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>A plan that an account holds (specification: data model §3.16).</summary>
[Table("user_subscriptions")]
public sealed class UserSubscriptionRow
{
    [Column("id"), PrimaryKey, Identity]
    public long Id { get; set; }

    [Column("user_id", CanBeNull = true)]
    public long UserId { get; set; }

    [Column("plan_id", CanBeNull = true)]
    public long PlanId { get; set; }

    /// <summary>Points; 0: no limit.</summary>
    [Column("amount_total")]
    public long AmountTotal { get; set; }

    [Column("amount_used")]
    public long AmountUsed { get; set; }

    [Column("start_time", CanBeNull = true)]
    public long StartTime { get; set; }

    [Column("end_time", CanBeNull = true)]
    public long EndTime { get; set; }

    /// <summary><c>active</c>, <c>expired</c>, <c>cancelled</c>.</summary>
    [Column("status")]
    public string Status { get; set => field = value ?? ""; } = "";

    [Column("source")]
    public string Source { get; set => field = value ?? ""; } = "order";

    [Column("last_reset_time")]
    public long LastResetTime { get; set; }

    [Column("next_reset_time")]
    public long NextResetTime { get; set; }

    [Column("upgrade_group")]
    public string UpgradeGroup { get; set => field = value ?? ""; } = "";

    [Column("prev_user_group")]
    public string PrevUserGroup { get; set => field = value ?? ""; } = "";

    [Column("created_at", CanBeNull = true)]
    public long CreatedAt { get; set; }

    [Column("updated_at", CanBeNull = true)]
    public long UpdatedAt { get; set; }

    /// <summary>Points taken out of the subscription by relays and not settled yet.</summary>
    [Column("newapi_held")]
    public long Held { get; set; }
}
