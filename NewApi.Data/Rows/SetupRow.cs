using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>At most one row; its existence means that set-up is done (specification: data model §3.13).</summary>
[Table("setups")]
public sealed class SetupRow
{
    [Column("id"), PrimaryKey, Identity]
    public long Id { get; set; }

    [Column("version")]
    public string Version { get; set => field = value ?? ""; } = "";

    [Column("initialized_at")]
    public long InitializedAt { get; set; }
}
