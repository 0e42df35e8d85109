using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.Data.Rows;
using NewApi.Domain;

namespace NewApi.Data.Ledger;

/// <summary>
/// Changes of a balance that are not relayed calls: top-ups, redemptions, adjustments, rewards, purchases. Each takes an open transaction
/// (<see cref="Database.WriteAsync{T}"/>) and writes its ledger entry beside the change; the unique key makes a repeated change an error
/// (<see cref="Database.IsDuplicate"/>, which rolls everything back) instead of a second payment. Announce <c>ChangeTopic.Users</c> after
/// the commit. What tasks cost is the business of <see cref="TaskLedger"/>.
/// </summary>
public static class LedgerEntries
{
    /// <summary>Appends one entry and moves nothing; for callers that change the balance in the same statement batch.</summary>
    /// <param name="db">A connection with an open transaction.</param>
    /// <param name="kind">Why the balance changed.</param>
    /// <param name="entryKey">Unique, at most 100 characters, for instance <c>redeem:17</c>.</param>
    /// <param name="userId">Whose wallet.</param>
    /// <param name="points">Signed change of the wallet, in quota points.</param>
    /// <param name="tokenId">The key concerned, or 0.</param>
    /// <param name="tokenPoints">Signed change of the key's remaining quota.</param>
    /// <param name="now">Unix seconds.</param>
    /// <param name="cancel">Cancels the statement.</param>
    public static Task AppendAsync(
        DataConnection db,
        LedgerKind kind,
        string entryKey,
        long userId,
        long points,
        long tokenId,
        long tokenPoints,
        long now,
        CancellationToken cancel = default) =>
        db.InsertAsync(
            new LedgerRow
            {
                EntryKey = entryKey,
                Kind = (int)kind,
                UserId = userId,
                TokenId = tokenId,
                Points = points,
                TokenPoints = tokenPoints,
                CreatedAt = now,
            },
            token: cancel);

    /// <summary>Opens the ledger of a user that this process has just inserted with <paramref name="points"/> on the wallet.</summary>
    public static Task OpenAsync(DataConnection db, long userId, long points, long now, CancellationToken cancel = default) =>
        AppendAsync(db, LedgerKind.Open, OpeningKey(userId), userId, points, 0, 0, now, cancel);

    /// <summary>Adds <paramref name="points"/> to a wallet and records why. False when the user does not exist.</summary>
    /// <exception cref="BalanceOutOfRangeException">The sum is more than a balance may be.</exception>
    public static async Task<bool> CreditAsync(
        DataConnection db,
        LedgerKind kind,
        string entryKey,
        long userId,
        long points,
        long now,
        CancellationToken cancel = default)
    {
        // What was spent before goes back to whoever spent it, however much they have.
        var most = kind == LedgerKind.Refund ? long.MaxValue : Quota.Most;
        var room = most - Math.Max(0, points);
        var changed = await db.GetTable<UserRow>()
            .Where(user => user.Id == userId && user.Quota <= room)
            .Set(user => user.Quota, user => user.Quota + points)
            .UpdateAsync(cancel);
        if (changed == 0)
        {
            return await db.GetTable<UserRow>().AnyAsync(user => user.Id == userId, cancel)
                ? throw new BalanceOutOfRangeException(userId)
                : false;
        }
        await AppendAsync(db, kind, entryKey, userId, points, 0, 0, now, cancel);
        return true;
    }

    /// <summary>
    /// Takes <paramref name="points"/> out of a wallet, if that much is neither spent nor set aside for calls under way, and records why:
    /// a subscription bought from the wallet, for instance.
    /// </summary>
    /// <returns>False when the wallet cannot bear it; nothing has changed then.</returns>
    public static async Task<bool> DebitAsync(
        DataConnection db,
        LedgerKind kind,
        string entryKey,
        long userId,
        long points,
        long now,
        CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(points);
        if (!await Accounts.TrySpendAsync(db, AccountKind.Wallet, userId, points, now, cancel))
        {
            return false;
        }
        await AppendAsync(db, kind, entryKey, userId, -points, 0, 0, now, cancel);
        return true;
    }

    /// <summary>The change of this key has been made: ask before repeating one whose outcome is unknown.</summary>
    public static Task<bool> ExistsAsync(DataConnection db, string entryKey, CancellationToken cancel = default) =>
        db.GetTable<LedgerRow>().AnyAsync(entry => entry.EntryKey == entryKey, cancel);

    /// <summary>
    /// Sets a wallet to <paramref name="balance"/>, whatever it is now, and records the difference. The difference is taken inside the
    /// transaction, so a call that settles at the same moment is neither lost nor counted twice.
    /// </summary>
    /// <exception cref="BalanceOutOfRangeException">The difference is more than an entry can hold.</exception>
    public static async Task<long> SetBalanceAsync(
        DataConnection db,
        long userId,
        long balance,
        string entryKey,
        long now,
        CancellationToken cancel = default)
    {
        // Touching the row first takes its lock on every engine, so the balance read next cannot move until commit.
        await db.GetTable<UserRow>()
            .Where(user => user.Id == userId)
            .Set(user => user.Quota, user => user.Quota)
            .UpdateAsync(cancel);
        var before = await db.GetTable<UserRow>().Where(user => user.Id == userId).Select(user => user.Quota).SingleAsync(cancel);
        if (before == balance)
        {
            return 0;
        }
        var moved = (Int128)balance - before;
        if (moved != (long)moved)
        {
            throw new BalanceOutOfRangeException(userId);
        }
        await db.GetTable<UserRow>()
            .Where(user => user.Id == userId)
            .Set(user => user.Quota, balance)
            .UpdateAsync(cancel);
        await AppendAsync(db, LedgerKind.Adjust, entryKey, userId, (long)moved, 0, 0, now, cancel);
        return (long)moved;
    }

    internal static string OpeningKey(long userId) => $"open:{userId}";
}
