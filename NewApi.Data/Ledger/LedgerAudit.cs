using System.Data;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.Data.Rows;

namespace NewApi.Data.Ledger;

/// <summary>What an audit looked at, and every place where the books disagree.</summary>
/// <param name="Accounts">Wallets whose balance was compared with their ledger.</param>
/// <param name="Subscriptions">Subscriptions whose use was compared with their ledger.</param>
/// <param name="Charges">Charged calls and tasks that were compared with their row of the usage log.</param>
/// <param name="Discrepancies">One sentence each; empty when the books are right.</param>
public sealed record AuditReport(long Accounts, long Subscriptions, long Charges, IReadOnlyList<string> Discrepancies)
{
    public bool IsClean => Discrepancies.Count == 0;
}

/// <summary>
/// Proves the books: for every wallet and subscription the sum of the ledger is the balance; what is held is what leases have in escrow; no
/// balance, limited key or budget is below zero by more than the recorded excess; every charged call and task has its rows in the usage log, with the same amount.
/// Reads one consistent snapshot, so it may run beside live relays.
/// </summary>
public sealed class LedgerAudit(Database database, LogDatabase logs)
{
    /// <summary>Key in <c>newapi_meta</c>: log rows older than this (unix seconds) were deleted by an administrator.</summary>
    private const string LogsPrunedBefore = "logs-pruned-before";

    private const int Page = 1000;
    private const int MostDiscrepancies = 100;
    private const long ConsumeLog = 2;
    private const long RefundLog = 6;
    private const string ChargeSuffix = ":consume";
    private const string EndSuffix = ":end";

