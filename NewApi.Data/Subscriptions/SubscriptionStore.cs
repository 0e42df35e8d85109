using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.Data.Ledger;
using NewApi.Data.Payments;
using NewApi.Data.Rows;
using NewApi.Domain.Funding;
using NewApi.Domain.Subscriptions;

namespace NewApi.Data.Subscriptions;

/// <summary>States of a held plan (specification: data model §2.1).</summary>
public static class SubscriptionStatus
{
    public const string Active = "active";
    public const string Expired = "expired";
    public const string Cancelled = "cancelled";
}

/// <summary>How an account came by a plan.</summary>
public static class SubscriptionSource
{
    public const string Order = "order";
    public const string Admin = "admin";
}

/// <summary>What became of a plan that was to be removed.</summary>
/// <param name="Removed">False when calls under way still pay from it, or when there is none.</param>
/// <param name="UserId">Whose it was; 0 when there is none.</param>
public readonly record struct SubscriptionRemoval(bool Removed, long UserId);

/// <summary>What a purchase from the balance came to.</summary>
public enum PlanPurchase
{
    Bought,
    NotEnough,
    LimitReached,
}

/// <summary>
/// The life of held plans: they begin, raise the account's group, get their points back at the turn of a period, and end. Every change of
/// an account's plans first takes the lock of its user row, so changes of one account follow each other on every engine.
/// </summary>
public sealed class SubscriptionStore(Database database, TimeProvider clock)
{
    /// <summary>Begins a plan in the caller's transaction; null when the account has had it as often as it may.</summary>
    /// <param name="db">A connection with an open transaction.</param>
    /// <param name="plan">The plan as it is now; what is held does not change with it later.</param>
    /// <param name="userId">Whose plan.</param>
    /// <param name="source">One of <see cref="SubscriptionSource"/>; administrators give beyond the limit.</param>
    /// <param name="now">Unix seconds.</param>
    /// <param name="cancel">Cancels the statements.</param>
    public async Task<UserSubscriptionRow?> ActivateAsync(
        DataConnection db, SubscriptionPlanRow plan, long userId, string source, long now, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(plan);
        await LockAsync(db, userId, cancel);
        await EndDueAsync(db, userId, cancel);
        if (source == SubscriptionSource.Order && !await MayBuyAsync(db, plan, userId, cancel))
        {
            return null;
        }
        var zone = clock.LocalTimeZone;
        var end = PlanDuration.End(now, plan.DurationUnit, plan.DurationValue, plan.CustomSeconds, zone);
        var held = new UserSubscriptionRow
        {
            UserId = userId,
            PlanId = plan.Id,
            AmountTotal = plan.TotalAmount,
            StartTime = now,
            EndTime = end,
            Status = SubscriptionStatus.Active,
            Source = source,
            LastResetTime = now,
            NextResetTime = new ResetPeriod(plan.QuotaResetPeriod, plan.QuotaResetCustomSeconds).Next(now, now, end, zone),
            UpgradeGroup = plan.UpgradeGroup,
            CreatedAt = now,
            UpdatedAt = now,
        };
        if (plan.UpgradeGroup.Length > 0)
        {
            var group = await db.Users.Where(row => row.Id == userId).Select(row => row.Group).FirstOrDefaultAsync(cancel) ?? "";
            // A group that another plan gave is not the account's own: what comes after both is the group from before the first.
            var before = await Upgrading(db, userId, now)
                .Where(row => row.UpgradeGroup == group)
                .OrderByDescending(row => row.StartTime).ThenByDescending(row => row.Id)
                .Select(row => row.PrevUserGroup)
                .FirstOrDefaultAsync(cancel);
            held.PrevUserGroup = before ?? group;
            await db.Users.Where(row => row.Id == userId).Set(row => row.Group, plan.UpgradeGroup).UpdateAsync(cancel);
        }
        held.Id = await db.InsertWithInt64IdentityAsync(held, token: cancel);
        return held;
    }

    /// <summary>Whether an account may still buy a plan of which each may have so many.</summary>
    public static async Task<bool> MayBuyAsync(IDataContext db, SubscriptionPlanRow plan, long userId, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return plan.MaxPurchasePerUser <= 0
            || await db.UserSubscriptions.CountAsync(
                row => row.UserId == userId && row.PlanId == plan.Id && row.Source == SubscriptionSource.Order, cancel) < plan.MaxPurchasePerUser;
    }

