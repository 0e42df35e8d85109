using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.Data.Ledger;
using NewApi.Data.Rows;
using NewApi.ServiceDefaults;

namespace NewApi.Data.Usage;

/// <summary>
/// Hourly sums of what was charged and given back, for charts. They are written in the transaction that moves the money, so that neither a
/// crash nor a restart loses any (known problem C1): each batch adds rows of its own, readers sum, and a job folds the rows of past hours.
/// </summary>
public sealed class UsageRollUps(GatewayNode? node = null)
{
    private const long Hour = 3600;
    private const int Word = 64;
    private const int DeleteAtOnce = 500;
    private const int Piece = 5_000;

    private readonly string _node = StorableText.Fit(node?.Name ?? "", Word);

    /// <summary>Adds settled calls, in the caller's transaction.</summary>
    public Task AddAsync(DataConnection db, IReadOnlyList<UsageRecord> records, CancellationToken cancel)
    {
        var sums = new Dictionary<Key, QuotaDataRow>();
        foreach (var record in records)
        {
            if (record.Counted || record.Points != 0)
            {
                var row = RowOf(sums, new Key(
                    record.UserId, record.Username, record.Model, record.CreatedAt - record.CreatedAt % Hour, record.Group, record.TokenId, record.ChannelId));
                row.Count += record.Counted ? 1 : 0;
                row.Quota += record.Points;
                row.TokenUsed += record.PromptTokens + record.CompletionTokens;
                row.Cost += record.Cost ?? 0;
                row.Margin += record.Cost is { } cost ? record.Points - cost : 0;
            }
        }
        return InsertAsync(db, sums.Values, cancel);
    }

    /// <summary>Adds what moved for a task: its charge, or a difference at its end, which may be negative.</summary>
    /// <param name="db">The caller's transaction.</param>
    /// <param name="log">The row of the usage log for it.</param>
    /// <param name="points">Negative when something was given back.</param>
    /// <param name="calls">1 for the charge, 0 for a difference.</param>
    /// <param name="cost">What it cost the operator, likewise; null where nobody knows.</param>
    /// <param name="cancel">Cancels the transaction.</param>
    public Task AddAsync(DataConnection db, LogRow log, long points, int calls, long? cost, CancellationToken cancel)
    {
        var row = RowOf([], new Key(
            log.UserId, log.Username, log.ModelName, log.CreatedAt - log.CreatedAt % Hour, log.Group, log.TokenId, log.ChannelId));
        row.Count = calls;
        row.Quota = points;
        row.Cost = cost ?? 0;
        row.Margin = cost is { } known ? points - known : 0;
        row.TokenUsed = calls == 0 ? 0 : log.PromptTokens + log.CompletionTokens;
        return InsertAsync(db, [row], cancel);
    }

    /// <summary>
    /// Makes one row of the rows of a past hour that have everything but figures in common. Doing it again changes nothing; a row that
    /// comes late stays beside the folded one until the next time. A busy hour has a million rows, and settlements wait while they are
    /// written: it is folded in pieces, each in a transaction of its own, and what the pieces leave is folded in turn.
    /// </summary>
    /// <param name="database">Where the rows are.</param>
    /// <param name="from">Hours that begin before this are left alone (unix seconds).</param>
    /// <param name="until">Hours that begin at or after this are left alone: their rows still come.</param>
    /// <param name="cancel">Ends the work between two pieces.</param>
    /// <param name="piece">Most rows that are read and folded at once.</param>
    /// <returns>How many rows there are less.</returns>
    public static async Task<int> FoldAsync(Database database, long from, long until, CancellationToken cancel, int piece = Piece)
    {
        List<long> hours;
        await using (var db = database.Open())
        {
            hours = await db.QuotaData
                .Where(row => row.CreatedAt >= from && row.CreatedAt < until)
                .Select(row => row.CreatedAt).Distinct().OrderBy(hour => hour).ToListAsync(cancel);
        }
        var less = 0;
        foreach (var hour in hours)
        {
            int shrunk;
            do
            {
                shrunk = await FoldAsync(database, hour, piece, cancel);
                less += shrunk;
            }
            while (shrunk > 0);
        }
        return less;
    }

