using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.Data.Rows;

namespace NewApi.Data.Ledger;

/// <summary>
/// Takes over the balances that were there before the ledger: after every migration each user without an opening entry gets one, so that
/// the sum of the ledger equals the balance from then on.
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
                return unopened.Count;
            },
            cancellationToken);
}