    /// <summary>Buys a plan from the balance: the points, the order and the plan in one transaction.</summary>
    public Task<PlanPurchase> BuyAsync(SubscriptionPlanRow plan, long userId, long points, string tradeNo, CancellationToken cancel) =>
        database.WriteAsync(
            async (db, token) =>
            {
                var now = Now();
                await LockAsync(db, userId, token);
                if (!await MayBuyAsync(db, plan, userId, token))
                {
                    return PlanPurchase.LimitReached;
                }
                if (!await LedgerEntries.DebitAsync(db, LedgerKind.Purchase, $"plan:{tradeNo}", userId, points, now, token))
                {
                    return PlanPurchase.NotEnough;
                }
                await ActivateAsync(db, plan, userId, SubscriptionSource.Order, now, token);
                await db.InsertAsync(
                    new SubscriptionOrderRow
                    {
                        UserId = userId,
                        PlanId = plan.Id,
                        Money = plan.PriceAmount,
                        TradeNo = tradeNo,
                        PaymentMethod = PaymentProviders.Balance,
                        PaymentProvider = PaymentProviders.Balance,
                        Status = OrderStatus.Success,
                        CreateTime = now,
                        CompleteTime = now,
                    },
                    token: token);
                return PlanPurchase.Bought;
            },
            cancel);

    /// <summary>Ends a plan before its time; null when it is not active.</summary>
    public Task<UserSubscriptionRow?> CancelAsync(long id, CancellationToken cancel) =>
        EndAsync(id, SubscriptionStatus.Cancelled, onlyDue: false, cancel);

    /// <summary>
    /// Ends a plan and removes it. One that calls under way still have points of is only ended: what they settle needs its row.
    /// </summary>
    public Task<SubscriptionRemoval> DeleteAsync(long id, CancellationToken cancel) =>
        database.WriteAsync(
            async (db, token) =>
            {
                if (await db.UserSubscriptions.FirstOrDefaultAsync(row => row.Id == id, token) is not { } held)
                {
                    return new SubscriptionRemoval(false, 0);
                }
                await EndAsync(db, held, SubscriptionStatus.Cancelled, onlyDue: false, token);
                var removed = await db.UserSubscriptions.Where(row => row.Id == id && row.Held == 0).DeleteAsync(token);
                return new SubscriptionRemoval(removed == 1, held.UserId);
            },
            cancel);

    /// <summary>Ends the plans whose time is over. Returns the accounts concerned.</summary>
    public async Task<IReadOnlyList<long>> ExpireDueAsync(int most, CancellationToken cancel)
    {
        var now = Now();
        List<long> due;
        await using (var db = database.Open())
        {
            due = await db.UserSubscriptions
                .Where(row => row.Status == SubscriptionStatus.Active && row.EndTime <= now)
                .OrderBy(row => row.EndTime)
                .Select(row => row.Id)
                .Take(most)
                .ToListAsync(cancel);
        }
        var users = new List<long>(due.Count);
        foreach (var id in due)
        {
            if (await EndAsync(id, SubscriptionStatus.Expired, onlyDue: true, cancel) is { } ended)
            {
                users.Add(ended.UserId);
            }
        }
        return users;
    }

    /// <summary>Gives the points of a new period. Returns the accounts concerned.</summary>
    public async Task<IReadOnlyList<long>> ResetDueAsync(int most, CancellationToken cancel)
    {
        var now = Now();
        List<(long Id, long UserId)> due;
        await using (var db = database.Open())
        {
            due = (await db.UserSubscriptions
                .Where(row => row.Status == SubscriptionStatus.Active && row.NextResetTime > 0 && row.NextResetTime <= now && row.EndTime > now)
                .OrderBy(row => row.NextResetTime)
                .Select(row => new { row.Id, row.UserId })
                .Take(most)
                .ToListAsync(cancel)).ConvertAll(row => (row.Id, row.UserId));
        }
        var users = new List<long>(due.Count);
        foreach (var (id, userId) in due)
        {
            if (await database.WriteAsync((db, token) => PeriodResets.SubscriptionAsync(db, id, now, clock.LocalTimeZone, token), cancel))
            {
                users.Add(userId);
            }
        }
        return users;
    }

