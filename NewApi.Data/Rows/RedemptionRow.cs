using LinqToDB;
using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>A redemption code (specification: data model §3.7).</summary>
[Table("redemptions")]
public sealed class RedemptionRow
{
    [Column("id"), PrimaryKey, Identity]
    public long Id { get; set; }

    [Column("user_id", CanBeNull = true)]
    public long UserId { get; set; }

    [Column("key", DataType = DataType.Char, Length = 32)]
    public string Key { get; set => field = value?.TrimEnd(' ') ?? ""; } = "";

    /// <summary>1 unused, 2 disabled, 3 used.</summary>
    [Column("status")]
    public long Status { get; set; } = 1;

    [Column("name")]
    public string Name { get; set => field = value ?? ""; } = "";

    [Column("quota")]
    public long Quota { get; set; } = 100;

    [Column("created_time", CanBeNull = true)]
    public long CreatedTime { get; set; }

    [Column("redeemed_time", CanBeNull = true)]
    public long RedeemedTime { get; set; }

    [Column("used_user_id", CanBeNull = true)]
    public long UsedUserId { get; set; }

    [Column("deleted_at")]
    public DateTimeOffset? DeletedAt { get; set; }

    /// <summary>Unix seconds; 0 means never.</summary>
    [Column("expired_time", CanBeNull = true)]
    public long ExpiredTime { get; set; }
}
