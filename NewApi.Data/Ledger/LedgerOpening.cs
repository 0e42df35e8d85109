using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.Data.Rows;

namespace NewApi.Data.Ledger;

/// <summary>
/// Takes over the balances that were there before the ledger: after every migration each user without an opening entry gets one, and each
/// subscription that the ledger has never seen, so that the sum of the ledger equals the balance from then on.
/// </summary>
internal sealed class LedgerOpening(TimeProvider clock) : IAfterMigration
{
    private const string CeilingsOpened = "ledger-ceilings-opened";

    public Task RunAsync(Database database, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async (db, token) =>
            {
                var opened = db.GetTable<LedgerRow>().Where(entry => entry.Kind == (int)LedgerKind.Open).Select(entry => entry.UserId);
                var unopened = await db.GetTable<UserRow>()
                    .Where(user => !opened.Contains(user.Id))
                    .Select(user => new
                    {
                        user.Id,
                        user.Quota,
                        Moved = db.GetTable<LedgerRow>().Where(entry => entry.UserId == user.Id).Sum(entry => (long?)entry.Points) ?? 0,
                    })
                    .ToListAsync(token);
                var now = clock.GetUtcNow().ToUnixTimeSeconds();
                await db.GetTable<LedgerRow>().BulkCopyAsync(
                    new BulkCopyOptions { BulkCopyType = BulkCopyType.MultipleRows },
                    unopened.Select(user => new LedgerRow
                    {
                        EntryKey = LedgerEntries.OpeningKey(user.Id),
                        Kind = (int)LedgerKind.Open,
                        UserId = user.Id,
                        Points = user.Quota - user.Moved,
                        Excess = Math.Max(0, -user.Quota),
                        CreatedAt = now,
                    }),
                    token);
                await OpenSubscriptionsAsync(db, now, token);
                await OpenCeilingsAsync(db, now, token);
                return unopened.Count;
            },
            cancellationToken);

    /// <summary>A subscription that was used before the ledger saw it; one that begins at zero needs no opening.</summary>
    private static async Task OpenSubscriptionsAsync(DataConnection db, long now, CancellationToken cancel)
    {
        var known = db.GetTable<LedgerRow>().Where(entry => entry.SubscriptionId != 0).Select(entry => entry.SubscriptionId);
        var unopened = await db.GetTable<UserSubscriptionRow>()
            .Where(row => row.AmountUsed != 0 && !known.Contains(row.Id))
            .Select(row => new { row.Id, row.UserId, row.AmountUsed, row.AmountTotal })
            .ToListAsync(cancel);
        await db.GetTable<LedgerRow>().BulkCopyAsync(
            new BulkCopyOptions { BulkCopyType = BulkCopyType.MultipleRows },
            unopened.Select(row => new LedgerRow
            {
                EntryKey = $"open-subscription:{row.Id}",
                Kind = (int)LedgerKind.OpenSubscription,
                UserId = row.UserId,
                SubscriptionId = row.Id,
                SubscriptionPoints = -row.AmountUsed,
                Excess = row.AmountTotal > 0 ? Math.Max(0, row.AmountUsed - row.AmountTotal) : 0,
                CreatedAt = now,
            }),
            cancel);
    }

    /// <summary>
    /// Limited keys and budgets that were overdrawn before anybody noted it. Once only: from then on an overdraft that nobody has noted is a
    /// mistake that an audit must find.
    /// </summary>
    private static async Task OpenCeilingsAsync(DataConnection db, long now, CancellationToken cancel)
    {
        if (await db.Meta.AnyAsync(row => row.Name == CeilingsOpened, cancel))
        {
            return;
        }
        var overdrawn = await db.Tokens
            .Where(key => !key.UnlimitedQuota && key.RemainQuota < 0)
            .Select(key => new { key.Id, key.UserId, key.RemainQuota })
            .ToListAsync(cancel);
        await db.Ledger.BulkCopyAsync(
            new BulkCopyOptions { BulkCopyType = BulkCopyType.MultipleRows },
            overdrawn.Select(key => new LedgerRow
            {
                EntryKey = $"open-key:{key.Id}",
                Kind = (int)LedgerKind.OpenKey,
                UserId = key.UserId,
                TokenId = key.Id,
                TokenExcess = -key.RemainQuota,
                CreatedAt = now,
            }),
            cancel);
        await db.Budgets
            .Where(row => row.Used + row.Held > row.Amount)
            .Set(row => row.Ceiling, row => row.Used + row.Held)
            .UpdateAsync(cancel);
        await db.InsertAsync(new MetaRow { Name = CeilingsOpened, Value = now.ToString() }, token: cancel);
    }
}