    /// <summary>
    /// Goes once through an hour, piece by piece. Folded rows have new ids, so that it comes to them in the end and folds them with each
    /// other. Rows that are alike and never lie in one piece, as may be where more rows differ than a piece holds, stay apart.
    /// </summary>
    private static async Task<int> FoldAsync(Database database, long hour, int piece, CancellationToken cancel)
    {
        var (less, after) = (0, 0L);
        while (true)
        {
            List<QuotaDataRow> rows;
            await using (var db = database.Open())
            {
                rows = await PieceAsync(db, hour, after, piece, cancel);
            }
            // Mostly there is nothing to do, and that is seen without keeping a writer waiting.
            if (Same(rows).Any(static same => same.Skip(1).Any()))
            {
                less += await database.WriteAsync(async (db, token) => await FoldAsync(db, await PieceAsync(db, hour, after, piece, token), token), cancel);
            }
            if (rows.Count < piece)
            {
                return less;
            }
            after = rows[^1].Id;
        }
    }

    private static Task<List<QuotaDataRow>> PieceAsync(DataConnection db, long hour, long after, int piece, CancellationToken cancel) =>
        db.QuotaData.Where(row => row.CreatedAt == hour && row.Id > after).OrderBy(row => row.Id).Take(piece).ToListAsync(cancel);

    private static IEnumerable<IEnumerable<QuotaDataRow>> Same(List<QuotaDataRow> rows) =>
        rows.GroupBy(row => (row.UserId, row.Username, row.ModelName, row.UseGroup, row.TokenId, row.ChannelId, row.NodeName));

    private static async Task<int> FoldAsync(DataConnection db, List<QuotaDataRow> rows, CancellationToken cancel)
    {
        var folded = new List<QuotaDataRow>();
        var gone = new List<long>();
        foreach (var same in Same(rows))
        {
            if (same.Skip(1).Any())
            {
                var first = same.First();
                gone.AddRange(same.Select(row => row.Id));
                folded.Add(new QuotaDataRow
                {
                    UserId = first.UserId,
                    Username = first.Username,
                    ModelName = first.ModelName,
                    CreatedAt = first.CreatedAt,
                    UseGroup = first.UseGroup,
                    TokenId = first.TokenId,
                    ChannelId = first.ChannelId,
                    NodeName = first.NodeName,
                    Count = same.Sum(row => row.Count),
                    Quota = same.Sum(row => row.Quota),
                    TokenUsed = same.Sum(row => row.TokenUsed),
                    Cost = same.Sum(row => row.Cost),
                    Margin = same.Sum(row => row.Margin),
                });
            }
        }
        var deleted = 0;
        foreach (var ids in gone.Chunk(DeleteAtOnce))
        {
            // By id: a row that was committed since must not go with them.
            deleted += await db.QuotaData.Where(row => ids.Contains(row.Id)).DeleteAsync(cancel);
        }
        if (deleted != gone.Count)
        {
            throw new TransientConflictException();
        }
        await InsertAsync(db, folded, cancel);
        return gone.Count - folded.Count;
    }

    private QuotaDataRow RowOf(Dictionary<Key, QuotaDataRow> sums, Key key)
    {
        if (!sums.TryGetValue(key, out var row))
        {
            sums[key] = row = new QuotaDataRow
            {
                UserId = key.UserId,
                Username = StorableText.Fit(key.Username, Word),
                ModelName = StorableText.Fit(key.Model, Word),
                CreatedAt = key.Hour,
                UseGroup = StorableText.Fit(key.Group, Word),
                TokenId = key.TokenId,
                ChannelId = key.ChannelId,
                NodeName = _node,
            };
        }
        return row;
    }

    private static Task InsertAsync(DataConnection db, IReadOnlyCollection<QuotaDataRow> rows, CancellationToken cancel) =>
        rows.Count == 0
            ? Task.CompletedTask
            : db.QuotaData.BulkCopyAsync(new BulkCopyOptions { BulkCopyType = BulkCopyType.MultipleRows }, rows, cancel);

    private readonly record struct Key(long UserId, string Username, string Model, long Hour, string Group, long TokenId, long ChannelId);
}
