using System.Data;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.Data.Rows;

namespace NewApi.Data.Ledger;

/// <summary>What an audit looked at, and every place where the books disagree.</summary>
/// <param name="Accounts">Wallets whose balance was compared with their ledger.</param>
/// <param name="Charges">Charged calls that were compared with their row of the usage log.</param>
/// <param name="Discrepancies">One sentence each; empty when the books are right.</param>
public sealed record AuditReport(long Accounts, long Charges, IReadOnlyList<string> Discrepancies)
{
    public bool IsClean => Discrepancies.Count == 0;
}

/// <summary>
/// Proves the books: for every wallet the sum of the ledger is the balance; what is held is what leases have in escrow; no balance is
/// below zero by more than the recorded excess; every charged call has exactly one row in the usage log, with the same amount. Reads
/// one consistent snapshot, so it may run beside live relays.
/// </summary>
public sealed class LedgerAudit(Database database, LogDatabase logs)
{
    /// <summary>Key in <c>newapi_meta</c>: log rows older than this (unix seconds) were deleted by an administrator.</summary>
    private const string LogsPrunedBefore = "logs-pruned-before";

    private const int Page = 1000;
    private const int MostDiscrepancies = 100;
    private const long ConsumeLog = 2;
    private const string Suffix = ":consume";

    public async Task<AuditReport> RunAsync(CancellationToken cancel)
    {
        var found = new List<string>();
        await using var db = database.Open();
        await using var snapshot = await SnapshotAsync(db, database.Kind, cancel);
        await using var logDb = logs.IsSeparate ? logs.Open() : null;

        var accounts = await CheckWalletsAsync(db, found, cancel);
        await CheckHoldsAsync(db, found, cancel);
        var charges = await CheckLogsAsync(db, logDb ?? db, found, cancel);
        return new AuditReport(accounts, charges, found);
    }

    /// <summary>Notes that log rows older than <paramref name="before"/> (unix seconds) are about to be deleted on purpose.</summary>
    public Task NotePrunedAsync(long before, CancellationToken cancel) =>
        database.WriteAsync(
            async (db, token) =>
            {
                var known = await db.GetTable<MetaRow>().Where(row => row.Name == LogsPrunedBefore).Select(row => row.Value).FirstOrDefaultAsync(token);
                if (known is null)
                {
                    await db.InsertAsync(new MetaRow { Name = LogsPrunedBefore, Value = before.ToString() }, token: token);
                }
                else if (!long.TryParse(known, out var time) || time < before)
                {
                    await db.GetTable<MetaRow>().Where(row => row.Name == LogsPrunedBefore).Set(row => row.Value, before.ToString()).UpdateAsync(token);
                }
            },
            cancel);

    private static async Task<long> CheckWalletsAsync(DataConnection db, List<string> found, CancellationToken cancel)
    {
        var sums = await db.GetTable<LedgerRow>()
            .GroupBy(entry => entry.UserId)
            .Select(group => new { UserId = group.Key, Points = group.Sum(entry => entry.Points), Excess = group.Sum(entry => entry.Excess) })
            .ToDictionaryAsync(sum => sum.UserId, cancel);
        var accounts = 0L;
        await foreach (var user in db.GetTable<UserRow>().Select(row => new { row.Id, row.Quota }).AsAsyncEnumerable().WithCancellation(cancel))
        {
            accounts++;
            if (!sums.TryGetValue(user.Id, out var sum))
            {
                Add(found, $"User {user.Id} has a balance of {user.Quota} and no ledger.");
                continue;
            }
            if (sum.Points != user.Quota)
            {
                Add(found, $"User {user.Id} has a balance of {user.Quota}, but the ledger says {sum.Points}.");
            }
            if (user.Quota < 0 && -user.Quota > sum.Excess && sum.Points == user.Quota)
            {
                Add(found, $"User {user.Id} is {-user.Quota} below zero, but only {sum.Excess} was charged beyond holds.");
            }
        }
        return accounts;
    }

