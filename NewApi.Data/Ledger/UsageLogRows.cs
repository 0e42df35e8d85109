using LinqToDB;
using LinqToDB.Data;
using NewApi.Data.Rows;

namespace NewApi.Data.Ledger;

/// <summary>Writes rows of the usage log many at a time, in the transaction of the caller.</summary>
internal static class UsageLogRows
{
    public static Task InsertAsync(DataConnection db, DatabaseKind kind, IReadOnlyList<LogRow> rows, CancellationToken cancel) =>
        rows.Count == 0
            ? Task.CompletedTask
            : db.GetTable<LogRow>().BulkCopyAsync(
                new BulkCopyOptions
                {
                    BulkCopyType = kind == DatabaseKind.Postgres ? BulkCopyType.ProviderSpecific : BulkCopyType.MultipleRows,
                },
                rows,
                cancel);
}
