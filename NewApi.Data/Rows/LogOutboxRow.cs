using LinqToDB.Mapping;

namespace NewApi.Data.Rows;

/// <summary>A row of the usage log on its way to a log database of its own: written with the money, gone once it is there.</summary>
[Table("newapi_log_outbox")]
public sealed class LogOutboxRow
{
    /// <summary>The ledger entry that the row tells of.</summary>
    [Column("entry_key"), PrimaryKey]
    public string EntryKey { get; set => field = value ?? ""; } = "";

    [Column("created_at")]
    public long CreatedAt { get; set; }

    /// <summary>The row as JSON.</summary>
    [Column("log_row")]
    public string Log { get; set => field = value ?? ""; } = "";
}

/// <summary>Stands in the log database for a row that came through the outbox, so that sending it again does not double it.</summary>
[Table("newapi_log_receipts")]
public sealed class LogReceiptRow
{
    [Column("entry_key"), PrimaryKey]
    public string EntryKey { get; set => field = value ?? ""; } = "";

    [Column("created_at")]
    public long CreatedAt { get; set; }
}