    /// <summary>Forgets who was charged for which call before <paramref name="before"/>; nothing that old comes back.</summary>
    public Task<int> PruneHoldsAsync(long before, CancellationToken cancel) =>
        database.WriteAsync((db, token) => db.SubscriptionPreConsumes.Where(row => row.UpdatedAt < before).DeleteAsync(token), cancel);

    private Task<UserSubscriptionRow?> EndAsync(long id, string status, bool onlyDue, CancellationToken cancel) =>
        database.WriteAsync(
            async (db, token) =>
                await db.UserSubscriptions.FirstOrDefaultAsync(row => row.Id == id, token) is { } held
                    && await EndAsync(db, held, status, onlyDue, token)
                    ? held
                    : null,
            cancel);

    private async Task<bool> EndAsync(DataConnection db, UserSubscriptionRow held, string status, bool onlyDue, CancellationToken cancel)
    {
        var now = Now();
        await LockAsync(db, held.UserId, cancel);
        var end = onlyDue ? held.EndTime : now;
        var mine = await db.UserSubscriptions
            .Where(row => row.Id == held.Id && row.Status == SubscriptionStatus.Active && (!onlyDue || row.EndTime <= now))
            .Set(row => row.Status, status)
            .Set(row => row.EndTime, end)
            .Set(row => row.NextResetTime, 0)
            .Set(row => row.UpdatedAt, now)
            .UpdateAsync(cancel);
        if (mine == 1)
        {
            await LowerAsync(db, held, now, cancel);
        }
        return mine == 1;
    }

    /// <summary>
    /// Ends what the job has not ended yet: else a plan that follows would take the group of the one that is over for the account's own.
    /// </summary>
    private async Task EndDueAsync(DataConnection db, long userId, CancellationToken cancel)
    {
        var now = Now();
        var due = await db.UserSubscriptions
            .Where(row => row.UserId == userId && row.Status == SubscriptionStatus.Active && row.EndTime <= now)
            .OrderBy(row => row.EndTime)
            .ToListAsync(cancel);
        foreach (var held in due)
        {
            await EndAsync(db, held, SubscriptionStatus.Expired, onlyDue: true, cancel);
        }
    }

    /// <summary>
    /// The group after a plan: that of the plan that still runs, else the one that the plan names, else the one from before. An account
    /// that somebody moved meanwhile stays where it is.
    /// </summary>
    private static async Task LowerAsync(DataConnection db, UserSubscriptionRow ended, long now, CancellationToken cancel)
    {
        if (ended.UpgradeGroup.Length == 0)
        {
            return;
        }
        var heir = await Upgrading(db, ended.UserId, now)
            .Where(row => row.Id != ended.Id)
            .OrderByDescending(row => row.StartTime).ThenByDescending(row => row.Id)
            .Select(row => row.UpgradeGroup)
            .FirstOrDefaultAsync(cancel);
        var named = await db.SubscriptionPlans.Where(row => row.Id == ended.PlanId).Select(row => row.DowngradeGroup).FirstOrDefaultAsync(cancel);
        var group = heir ?? (string.IsNullOrEmpty(named) ? ended.PrevUserGroup : named);
        if (group.Length > 0 && group != ended.UpgradeGroup)
        {
            await db.Users.Where(row => row.Id == ended.UserId && row.Group == ended.UpgradeGroup).Set(row => row.Group, group).UpdateAsync(cancel);
        }
    }

    private static IQueryable<UserSubscriptionRow> Upgrading(IDataContext db, long userId, long now) => db.UserSubscriptions
        .Where(row => row.UserId == userId && row.Status == SubscriptionStatus.Active && row.EndTime > now && row.UpgradeGroup != "");

    private static Task<int> LockAsync(DataConnection db, long userId, CancellationToken cancel) =>
        db.Users.Where(row => row.Id == userId).Set(row => row.Status, row => row.Status).UpdateAsync(cancel);

    private long Now() => clock.GetUtcNow().ToUnixTimeSeconds();
}
