using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>A model vendor (specification: data model §3.12).</summary>
[Table("vendors")]
public sealed class VendorRow
{
    [Column("id"), PrimaryKey, Identity]
    public long Id { get; set; }

    [Column("name")]
    public string Name { get; set => field = value ?? ""; } = "";

    [Column("description")]
    public string Description { get; set => field = value ?? ""; } = "";

    [Column("icon")]
    public string Icon { get; set => field = value ?? ""; } = "";

    [Column("status")]
    public long Status { get; set; } = 1;

    [Column("created_time", CanBeNull = true)]
    public long CreatedTime { get; set; }

    [Column("updated_time", CanBeNull = true)]
    public long UpdatedTime { get; set; }

    [Column("deleted_at")]
    public DateTimeOffset? DeletedAt { get; set; }
}
