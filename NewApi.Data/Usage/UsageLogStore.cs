using LinqToDB;
using LinqToDB.Data;
using NewApi.Data.Rows;

namespace NewApi.Data.Usage;

/// <summary>Writes the usage log in batches.</summary>
public sealed class UsageLogStore(LogDatabase log)
{
    private const int Word = 191;
    private const int RequestId = 64;
    private const int UpstreamRequestId = 128;

    /// <summary>Inserts all rows, or none, in one transaction of their own.</summary>
    public Task InsertAsync(IReadOnlyCollection<LogRow> rows, CancellationToken cancellationToken) =>
        rows.Count == 0 ? Task.CompletedTask : log.WriteAsync((db, ct) => InsertAsync(db, rows, ct), cancellationToken);

    /// <summary>Inserts all rows in the caller's transaction: the way when the log shares the database of the balances.</summary>
    public Task InsertAsync(DataConnection db, IReadOnlyCollection<LogRow> rows, CancellationToken cancellationToken)
    {
        foreach (var row in rows)
        {
            Fit(row);
        }

        return db.BulkCopyAsync(
            new BulkCopyOptions
            {
                BulkCopyType = log.Kind == DatabaseKind.Postgres ? BulkCopyType.ProviderSpecific : BulkCopyType.MultipleRows,
                // Measured on SQLite, five thousand rows: 15 µs a row as text, 50 µs with parameters.
                UseParameters = log.Kind == DatabaseKind.MySql,
            },
            rows,
            cancellationToken);
    }

    // Callers choose some of these texts. One that does not fit must not keep a batch of others from being written.
    private static void Fit(LogRow row)
    {
        row.Content = StorableText.Fit(row.Content);
        row.Username = StorableText.Fit(row.Username, Word);
        row.TokenName = StorableText.Fit(row.TokenName, Word);
        row.ModelName = StorableText.Fit(row.ModelName, Word);
        row.Group = StorableText.Fit(row.Group, Word);
        row.Ip = StorableText.Fit(row.Ip, Word);
        row.RequestId = StorableText.Fit(row.RequestId, RequestId);
        row.UpstreamRequestId = StorableText.Fit(row.UpstreamRequestId, UpstreamRequestId);
        row.Other = StorableText.Fit(row.Other);
    }
}
