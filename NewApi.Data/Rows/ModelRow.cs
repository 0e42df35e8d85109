using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>Model metadata of the marketplace page (specification: data model §3.12).</summary>
[Table("models")]
public sealed class ModelRow
{
    [Column("id"), PrimaryKey, Identity]
    public long Id { get; set; }

    [Column("model_name")]
    public string ModelName { get; set => field = value ?? ""; } = "";

    [Column("description")]
    public string Description { get; set => field = value ?? ""; } = "";

    [Column("icon")]
    public string Icon { get; set => field = value ?? ""; } = "";

    /// <summary>Comma list.</summary>
    [Column("tags")]
    public string Tags { get; set => field = value ?? ""; } = "";

    [Column("vendor_id", CanBeNull = true)]
    public long VendorId { get; set; }

    /// <summary>JSON object, endpoint type to path.</summary>
    [Column("endpoints")]
    public string Endpoints { get; set => field = value ?? ""; } = "";

    [Column("status")]
    public long Status { get; set; } = 1;

    [Column("sync_official")]
    public long SyncOfficial { get; set; } = 1;

    [Column("created_time", CanBeNull = true)]
    public long CreatedTime { get; set; }

    [Column("updated_time", CanBeNull = true)]
    public long UpdatedTime { get; set; }

    /// <summary>0 exact, 1 prefix, 2 contains, 3 suffix.</summary>
    [Column("name_rule")]
    public long NameRule { get; set; }

    [Column("deleted_at")]
    public DateTimeOffset? DeletedAt { get; set; }
}
