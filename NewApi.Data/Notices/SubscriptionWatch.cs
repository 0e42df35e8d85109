using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.Data.Rows;

namespace NewApi.Data.Notices;

/// <summary>A held plan that has not left what it had at the last look.</summary>
/// <param name="Id">The subscription.</param>
/// <param name="UserId">Whose.</param>
/// <param name="Setting">The user's <c>setting</c>, which holds the threshold.</param>
/// <param name="Plan">Title of the plan; null when the plan is gone.</param>
/// <param name="Total">Points of one period.</param>
/// <param name="Before">Points left at the last look; null when it was never looked at.</param>
/// <param name="Now">Points left now.</param>
/// <param name="CreatedAt">Unix seconds; 0 for those of older releases.</param>
public sealed record ChangedSubscription(
    long Id, long UserId, string? Setting, string? Plan, long Total, long? Before, long Now, long CreatedAt);

/// <summary>Remembers what every held plan had left when it was last looked at, as <see cref="BalanceWatch"/> does for balances.</summary>
public sealed class SubscriptionWatch(Database database, TimeProvider clock)
{
    /// <summary>Plans in force, of accounts in use, whose rest changed since the last look; those without a limit are never low.</summary>
    public async Task<IReadOnlyList<ChangedSubscription>> ChangedAsync(long afterId, int most, CancellationToken cancel)
    {
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        await using var db = database.Open();
        var (users, plans, watched) = (db.Users, db.SubscriptionPlans, db.SubscriptionWatch);
        return await (
            from held in db.UserSubscriptions
            join user in users on held.UserId equals user.Id
            from plan in plans.LeftJoin(plan => plan.Id == held.PlanId)
            from seen in watched.LeftJoin(seen => seen.SubscriptionId == held.Id)
            where held.Id > afterId && held.AmountTotal > 0 && held.Status == "active" && held.EndTime > now
                && user.DeletedAt == null && user.Status == 1
                && (Sql.ToNullable(seen.SubscriptionId) == null || seen.Points != held.AmountTotal - held.AmountUsed)
            orderby held.Id
            select new ChangedSubscription(
                held.Id,
                user.Id,
                user.Setting,
                plan.Title,
                held.AmountTotal,
                Sql.ToNullable(seen.Points),
                held.AmountTotal - held.AmountUsed,
                held.CreatedAt))
            .Take(most)
            .ToListAsync(cancel);
    }

    /// <summary>Notes what was seen, in the transaction that acts on it; false when somebody else noted a change of it meanwhile.</summary>
    public static async Task<bool> NoteAsync(DataConnection db, ChangedSubscription seen, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(seen);
        if (seen.Before is not { } before)
        {
            await db.InsertAsync(new SubscriptionWatchRow { SubscriptionId = seen.Id, Points = seen.Now }, token: cancel);
            return true;
        }
        return await db.SubscriptionWatch
            .Where(row => row.SubscriptionId == seen.Id && row.Points == before)
            .Set(row => row.Points, seen.Now)
            .UpdateAsync(cancel) == 1;
    }
}
