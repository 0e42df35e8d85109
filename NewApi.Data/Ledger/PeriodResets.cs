using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.Data.Rows;
using NewApi.Domain.Funding;

namespace NewApi.Data.Ledger;

/// <summary>
/// Starts new periods of subscriptions and budgets: lazily when somebody wants to spend, and from the maintenance job. What was used goes
/// back to zero in the transaction that writes it to the ledger; what is held stays held and is settled in the new period.
/// </summary>
public static class PeriodResets
{
    /// <summary>Starts the next period of a subscription when it is due at <paramref name="now"/>; missed periods are skipped.</summary>
    /// <returns>True when a new period began.</returns>
    public static async Task<bool> SubscriptionAsync(DataConnection db, long id, long now, TimeZoneInfo zone, CancellationToken cancel)
    {
        if (!await db.UserSubscriptions.AnyAsync(row => row.Id == id && row.NextResetTime > 0 && row.NextResetTime <= now, cancel))
        {
            return false;
        }
        await Accounts.LockAsync(db, AccountKind.Subscription, id, cancel);
        var row = await db.UserSubscriptions.FirstOrDefaultAsync(row => row.Id == id, cancel);
        if (row is null || row.NextResetTime <= 0 || row.NextResetTime > now)
        {
            return false;
        }
        var plan = await db.SubscriptionPlans
            .Where(plan => plan.Id == row.PlanId)
            .Select(plan => new { plan.QuotaResetPeriod, plan.QuotaResetCustomSeconds })
            .FirstOrDefaultAsync(cancel);
        var period = new ResetPeriod(plan?.QuotaResetPeriod ?? "never", plan?.QuotaResetCustomSeconds ?? 0);
        var next = period.Next(row.NextResetTime, now, row.EndTime, zone);
        await db.UserSubscriptions
            .Where(sub => sub.Id == id)
            .Set(sub => sub.AmountUsed, 0L)
            .Set(sub => sub.LastResetTime, now)
            .Set(sub => sub.NextResetTime, next)
            .Set(sub => sub.UpdatedAt, now)
            .UpdateAsync(cancel);
        await db.InsertAsync(
            new LedgerRow
            {
                EntryKey = $"reset:{id}:{row.NextResetTime}",
                Kind = (int)LedgerKind.Reset,
                UserId = row.UserId,
                SubscriptionId = id,
                SubscriptionPoints = row.AmountUsed,
                CreatedAt = now,
            },
            token: cancel);
        return true;
    }

    /// <summary>Starts the next period of a budget when it is due at <paramref name="now"/>.</summary>
    public static async Task<bool> BudgetAsync(DataConnection db, long id, long now, TimeZoneInfo zone, CancellationToken cancel)
    {
        var row = await db.Budgets.FirstOrDefaultAsync(row => row.Id == id && row.NextResetTime > 0 && row.NextResetTime <= now, cancel);
        if (row is null)
        {
            return false;
        }
        var next = new ResetPeriod(row.Period, row.CustomSeconds).Next(row.NextResetTime, now, 0, zone);
        // Whoever moves the date on does the reset; the others find it moved.
        return await db.Budgets
            .Where(budget => budget.Id == id && budget.NextResetTime == row.NextResetTime)
            .Set(budget => budget.Used, 0L)
            .Set(budget => budget.Excess, 0L)
            // What is held was promised by the period that ends, and is settled in the new one.
            .Set(budget => budget.Ceiling, budget => budget.Held)
            .Set(budget => budget.LastResetTime, now)
            .Set(budget => budget.NextResetTime, next)
            .UpdateAsync(cancel) == 1;
    }
}
