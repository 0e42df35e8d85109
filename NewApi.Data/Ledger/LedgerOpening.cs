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
                        CreatedAt = now,
                    }),
                    token);
                await OpenSubscriptionsAsync(db, now, token);
                return unopened.Count;
            },
            cancellationToken);

    /// <summary>A subscription that was used before the ledger saw it; one that begins at zero needs no opening.</summary>
    private static async Task OpenSubscriptionsAsync(DataConnection db, long now, CancellationToken cancel)
    {
        var known = db.GetTable<LedgerRow>().Where(entry => entry.SubscriptionId != 0).Select(entry => entry.SubscriptionId);
        var unopened = await db.GetTable<UserSubscriptionRow>()
            .Where(row => row.AmountUsed != 0 && !known.Contains(row.Id))
            .Select(row => new { row.Id, row.UserId, row.AmountUsed })
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
                CreatedAt = now,
            }),
            cancel);
    }
}
