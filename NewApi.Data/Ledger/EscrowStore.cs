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
/// conditional update on what is held is the only admission, and its row count is the answer. The row of the account is always changed or
/// locked before the row of the escrow.
/// </summary>
public sealed class EscrowStore(Database database, TimeProvider clock)
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
                var now = clock.GetUtcNow().ToUnixTimeSeconds();
                await StartPeriodAsync(db, kind, accountId, now, token);
                // With the row taken nobody changes the balance between the reading and the update.
                await Accounts.LockAsync(db, kind, accountId, token);
                var free = await Accounts.FreeAsync(db, kind, accountId, now, token);
                if (free < least)
                {
                    return new EscrowTaken(0, Math.Max(0, free));
                }
                var amount = Math.Max(least, Math.Min(wanted, free / 2));
                if (!await Accounts.TryHoldAsync(db, kind, accountId, amount, now, token))
                {
                    return new EscrowTaken(0, 0);
                }
                await AddAsync(db, lease, kind, accountId, amount, token);
                return new EscrowTaken(amount, free - amount);
            },
            cancel);

    /// <summary>Gives <paramref name="amount"/> points of a lease's escrow back to the balance.</summary>
    public Task ReturnAsync(string lease, AccountKind kind, long accountId, long amount, CancellationToken cancel) =>
        database.WriteAsync(
            async (db, token) =>
            {
                await Accounts.LockAsync(db, kind, accountId, token);
                // The lease may have run out, and somebody given everything back.
                var mine = await db.GetTable<EscrowRow>()
                    .Where(row => row.Lease == lease && row.Kind == (int)kind && row.AccountId == accountId && row.Amount >= amount)
                    .Set(row => row.Amount, row => row.Amount - amount)
                    .UpdateAsync(token);
                if (mine == 1)
                {
                    await Accounts.UnholdAsync(db, kind, accountId, amount, token);
                }
                return 0;
            },
            cancel);

    /// <summary>Gives everything back that a lease has of one account.</summary>
    public Task ReturnAllAsync(string lease, AccountKind kind, long accountId, CancellationToken cancel) =>
        database.WriteAsync(
            async (db, token) =>
            {
                await Accounts.LockAsync(db, kind, accountId, token);
                var mine = db.GetTable<EscrowRow>().Where(row => row.Lease == lease && row.Kind == (int)kind && row.AccountId == accountId);
                var amount = await mine.Select(row => row.Amount).FirstOrDefaultAsync(token);
                if (amount > 0 && await mine.DeleteAsync(token) == 1)
                {
                    await Accounts.UnholdAsync(db, kind, accountId, amount, token);
                }
            },
            cancel);

    /// <summary>Gives everything back that leases of this prefix still hold. Doing it twice changes nothing.</summary>
    public Task<int> ReturnAllAsync(string prefix, CancellationToken cancel) =>
        database.WriteAsync(
            async (db, token) =>
            {
                var escrows = await db.GetTable<EscrowRow>()
                    .Where(row => row.Lease.StartsWith(prefix))
                    .OrderBy(row => row.Kind).ThenBy(row => row.AccountId)
                    .ToListAsync(token);
                foreach (var escrow in escrows)
                {
                    await Accounts.LockAsync(db, (AccountKind)escrow.Kind, escrow.AccountId, token);
                    // The row is deleted first and only with the amount that was read: whoever deletes it owns the giving back.
                    var mine = await db.GetTable<EscrowRow>()
                        .Where(row => row.Lease == escrow.Lease && row.Kind == escrow.Kind && row.AccountId == escrow.AccountId
                            && row.Amount == escrow.Amount)
                        .DeleteAsync(token);
                    if (mine == 1)
                    {
                        await Accounts.UnholdAsync(db, (AccountKind)escrow.Kind, escrow.AccountId, escrow.Amount, token);
                    }
                }
                return escrows.Count;
            },
            cancel);

    private async Task StartPeriodAsync(DataConnection db, AccountKind kind, long accountId, long now, CancellationToken cancel)
    {
        if (kind == AccountKind.Subscription)
        {
            await PeriodResets.SubscriptionAsync(db, accountId, now, clock.LocalTimeZone, cancel);
        }
        else if (kind == AccountKind.Budget)
        {
            await PeriodResets.BudgetAsync(db, accountId, now, clock.LocalTimeZone, cancel);
        }
    }

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
