using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>Hourly usage for the dashboard; several rows may share one hour, readers sum (specification: data model §3.9).</summary>
[Table("quota_data")]
public sealed class QuotaDataRow
{
    [Column("id"), PrimaryKey, Identity]
    public long Id { get; set; }

    [Column("user_id", CanBeNull = true)]
    public long UserId { get; set; }

    [Column("username")]
    public string Username { get; set => field = value ?? ""; } = "";

    [Column("model_name")]
    public string ModelName { get; set => field = value ?? ""; } = "";

    /// <summary>Start of the hour, Unix seconds.</summary>
    [Column("created_at", CanBeNull = true)]
    public long CreatedAt { get; set; }

    [Column("token_used")]
    public long TokenUsed { get; set; }

    [Column("count")]
    public long Count { get; set; }

    [Column("quota")]
    public long Quota { get; set; }
}