    public async Task<AuditReport> RunAsync(CancellationToken cancel)
    {
        var found = new List<string>();
        await using var db = database.Open();
        await using var snapshot = await SnapshotAsync(db, database.Kind, cancel);
        await using var logDb = logs.IsSeparate ? logs.Open() : null;

        var accounts = await CheckWalletsAsync(db, found, cancel);
        var subscriptions = await CheckSubscriptionsAsync(db, found, cancel);
        await CheckKeysAsync(db, found, cancel);
        await CheckBudgetsAsync(db, found, cancel);
        await CheckHoldsAsync(db, found, cancel);
        var charges = await CheckLogsAsync(db, logDb ?? db, found, cancel);
        return new AuditReport(accounts, subscriptions, charges, found);
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
            .Select(group => new
            {
                UserId = group.Key,
                Points = group.Sum(entry => entry.Points),
                // Where the wallet paid nothing, the subscription bears the debt.
                Excess = group.Sum(entry => entry.Points < 0 ? entry.Excess - entry.SubscriptionExcess : 0),
            })
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

    private static async Task<long> CheckSubscriptionsAsync(DataConnection db, List<string> found, CancellationToken cancel)
    {
        var sums = await db.GetTable<LedgerRow>()
            .Where(entry => entry.SubscriptionId != 0)
            .GroupBy(entry => entry.SubscriptionId)
            .Select(group => new
            {
                Id = group.Key,
                Points = group.Sum(entry => entry.SubscriptionPoints),
                Excess = group.Sum(entry => entry.Points == 0 ? entry.Excess : entry.SubscriptionExcess),
            })
            .ToDictionaryAsync(sum => sum.Id, cancel);
        var subscriptions = 0L;
        await foreach (var row in db.GetTable<UserSubscriptionRow>()
            .Select(row => new { row.Id, row.AmountTotal, row.AmountUsed }).AsAsyncEnumerable().WithCancellation(cancel))
        {
            subscriptions++;
            var (used, excess) = sums.TryGetValue(row.Id, out var sum) ? (-sum.Points, sum.Excess) : (0, 0);
            if (used != row.AmountUsed)
            {
                Add(found, $"Subscription {row.Id} has {row.AmountUsed} used, but the ledger says {used}.");
            }
            else if (row.AmountTotal > 0 && row.AmountUsed - row.AmountTotal > excess)
            {
                Add(found, $"Subscription {row.Id} is {row.AmountUsed - row.AmountTotal} beyond its total, but only {excess} was charged beyond holds.");
            }
        }
        return subscriptions;
    }

    /// <summary>Owners fill their keys as they like, so there is no sum to compare; but none may be overdrawn by more than was noted.</summary>
    private static async Task CheckKeysAsync(DataConnection db, List<string> found, CancellationToken cancel)
    {
        var ledger = db.Ledger;
        var overdrawn = await db.Tokens
            .Where(key => !key.UnlimitedQuota && key.RemainQuota < 0)
            .Select(key => new
            {
                key.Id,
                key.RemainQuota,
                Excess = ledger.Where(entry => entry.TokenId == key.Id).Sum(entry => (long?)entry.TokenExcess) ?? 0,
            })
            .ToListAsync(cancel);
        foreach (var key in overdrawn.Where(key => -key.RemainQuota > key.Excess))
        {
            Add(found, $"Key {key.Id} is {-key.RemainQuota} below zero, but only {key.Excess} was charged beyond holds.");
        }
    }

    private static async Task CheckBudgetsAsync(DataConnection db, List<string> found, CancellationToken cancel)
    {
        var overspent = await db.Budgets.Where(row => row.Enabled && row.Used > row.Amount).ToListAsync(cancel);
        foreach (var row in overspent)
        {
            var beyond = row.Used - Math.Max(row.Amount, row.Ceiling);
            if (beyond > row.Excess)
            {
                Add(found, $"Budget {row.Id} is {beyond} beyond its amount, but only {row.Excess} was charged beyond holds.");
            }
        }
    }

    private static async Task CheckHoldsAsync(DataConnection db, List<string> found, CancellationToken cancel)
    {
        var escrows = await db.GetTable<EscrowRow>()
            .GroupBy(row => new { row.Kind, row.AccountId })
            .Select(group => new { group.Key.Kind, group.Key.AccountId, Amount = group.Sum(row => row.Amount) })
            .ToListAsync(cancel);
        var inEscrow = escrows.ToDictionary(row => (Kind: (AccountKind)row.Kind, row.AccountId), row => row.Amount);
        var held = new List<(AccountKind Kind, long Id, long Held)>();
        foreach (var kind in Enum.GetValues<AccountKind>())
        {
            var column = Accounts.HeldOf(kind);
            held.AddRange((await db.QueryToListAsync<HeldOf>($"SELECT id AS Id, {column} AS Held FROM {Accounts.TableOf(kind)} WHERE {column} <> 0", cancel))
                .Select(row => (kind, row.Id, row.Held)));
        }
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

    /// <summary>
    /// Compares what the ledger says about a call or task with its rows of the usage log: as many rows as entries that wanted one, and
    /// charges less refunds the same on both sides.
    /// </summary>
    private static async Task<long> CheckLogsAsync(DataConnection db, DataConnection logDb, List<string> found, CancellationToken cancel)
    {
        var meta = await db.GetTable<MetaRow>().Where(row => row.Name == LogsPrunedBefore).Select(row => row.Value).FirstOrDefaultAsync(cancel);
        var prunedBefore = long.TryParse(meta, out var time) ? time : 0;
        var checkedCharges = 0L;
        var last = "";
        while (true)
        {
            var keys = await db.GetTable<LedgerRow>()
                .Where(entry => entry.EntryKey.CompareTo(last) > 0 && entry.Kind == (long)LedgerKind.Consume && entry.EntryKey.EndsWith(ChargeSuffix))
                .OrderBy(entry => entry.EntryKey)
                .Take(Page)
                .Select(entry => entry.EntryKey)
                .ToListAsync(cancel);
            if (keys.Count == 0)
            {
                return checkedCharges;
            }
            last = keys[^1];
            // A task has a second entry, its end.
            var both = keys.Concat(keys.Select(key => CallOf(key) + EndSuffix)).ToList();
            var entries = await db.GetTable<LedgerRow>()
                .Where(entry => both.Contains(entry.EntryKey))
                .Select(entry => new { entry.EntryKey, Points = entry.Points + entry.SubscriptionPoints, entry.Logged, entry.CreatedAt })
                .ToListAsync(cancel);
            var wanted = entries
                .GroupBy(entry => CallOf(entry.EntryKey), StringComparer.Ordinal)
                .Where(call => call.All(entry => entry.Logged || entry.Points == 0) && call.Min(entry => entry.CreatedAt) >= prunedBefore)
                .ToDictionary(
                    call => call.Key,
                    call => (Points: -call.Sum(entry => entry.Points), Rows: call.Count(entry => entry.Logged)),
                    StringComparer.Ordinal);
            // Rows that are still on their way to a log of its own are looked at once they are there.
            foreach (var waiting in await db.LogOutbox.Where(row => both.Contains(row.EntryKey)).Select(row => row.EntryKey).ToListAsync(cancel))
            {
                wanted.Remove(CallOf(waiting));
            }
            checkedCharges += wanted.Count;
            foreach (var call in wanted.Where(call => call.Value.Rows == 0).ToList())
            {
                wanted.Remove(call.Key);
            }
            var ids = wanted.Keys.ToList();
            var rows = await logDb.GetTable<LogRow>()
                .Where(row => (row.Type == ConsumeLog || row.Type == RefundLog) && ids.Contains(row.RequestId))
                .Select(row => new { row.RequestId, row.Type, row.Quota })
                .ToListAsync(cancel);
            foreach (var call in rows.GroupBy(row => row.RequestId, StringComparer.Ordinal))
            {
                var logged = call.Sum(row => row.Type == RefundLog ? -row.Quota : row.Quota);
                if (wanted.Remove(call.Key, out var expected) && (call.Count() != expected.Rows || logged != expected.Points))
                {
                    Add(found, $"Call {call.Key} was charged {expected.Points}, but {call.Count()} log rows say {logged}.");
                }
            }
            foreach (var missing in wanted)
            {
                Add(found, $"Call {missing.Key} was charged {missing.Value.Points}, but has no log row.");
            }
        }
    }

    private static string CallOf(string entryKey) => entryKey[..entryKey.LastIndexOf(':')];

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

    private sealed class HeldOf
    {
        public long Id { get; set; }

        public long Held { get; set; }
    }

    private sealed class DeferredTransaction(DataConnection db) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await db.ExecuteAsync("COMMIT");
    }
}
