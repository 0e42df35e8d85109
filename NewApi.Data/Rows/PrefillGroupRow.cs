using LinqToDB;
using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>A named set that fills a form of the console (specification: data model §3.12).</summary>
[Table("prefill_groups")]
public sealed class PrefillGroupRow
{
    [Column("id"), PrimaryKey, Identity]
    public long Id { get; set; }

    [Column("name")]
    public string Name { get; set => field = value ?? ""; } = "";

    /// <summary><c>model</c>, <c>tag</c> or <c>endpoint</c>.</summary>
    [Column("type")]
    public string Type { get; set => field = value ?? ""; } = "";

    [Column("items", DataType = DataType.Json)]
    public string? Items { get; set; }

    [Column("description")]
    public string Description { get; set => field = value ?? ""; } = "";

    [Column("created_time", CanBeNull = true)]
    public long CreatedTime { get; set; }

    [Column("updated_time", CanBeNull = true)]
    public long UpdatedTime { get; set; }

    [Column("deleted_at")]
    public DateTimeOffset? DeletedAt { get; set; }
}
