using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.Data.Rows;

namespace NewApi.Data.Ledger;

/// <summary>The result of asking a balance for escrow.</summary>
/// <param name="Taken">Points that are now in escrow for the lease; 0 when the balance could not give the least amount.</param>
/// <param name="Left">Points that the balance could still give afterwards.</param>
public readonly record struct EscrowTaken(long Taken, long Left);

/// <summary>
/// Takes points out of balances for a process to spend without asking again, and gives them back. A balance is never promised twice: the
/// conditional update on <c>newapi_held</c> is the only admission, and its row count is the answer.
/// </summary>
public sealed class EscrowStore(Database database)
{
    /// <summary>
    /// Takes up to <paramref name="wanted"/> points, at least <paramref name="least"/>, into escrow of <paramref name="lease"/>.
    /// Leaves other processes a share: no more than half of what is free is taken beyond the least amount.
    /// </summary>
    public Task<EscrowTaken> TakeAsync(
        string lease,
        AccountKind kind,
        long accountId,
        long least,
        long wanted,
        CancellationToken cancel) =>
        database.WriteAsync(
            async (db, token) =>
            {
                // Another process may change the balance between the reading and the update; the update then matches nothing and the
                // next round reads again. Three losses in a row mean a busy balance: then only the least amount is asked for.
                for (var round = 0; round < 4; round++)
                {
                    var free = await FreeAsync(db, kind, accountId, token);
                    if (free < least)
                    {
                        return new EscrowTaken(0, Math.Max(0, free));
                    }
                    var amount = round == 3 ? least : Math.Max(least, Math.Min(wanted, free / 2));
                    if (await HoldAsync(db, kind, accountId, amount, token) == 1)
                    {
                        await AddAsync(db, lease, kind, accountId, amount, token);
                        return new EscrowTaken(amount, free - amount);
                    }
                }
                return new EscrowTaken(0, 0);
            },
            cancel);

    /// <summary>Gives <paramref name="amount"/> points of a lease's escrow back to the balance.</summary>
    public Task ReturnAsync(string lease, AccountKind kind, long accountId, long amount, CancellationToken cancel) =>
        database.WriteAsync(
            async (db, token) =>
            {
                await ReleaseAsync(db, lease, kind, accountId, amount, token);
                return 0;
            },
            cancel);

    /// <summary>Gives everything back that leases of this prefix still hold. Doing it twice changes nothing.</summary>
    public Task<int> ReturnAllAsync(string prefix, CancellationToken cancel) =>
        database.WriteAsync(
            async (db, token) =>
            {
                var escrows = await db.GetTable<EscrowRow>().Where(row => row.Lease.StartsWith(prefix)).ToListAsync(token);
                foreach (var escrow in escrows)
                {
                    // The row is deleted first and only with the amount that was read: whoever deletes it owns the giving back.
                    var mine = await db.GetTable<EscrowRow>()
                        .Where(row => row.Lease == escrow.Lease && row.Kind == escrow.Kind && row.AccountId == escrow.AccountId
                            && row.Amount == escrow.Amount)
                        .DeleteAsync(token);
                    if (mine == 1)
                    {
                        await UnholdAsync(db, (AccountKind)escrow.Kind, escrow.AccountId, escrow.Amount, token);
                    }
                }
                return escrows.Count;
            },
            cancel);

    /// <summary>
    /// Takes <paramref name="amount"/> points out of a lease's escrow inside the caller's transaction; false when the lease no longer
    /// has them, because somebody gave them back after the lease had run out.
    /// </summary>
    internal static async Task<bool> ReleaseAsync(
        DataConnection db,
        string lease,
        AccountKind kind,
        long accountId,
        long amount,
        CancellationToken cancel)
    {
        if (amount == 0)
        {
            return true;
        }
        var released = await db.GetTable<EscrowRow>()
            .Where(row => row.Lease == lease && row.Kind == (int)kind && row.AccountId == accountId && row.Amount >= amount)
            .Set(row => row.Amount, row => row.Amount - amount)
            .UpdateAsync(cancel);
        if (released == 1)
        {
            await UnholdAsync(db, kind, accountId, amount, cancel);
        }
        return released == 1;
    }

    private static Task<long> FreeAsync(DataConnection db, AccountKind kind, long accountId, CancellationToken cancel) =>
        kind == AccountKind.Wallet
            ? db.GetTable<UserRow>().Where(row => row.Id == accountId).Select(row => row.Quota - row.Held).FirstOrDefaultAsync(cancel)
            : db.GetTable<TokenRow>().Where(row => row.Id == accountId).Select(row => row.RemainQuota - row.Held).FirstOrDefaultAsync(cancel);

    private static Task<int> HoldAsync(DataConnection db, AccountKind kind, long accountId, long amount, CancellationToken cancel) =>
        kind == AccountKind.Wallet
            ? db.GetTable<UserRow>()
                .Where(row => row.Id == accountId && row.Quota - row.Held >= amount)
                .Set(row => row.Held, row => row.Held + amount)
                .UpdateAsync(cancel)
            : db.GetTable<TokenRow>()
                .Where(row => row.Id == accountId && row.RemainQuota - row.Held >= amount)
                .Set(row => row.Held, row => row.Held + amount)
                .UpdateAsync(cancel);

    private static Task<int> UnholdAsync(DataConnection db, AccountKind kind, long accountId, long amount, CancellationToken cancel) =>
        kind == AccountKind.Wallet
            ? db.GetTable<UserRow>().Where(row => row.Id == accountId).Set(row => row.Held, row => row.Held - amount).UpdateAsync(cancel)
            : db.GetTable<TokenRow>().Where(row => row.Id == accountId).Set(row => row.Held, row => row.Held - amount).UpdateAsync(cancel);

    private static async Task AddAsync(
        DataConnection db,
        string lease,
        AccountKind kind,
        long accountId,
        long amount,
        CancellationToken cancel)
    {
        var changed = await db.GetTable<EscrowRow>()
            .Where(row => row.Lease == lease && row.Kind == (int)kind && row.AccountId == accountId)
            .Set(row => row.Amount, row => row.Amount + amount)
            .UpdateAsync(cancel);
        if (changed == 0)
        {
            await db.InsertAsync(
                new EscrowRow { Lease = lease, Kind = (int)kind, AccountId = accountId, Amount = amount },
                token: cancel);
        }
    }
}
