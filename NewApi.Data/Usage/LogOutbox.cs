using System.Text.Json;
using System.Text.Json.Serialization;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using Microsoft.Extensions.Logging;
using NewApi.Data.Rows;

namespace NewApi.Data.Usage;

/// <summary>
/// Rows of the usage log that tell of money of the main database. Where both share a database, a row is written in the transaction of the
/// money. Where the log has its own, that transaction leaves the row in an outbox; it is sent after the commit, and by a job until it has
/// arrived, so that neither an outage of the log nor a crash loses it. A receipt, written with the row, keeps it from arriving twice.
/// </summary>
public sealed class LogOutbox(Database database, LogDatabase logs, UsageLogStore usageLog, TimeProvider clock, ILogger<LogOutbox> log)
{
    private const int Page = 200;

    /// <summary>So many rows in a row that cannot be sent mean that none can.</summary>
    private const int MostTroubles = 3;

    /// <summary>Whoever has paid waits no longer for a log that does not answer: the job has time.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>Longer than a sender can take between reading a row and writing it.</summary>
    private static readonly TimeSpan ReceiptsLast = TimeSpan.FromDays(1);
    private static readonly TimeSpan ForgetEvery = TimeSpan.FromHours(1);

    private long _forgetAt;

    /// <summary>Writes a row in the caller's transaction: to the log, or to the outbox.</summary>
    /// <param name="db">The caller's transaction.</param>
    /// <param name="entryKey">The ledger entry that the row tells of.</param>
    /// <param name="row">The row, complete.</param>
    /// <param name="cancel">Cancels the transaction.</param>
    public Task AddAsync(DataConnection db, string entryKey, LogRow row, CancellationToken cancel) => logs.IsSeparate
        ? db.InsertAsync(
            new LogOutboxRow { EntryKey = entryKey, CreatedAt = row.CreatedAt, Log = JsonSerializer.Serialize(row, LogJson.Default.LogRow) }, token: cancel)
        : usageLog.InsertAsync(db, [row], cancel);

    /// <summary>Sends what <see cref="AddAsync"/> left in the outbox, after the commit. It never fails: what cannot be sent now, the job sends.</summary>
    /// <inheritdoc cref="AddAsync"/>
    public async Task SendAsync(string entryKey, LogRow? row)
    {
        if (!logs.IsSeparate || row is null)
        {
            return;
        }
        try
        {
            using var deadline = new CancellationTokenSource(Patience, clock);
            await DeliverAsync(entryKey, row, deadline.Token);
        }
        catch (Exception problem)
        {
            log.LogRowWaits(entryKey, problem.GetType().Name);
        }
    }

    /// <summary>Sends everything that is left, and forgets old receipts. Any number of processes may do so at once.</summary>
    /// <returns>How many rows were sent.</returns>
    public async Task<int> DrainAsync(CancellationToken cancel)
    {
        var (sent, left, troubles, last) = (0, 0, 0, "");
        List<LogOutboxRow> page;
        do
        {
            await using (var db = database.Open())
            {
                page = await db.LogOutbox.Where(row => row.EntryKey.CompareTo(last) > 0).OrderBy(row => row.EntryKey).Take(Page).ToListAsync(cancel);
            }
            foreach (var waiting in page)
            {
                last = waiting.EntryKey;
                try
                {
                    await DeliverAsync(last, JsonSerializer.Deserialize(waiting.Log, LogJson.Default.LogRow)!, cancel);
                    (sent, troubles) = (sent + 1, 0);
                }
                catch (Exception problem) when (!cancel.IsCancellationRequested)
                {
                    log.LogRowWaits(last, problem.GetType().Name);
                    left++;
                    if (++troubles == MostTroubles)
                    {
                        return sent;
                    }
                }
            }
        }
        while (page.Count == Page);
        // With nothing left, nothing is there that an old receipt could stand for.
        if (left == 0 && Now >= _forgetAt)
        {
            _forgetAt = Now + (long)ForgetEvery.TotalSeconds;
            var old = Now - (long)ReceiptsLast.TotalSeconds;
            await logs.WriteAsync((db, token) => db.LogReceipts.Where(row => row.CreatedAt < old).DeleteAsync(token), cancel);
        }
        return sent;
    }

    private async Task DeliverAsync(string entryKey, LogRow row, CancellationToken cancel)
    {
        try
        {
            await logs.WriteAsync(
                async (db, token) =>
                {
                    await db.InsertAsync(new LogReceiptRow { EntryKey = entryKey, CreatedAt = Now }, token: token);
                    await usageLog.InsertAsync(db, [row], token);
                },
                cancel);
        }
        catch (Exception problem) when (Database.IsDuplicate(problem))
        {
            // It is there already.
        }
        await database.WriteAsync((db, token) => db.LogOutbox.Where(waiting => waiting.EntryKey == entryKey).DeleteAsync(token), cancel);
    }

    private long Now => clock.GetUtcNow().ToUnixTimeSeconds();
}

[JsonSerializable(typeof(LogRow))]
internal sealed partial class LogJson : JsonSerializerContext;

internal static partial class LogOutboxLog
{
    [LoggerMessage(LogLevel.Warning, "The log database did not take the row of {Entry} ({Problem}); it is sent again")]
    public static partial void LogRowWaits(this ILogger log, string entry, string problem);
}
