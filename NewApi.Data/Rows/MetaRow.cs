using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>Small facts of the product itself: revisions and markers.</summary>
[Table("newapi_meta")]
public sealed class MetaRow
{
    [Column("name"), PrimaryKey(0)]
    public string Name { get; set => field = value ?? ""; } = "";

    [Column("value")]
    public string Value { get; set => field = value ?? ""; } = "";
}
