using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.Data.Ledger;
using NewApi.Data.Rows;

namespace NewApi.Data.Leases;

/// <summary>Gives back what relay processes had taken out of balances when they died.</summary>
public sealed class DeadEscrows(Database database)
{
    private const long NoRow = 0;

    /// <summary>Relay leases that nobody renews any more, and names under which escrow is left without any lease.</summary>
    public async Task<IReadOnlyList<Lease>> FindAsync(CancellationToken cancel)
    {
        await using var db = database.Open();
        var expired = await db.GetTable<LeaseRow>()
            .Where(row => row.Name.StartsWith(RelayLeaseStore.Prefix) && row.ExpiresAt < Database.UnixNow())
            .ToListAsync(cancel);
        var orphaned = await db.GetTable<EscrowRow>()
            .Where(escrow => !db.GetTable<LeaseRow>().Any(row => row.Name == escrow.Lease))
            .Select(escrow => escrow.Lease)
            .Distinct()
            .ToListAsync(cancel);
        return
        [
            .. expired.Select(row => new Lease(row.Name, row.Holder, row.Fence)),
            .. orphaned.Select(name => new Lease(name, "", NoRow)),
        ];
    }

    /// <summary>
    /// Ends a dead lease and gives its escrow back, in one transaction: either the lease is gone and the points are back, or neither. A relay
    /// that came back meanwhile has a new fence or a new expiry, and keeps what it holds.
    /// </summary>
    /// <returns>The points given back to wallets; null when somebody else was faster or the relay lives.</returns>
    public Task<long?> ReleaseAsync(Lease lease, CancellationToken cancel) =>
        database.WriteAsync(
            async (db, token) =>
            {
                var dead = lease.Fence == NoRow
                    ? !await db.GetTable<LeaseRow>().AnyAsync(row => row.Name == lease.Name, token)
                    : await db.GetTable<LeaseRow>()
                        .Where(row => row.Name == lease.Name && row.Fence == lease.Fence && row.ExpiresAt < Database.UnixNow())
                        .DeleteAsync(token) == 1;
                return dead ? (long?)await ReturnAsync(db, lease.Name, token) : null;
            },
            cancel);

    private static async Task<long> ReturnAsync(DataConnection db, string lease, CancellationToken cancel)
    {
        var wallets = 0L;
        while (true)
        {
            var escrows = await db.GetTable<EscrowRow>()
                .Where(row => row.Lease == lease)
                .OrderBy(row => row.Kind).ThenBy(row => row.AccountId)
                .ToListAsync(cancel);
            if (escrows.Count == 0)
            {
                return wallets;
            }

            foreach (var escrow in escrows)
            {
                await Accounts.LockAsync(db, (AccountKind)escrow.Kind, escrow.AccountId, cancel);
                // Only with the amount that was read: a late settlement may just have paid from it. The next round reads what is left.
                var mine = await db.GetTable<EscrowRow>()
                    .Where(row => row.Lease == lease && row.Kind == escrow.Kind && row.AccountId == escrow.AccountId
                        && row.Amount == escrow.Amount)
                    .DeleteAsync(cancel);
                if (mine == 1)
                {
                    await Accounts.UnholdAsync(db, (AccountKind)escrow.Kind, escrow.AccountId, escrow.Amount, cancel);
                    wallets += escrow.Kind == (long)AccountKind.Wallet ? escrow.Amount : 0;
                }
            }
        }
    }
}
