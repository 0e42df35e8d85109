using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>A daily check-in (specification: data model §3.15).</summary>
[Table("checkins")]
public sealed class CheckinRow
{
    [Column("id"), PrimaryKey, Identity]
    public long Id { get; set; }

    [Column("user_id")]
    public long UserId { get; set; }

    /// <summary><c>yyyy-MM-dd</c> in the server's time zone.</summary>
    [Column("checkin_date")]
    public string CheckinDate { get; set => field = value ?? ""; } = "";

    [Column("quota_awarded")]
    public long QuotaAwarded { get; set; }

    [Column("created_at", CanBeNull = true)]
    public long CreatedAt { get; set; }
}