    private static async Task CheckHoldsAsync(DataConnection db, List<string> found, CancellationToken cancel)
    {
        var escrows = await db.GetTable<EscrowRow>()
            .GroupBy(row => new { row.Kind, row.AccountId })
            .Select(group => new { group.Key.Kind, group.Key.AccountId, Amount = group.Sum(row => row.Amount) })
            .ToListAsync(cancel);
        var inEscrow = escrows.ToDictionary(row => (Kind: (AccountKind)row.Kind, row.AccountId), row => row.Amount);
        var wallets = await db.GetTable<UserRow>().Where(row => row.Held != 0).Select(row => new { row.Id, row.Held }).ToListAsync(cancel);
        var keys = await db.GetTable<TokenRow>().Where(row => row.Held != 0).Select(row => new { row.Id, row.Held }).ToListAsync(cancel);
        var held = wallets.Select(row => (Kind: AccountKind.Wallet, row.Id, row.Held))
            .Concat(keys.Select(row => (Kind: AccountKind.Key, row.Id, row.Held)));
        foreach (var (kind, id, amount) in held)
        {
            inEscrow.Remove((kind, id), out var escrow);
            if (escrow != amount)
            {
                Add(found, $"{kind} {id} has {amount} held, but leases have {escrow} in escrow.");
            }
        }
        foreach (var ((kind, id), amount) in inEscrow.Where(row => row.Value != 0))
        {
            Add(found, $"{kind} {id} has nothing held, but leases have {amount} in escrow.");
        }
    }

    private static async Task<long> CheckLogsAsync(DataConnection db, DataConnection logDb, List<string> found, CancellationToken cancel)
    {
        var meta = await db.GetTable<MetaRow>().Where(row => row.Name == LogsPrunedBefore).Select(row => row.Value).FirstOrDefaultAsync(cancel);
        var prunedBefore = long.TryParse(meta, out var time) ? time : 0;
        var checkedCharges = 0L;
        var last = "";
        while (true)
        {
            var entries = await db.GetTable<LedgerRow>()
                .Where(entry => entry.EntryKey.CompareTo(last) > 0 && entry.Kind == (long)LedgerKind.Consume)
                .OrderBy(entry => entry.EntryKey)
                .Take(Page)
                .Select(entry => new { entry.EntryKey, entry.Points, entry.Logged, entry.CreatedAt })
                .ToListAsync(cancel);
            if (entries.Count == 0)
            {
                return checkedCharges;
            }
            last = entries[^1].EntryKey;
            var wanted = entries
                .Where(entry => entry.Logged && entry.CreatedAt >= prunedBefore)
                .ToDictionary(entry => entry.EntryKey[..^Suffix.Length], entry => -entry.Points, StringComparer.Ordinal);
            var ids = wanted.Keys.ToList();
            var rows = await logDb.GetTable<LogRow>()
                .Where(row => row.Type == ConsumeLog && ids.Contains(row.RequestId))
                .Select(row => new { row.RequestId, row.Quota })
                .ToListAsync(cancel);
            checkedCharges += wanted.Count;
            foreach (var group in rows.GroupBy(row => row.RequestId, StringComparer.Ordinal))
            {
                if (wanted.Remove(group.Key, out var points) && (group.Count() != 1 || group.Sum(row => row.Quota) != points))
                {
                    Add(found, $"Call {group.Key} was charged {points}, but {group.Count()} log rows say {group.Sum(row => row.Quota)}.");
                }
            }
            foreach (var missing in wanted)
            {
                Add(found, $"Call {missing.Key} was charged {missing.Value}, but has no log row.");
            }
        }
    }

    /// <summary>A reading transaction; on SQLite a deferred one, which does not keep writers out.</summary>
    private static async Task<IAsyncDisposable> SnapshotAsync(DataConnection db, DatabaseKind kind, CancellationToken cancel)
    {
        if (kind != DatabaseKind.Sqlite)
        {
            return await db.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancel);
        }
        await db.ExecuteAsync("BEGIN DEFERRED", cancel);
        return new DeferredTransaction(db);
    }

    private static void Add(List<string> found, string discrepancy)
    {
        if (found.Count < MostDiscrepancies)
        {
            found.Add(discrepancy);
        }
    }

    private sealed class DeferredTransaction(DataConnection db) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await db.ExecuteAsync("COMMIT");
    }
}
