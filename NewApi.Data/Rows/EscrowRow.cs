using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>Points that a relay took out of a balance under its lease.</summary>
[Table("newapi_escrows")]
public sealed class EscrowRow
{
    [Column("lease"), PrimaryKey(0)]
    public string Lease { get; set => field = value ?? ""; } = "";

    [Column("kind"), PrimaryKey(1)]
    public long Kind { get; set; }

    [Column("account_id"), PrimaryKey(2)]
    public long AccountId { get; set; }

    [Column("amount")]
    public long Amount { get; set; }
}
