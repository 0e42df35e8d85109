using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.Data.Rows;

namespace NewApi.Data.Notices;

/// <summary>A balance that is not what it was at the last look.</summary>
/// <param name="UserId">Whose.</param>
/// <param name="Setting">The user's <c>setting</c>, which holds the threshold.</param>
/// <param name="Before">Points at the last look; null when this account was never looked at.</param>
/// <param name="Now">Points now.</param>
/// <param name="Used">Points spent in the life of the account.</param>
/// <param name="CreatedAt">Unix seconds; 0 for accounts of older releases.</param>
public sealed record ChangedBalance(long UserId, string? Setting, long? Before, long Now, long Used, long CreatedAt);

/// <summary>
/// Remembers every balance as it was when it was last looked at. What fell is found by comparing, so nothing on the way of a call has to
/// tell anybody, and a look that is cut off is simply made again.
/// </summary>
public sealed class BalanceWatch(Database database)
{
    /// <summary>Balances that changed since the last look, of accounts that are in use.</summary>
    public async Task<IReadOnlyList<ChangedBalance>> ChangedAsync(long afterUser, int most, CancellationToken cancel)
    {
        await using var db = database.Open();
        var watched = db.BalanceWatch;
        return await (
            from user in db.Users
            from seen in watched.LeftJoin(seen => seen.UserId == user.Id)
            where user.Id > afterUser && user.DeletedAt == null && user.Status == 1
                && (Sql.ToNullable(seen.UserId) == null || seen.Quota != user.Quota)
            orderby user.Id
            select new ChangedBalance(user.Id, user.Setting, Sql.ToNullable(seen.Quota), user.Quota, user.UsedQuota, user.CreatedAt))
            .Take(most)
            .ToListAsync(cancel);
    }

    /// <summary>Notes what was seen, in the transaction that acts on it; false when somebody else noted a change of it meanwhile.</summary>
    public static async Task<bool> NoteAsync(DataConnection db, ChangedBalance seen, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(seen);
        if (seen.Before is not { } before)
        {
            await db.InsertAsync(new BalanceWatchRow { UserId = seen.UserId, Quota = seen.Now }, token: cancel);
            return true;
        }
        return await db.BalanceWatch
            .Where(row => row.UserId == seen.UserId && row.Quota == before)
            .Set(row => row.Quota, seen.Now)
            .UpdateAsync(cancel) == 1;
    }
}
