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

    /// <summary>Points charged less those given back.</summary>
    [Column("quota")]
    public long Quota { get; set; }

    /// <summary>The group that served.</summary>
    [Column("use_group")]
    public string UseGroup { get; set => field = value ?? ""; } = "";

    [Column("token_id", CanBeNull = true)]
    public long TokenId { get; set; }

    [Column("channel_id", CanBeNull = true)]
    public long ChannelId { get; set; }

    /// <summary>The process that settled.</summary>
    [Column("node_name")]
    public string NodeName { get; set => field = value ?? ""; } = "";

    /// <summary>Points that the calls cost the operator, as far as purchase prices are known.</summary>
    [Column("newapi_cost", CanBeNull = true)]
    public long Cost { get; set; }

    /// <summary>What was earned on the calls whose purchase price is known.</summary>
    [Column("newapi_margin", CanBeNull = true)]
    public long Margin { get; set; }
}
