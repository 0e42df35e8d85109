using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>A stored option: always text (specification: data model §3.5).</summary>
[Table("options")]
public sealed class OptionRow
{
    [Column("key"), PrimaryKey(0)]
    public string Key { get; set => field = value ?? ""; } = "";

    [Column("value")]
    public string Value { get; set => field = value ?? ""; } = "";
}
