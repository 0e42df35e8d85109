using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>Who may do a piece of work until when; the fence grows with every new holder.</summary>
[Table("newapi_leases")]
public sealed class LeaseRow
{
    [Column("name"), PrimaryKey(0)]
    public string Name { get; set => field = value ?? ""; } = "";

    [Column("holder")]
    public string Holder { get; set => field = value ?? ""; } = "";

    [Column("fence")]
    public long Fence { get; set; }

    /// <summary>Unix seconds by the clock of the database.</summary>
    [Column("expires_at")]
    public long ExpiresAt { get; set; }
}
