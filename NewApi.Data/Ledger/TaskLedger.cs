using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.Data.Rows;
using NewApi.Data.Usage;
using NewApi.Domain.Funding;

namespace NewApi.Data.Ledger;

/// <summary>What a task costs when it is handed in.</summary>
public sealed record TaskCharge
{
    /// <summary>Names the money of this task for ever, at most 64 characters: the id of the call that handed it in. Keep it with the task.</summary>
    public required string RequestId { get; init; }

    public required long UserId { get; init; }

    /// <summary>The key that was presented; 0 for none.</summary>
    public required long TokenId { get; init; }

    /// <summary>Who does the work; 0 when that is not known yet: the call is counted once somebody has accepted it.</summary>
    public required long ChannelId { get; init; }

    /// <summary>Quota points; not negative.</summary>
    public required long Points { get; init; }

    /// <summary>The row of the usage log: ids, amount, type and time are filled in here, the rest by the caller. Null for none.</summary>
    public LogRow? Log { get; init; }
}

/// <summary>Who paid for a task.</summary>
/// <param name="SubscriptionId">The subscription; 0 when the wallet paid.</param>
public readonly record struct TaskPayer(long SubscriptionId)
{
    /// <summary>As the usage log spells it.</summary>
    public string Source => SubscriptionId == 0 ? "wallet" : "subscription";
}

/// <summary>How a task ends.</summary>
public sealed record TaskEnd
{
    /// <summary>The name under which the task was charged.</summary>
    public required string RequestId { get; init; }

    /// <summary>What the task costs in the end: 0 gives everything back, another amount than was charged moves the difference.</summary>
    public required long Points { get; init; }

    /// <summary>The row of the usage log for a difference: type 6 when something is given back, 2 when more is charged. Null for none.</summary>
    public LogRow? Log { get; init; }

    /// <summary>How what the task costs the operator changes by its end; null where nobody knows.</summary>
    public long? Cost { get; init; }
}

/// <summary>
/// The money of tasks: charged when they are handed in, in the transaction that stores the task; ended exactly once, in the transaction
/// that stores its end, however many pollers find it finished at the same time.
/// </summary>
public sealed class TaskLedger(Database database, LogOutbox logs, UsageRollUps rollUps, TimeProvider clock)
{
    private const long ConsumeLog = 2;
    private const long RefundLog = 6;

    /// <summary>
    /// Charges a task to the user's subscriptions or wallet, in the order of their preference, and to the key, and stores the task with
    /// it: both or neither.
    /// </summary>
    /// <remarks>
    /// After an exception the charge may or may not stand (the answer of a commit can get lost): call <see cref="EndAsync"/> with 0 points
    /// then, which gives back what stands.
    /// </remarks>
    /// <param name="charge">What it costs and whom.</param>
    /// <param name="storeTask">Inserts the task; may run again after a conflict.</param>
    /// <param name="cancel">Cancels before the commit.</param>
    public async Task<(TaskPayer Payer, HoldRefusal Refusal)> ChargeAsync(
        TaskCharge charge,
        Func<DataConnection, TaskPayer, CancellationToken, Task> storeTask,
        CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(charge.Points);
        var now = Now;
        var result = await database.WriteAsync(
            async (db, token) =>
            {
                await Accounts.LockAsync(db, AccountKind.Wallet, charge.UserId, token);
                var unlimited = charge.TokenId == 0
                    || await db.Tokens.Where(row => row.Id == charge.TokenId).Select(row => row.UnlimitedQuota).FirstOrDefaultAsync(token);
                var (payer, refusal) = await PayAsync(db, charge, unlimited, now, token);
                if (refusal != HoldRefusal.None)
                {
                    return (payer, refusal);
                }
                await CountAsync(db, charge.UserId, charge.ChannelId, charge.Points, calls: charge.ChannelId == 0 ? 0 : 1, token);
                var bySubscription = payer.SubscriptionId != 0;
                await db.InsertAsync(
                    new LedgerRow
                    {
                        EntryKey = ConsumeKey(charge.RequestId),
                        Kind = (int)LedgerKind.Consume,
                        UserId = charge.UserId,
                        TokenId = charge.TokenId,
                        ChannelId = charge.ChannelId,
                        Points = bySubscription ? 0 : -charge.Points,
                        TokenPoints = charge.TokenId == 0 ? 0 : -charge.Points,
                        TokenExcess = charge.TokenId != 0 && unlimited ? charge.Points : 0,
                        SubscriptionId = payer.SubscriptionId,
                        SubscriptionPoints = bySubscription ? -charge.Points : 0,
                        Logged = charge.Log is not null,
                        CreatedAt = now,
                    },
                    token: token);
                await storeTask(db, payer, token);
                if (charge.Log is { } log)
                {
                    Fill(log, charge.RequestId, charge.UserId, charge.TokenId, charge.ChannelId, charge.Points, now);
                    await rollUps.AddAsync(db, log, charge.Points, calls: 1, cost: null, token);
                    await logs.AddAsync(db, ConsumeKey(charge.RequestId), log, token);
                }
                return (payer, refusal);
            },
            cancel);
        if (result.refusal == HoldRefusal.None)
        {
            await logs.SendAsync(ConsumeKey(charge.RequestId), charge.Log);
        }
        return result;
    }

    /// <summary>
    /// An upstream has accepted a task that was charged without a channel and without a row of the usage log: from here on the charge counts
    /// for that channel, and is told.
    /// </summary>
    /// <param name="requestId">The name under which the task was charged.</param>
    /// <param name="channelId">Who accepted it.</param>
    /// <param name="log">The row of the usage log; null for none.</param>
    /// <param name="cost">What it costs the operator; null where nobody knows.</param>
    /// <param name="transition">Moves the task's row by compare-and-set, and says whether it did. May run again after a conflict.</param>
    /// <param name="cancel">Cancels before the commit.</param>
    /// <returns>False when the task has been ended, or has been accepted before.</returns>
    public async Task<bool> AcceptAsync(
        string requestId,
        long channelId,
        LogRow? log,
        long? cost,
        Func<DataConnection, CancellationToken, Task<bool>> transition,
        CancellationToken cancel)
    {
        var now = Now;
        var accepted = await database.WriteAsync(
            async (db, token) =>
            {
                var key = ConsumeKey(requestId);
                var charged = await db.Ledger.FirstAsync(entry => entry.EntryKey == key, token);
                await Accounts.LockAsync(db, AccountKind.Wallet, charged.UserId, token);
                if (await LedgerEntries.ExistsAsync(db, EndKey(requestId), token) || !await transition(db, token))
                {
                    return false;
                }
                var points = -(charged.Points + charged.SubscriptionPoints);
                await db.Ledger.Where(entry => entry.EntryKey == key)
                    .Set(entry => entry.ChannelId, channelId)
                    .Set(entry => entry.Logged, log is not null)
                    .UpdateAsync(token);
                await db.Users.Where(row => row.Id == charged.UserId).Set(row => row.RequestCount, row => Saturating.Add(row.RequestCount, 1)).UpdateAsync(token);
                await db.Channels.Where(row => row.Id == channelId).Set(row => row.UsedQuota, row => Saturating.Add(row.UsedQuota, points)).UpdateAsync(token);
                if (log is not null)
                {
                    Fill(log, requestId, charged.UserId, charged.TokenId, channelId, points, now);
                    await rollUps.AddAsync(db, log, points, calls: 1, cost, token);
                    await logs.AddAsync(db, key, log, token);
                }
                return true;
            },
            cancel);
        if (accepted)
        {
            await logs.SendAsync(ConsumeKey(requestId), log);
        }
        return accepted;
    }

    /// <summary>
    /// Ends a task: settles it at another amount or gives everything back. Exactly one caller succeeds, whoever comes first; a task that
    /// was never charged ends without moving money.
    /// </summary>
    /// <param name="end">What the task costs in the end.</param>
    /// <param name="transition">
    /// Moves the task's row to its end by compare-and-set, and says whether it did; false leaves the money alone. May run again after a
    /// conflict.
    /// </param>
    /// <param name="cancel">Cancels before the commit.</param>
    /// <returns>True when this call ended the task.</returns>
    public async Task<bool> EndAsync(TaskEnd end, Func<DataConnection, CancellationToken, Task<bool>> transition, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(end.Points);
        var now = Now;
        var (ended, moved) = await database.WriteAsync(
            async (db, token) =>
            {
                var key = ConsumeKey(end.RequestId);
                var charged = await db.Ledger.FirstOrDefaultAsync(entry => entry.EntryKey == key, token);
                if (charged is not null)
                {
                    await Accounts.LockAsync(db, AccountKind.Wallet, charged.UserId, token);
                    if (await LedgerEntries.ExistsAsync(db, EndKey(end.RequestId), token))
                    {
                        return (false, 0L);
                    }
                }
                if (!await transition(db, token))
                {
                    return (false, 0L);
                }
                return (true, charged is null ? 0 : await SettleAsync(db, end, charged, now, token));
            },
            cancel);
        if (ended && moved != 0)
        {
            await logs.SendAsync(EndKey(end.RequestId), end.Log);
        }
        return ended;
    }

    /// <summary>Moves the difference between what was charged and what the task costs; returns it.</summary>
    private async Task<long> SettleAsync(DataConnection db, TaskEnd end, LedgerRow charged, long now, CancellationToken cancel)
    {
        var delta = checked(end.Points + charged.Points + charged.SubscriptionPoints);
        var keyExcess = 0L;
        if (charged.TokenId != 0)
        {
            if (delta > 0)
            {
                await Accounts.LockAsync(db, AccountKind.Key, charged.TokenId, cancel);
                keyExcess = Math.Max(0, delta - Math.Max(0, await Accounts.FreeAsync(db, AccountKind.Key, charged.TokenId, now, cancel)));
            }
            await Accounts.SpendAsync(db, AccountKind.Key, charged.TokenId, delta, cancel);
        }
        var (wallet, subscription, excess) = delta < 0
            ? await GiveBackAsync(db, charged, -delta, cancel)
            : await ChargeMoreAsync(db, charged, delta, now, cancel);
        var moved = wallet + subscription;
        await MoveBudgetsAsync(db, charged, delta, cancel);
        await CountAsync(db, charged.UserId, charged.ChannelId, moved, calls: 0, cancel);
        await db.InsertAsync(
            new LedgerRow
            {
                EntryKey = EndKey(end.RequestId),
                Kind = (int)(delta < 0 ? LedgerKind.Refund : LedgerKind.Consume),
                UserId = charged.UserId,
                TokenId = charged.TokenId,
                ChannelId = charged.ChannelId,
                Points = -wallet,
                TokenPoints = charged.TokenId == 0 ? 0 : -delta,
                TokenExcess = keyExcess,
                SubscriptionId = charged.SubscriptionId,
                SubscriptionPoints = -subscription,
                Excess = excess,
                Logged = end.Log is not null && moved != 0,
                CreatedAt = now,
            },
            token: cancel);
        if (end.Log is { } log && moved != 0)
        {
            Fill(log, end.RequestId, charged.UserId, charged.TokenId, charged.ChannelId, moved, now);
            await rollUps.AddAsync(db, log, moved, calls: 0, end.Cost, cancel);
            await logs.AddAsync(db, EndKey(end.RequestId), log, cancel);
        }
        return moved;
    }

    /// <summary>The first source that can bear the charge pays, unless the key or a budget cannot.</summary>
    private async Task<(TaskPayer Payer, HoldRefusal Refusal)> PayAsync(
        DataConnection db, TaskCharge charge, bool unlimited, long now, CancellationToken cancel)
    {
        if (unlimited)
        {
            await Accounts.SpendAsync(db, AccountKind.Key, charge.TokenId, charge.Points, cancel);
        }
        else if (!await Accounts.TrySpendAsync(db, AccountKind.Key, charge.TokenId, charge.Points, now, cancel))
        {
            return (default, HoldRefusal.Key);
        }
        var setting = await db.Users.Where(row => row.Id == charge.UserId).Select(row => row.Setting).FirstOrDefaultAsync(cancel);
        var funding = await FundingStore.ReadAsync(db, charge.UserId, setting, now, cancel);
        foreach (var subscription in funding.Sources())
        {
            if (!await TrySpendAsync(db, charge, subscription, now, cancel))
            {
                continue;
            }
            if (await TrySpendBudgetsAsync(db, charge, now, cancel))
            {
                return (new TaskPayer(subscription?.Id ?? 0), HoldRefusal.None);
            }
            await Accounts.SpendAsync(
                db,
                subscription is null ? AccountKind.Wallet : AccountKind.Subscription,
                subscription?.Id ?? charge.UserId,
                -charge.Points,
                cancel);
            await Accounts.SpendAsync(db, AccountKind.Key, charge.TokenId, -charge.Points, cancel);
            return (default, HoldRefusal.Budget);
        }
        await Accounts.SpendAsync(db, AccountKind.Key, charge.TokenId, -charge.Points, cancel);
        return (default, funding.WalletPays ? HoldRefusal.Wallet : HoldRefusal.Subscription);
    }

    /// <summary>Every budget that bounds the key, the account or its group bears the charge, or none does.</summary>
    private async Task<bool> TrySpendBudgetsAsync(DataConnection db, TaskCharge charge, long now, CancellationToken cancel)
    {
        var budgets = await BudgetsAsync(db, charge.TokenId, charge.UserId, cancel);
        for (var i = 0; i < budgets.Count; i++)
        {
            await PeriodResets.BudgetAsync(db, budgets[i], now, clock.LocalTimeZone, cancel);
            if (await Accounts.TrySpendAsync(db, AccountKind.Budget, budgets[i], charge.Points, now, cancel))
            {
                continue;
            }
            for (var spent = 0; spent < i; spent++)
            {
                await Accounts.SpendAsync(db, AccountKind.Budget, budgets[spent], -charge.Points, cancel);
            }
            return false;
        }
        return true;
    }

    /// <summary>Moves the difference on the budgets that bore the charge, unless they have begun a new period since.</summary>
    private static async Task MoveBudgetsAsync(DataConnection db, LedgerRow charged, long points, CancellationToken cancel)
    {
        var excess = Math.Max(0, points);
        foreach (var id in await BudgetsAsync(db, charged.TokenId, charged.UserId, cancel))
        {
            await db.GetTable<BudgetRow>()
                .Where(row => row.Id == id && row.CreatedAt <= charged.CreatedAt && row.LastResetTime <= charged.CreatedAt)
                .Set(row => row.Used, row => row.Used + points < 0 ? 0 : row.Used + points)
                .Set(row => row.Excess, row => row.Excess + excess)
                .UpdateAsync(cancel);
        }
    }

    private static async Task<List<long>> BudgetsAsync(DataConnection db, long tokenId, long userId, CancellationToken cancel)
    {
        var group = await db.GetTable<UserRow>().Where(row => row.Id == userId).Select(row => row.Group).FirstOrDefaultAsync(cancel);
        return await BudgetRows.Bounding(db, tokenId, userId, group ?? "").ToListAsync(cancel);
    }

    private async Task<bool> TrySpendAsync(DataConnection db, TaskCharge charge, FundingSubscription? subscription, long now, CancellationToken cancel)
    {
        if (subscription is null)
        {
            return await Accounts.TrySpendAsync(db, AccountKind.Wallet, charge.UserId, charge.Points, now, cancel);
        }
        await PeriodResets.SubscriptionAsync(db, subscription.Id, now, clock.LocalTimeZone, cancel);
        return await Accounts.TrySpendAsync(db, AccountKind.Subscription, subscription.Id, charge.Points, now, cancel);
    }

    /// <summary>Gives back to whoever paid. A period that is over took what was used of it along: that part is not given again.</summary>
    private static async Task<(long Wallet, long Subscription, long Excess)> GiveBackAsync(
        DataConnection db, LedgerRow charged, long points, CancellationToken cancel)
    {
        if (charged.SubscriptionId == 0)
        {
            await Accounts.SpendAsync(db, AccountKind.Wallet, charged.UserId, -points, cancel);
            return (-points, 0, 0);
        }
        await Accounts.LockAsync(db, AccountKind.Subscription, charged.SubscriptionId, cancel);
        var back = await ReturnableAsync(db, charged.SubscriptionId, charged.CreatedAt, points, cancel);
        await Accounts.SpendAsync(db, AccountKind.Subscription, charged.SubscriptionId, -back, cancel);
        return (0, -back, 0);
    }

    /// <summary>
    /// How much of a charge a subscription can get back: nothing once a new period has begun, for what it has used since is of other charges.
    /// </summary>
    internal static async Task<long> ReturnableAsync(DataConnection db, long subscription, long chargedAt, long points, CancellationToken cancel)
    {
        var used = await db.UserSubscriptions
            .Where(row => row.Id == subscription && row.LastResetTime <= chargedAt)
            .Select(row => (long?)row.AmountUsed)
            .FirstOrDefaultAsync(cancel);
        return Math.Clamp(used ?? 0, 0, points);
    }

    /// <summary>
    /// The task cost more than was charged: the subscription pays what it can, then the wallet, and what nobody has is debt. That goes for a
    /// period that began after the charge, too: what nobody has paid yet is spent now, as calls are that were held before a period ended.
    /// </summary>
    private static async Task<(long Wallet, long Subscription, long Excess)> ChargeMoreAsync(
        DataConnection db, LedgerRow charged, long points, long now, CancellationToken cancel)
    {
        var subscription = 0L;
        if (charged.SubscriptionId != 0)
        {
            await Accounts.LockAsync(db, AccountKind.Subscription, charged.SubscriptionId, cancel);
            var free = await Accounts.FreeAsync(db, AccountKind.Subscription, charged.SubscriptionId, now, cancel);
            subscription = await FundingStore.AllowsOverflowAsync(db, charged.SubscriptionId, cancel) ? Math.Clamp(free, 0, points) : points;
            await Accounts.SpendAsync(db, AccountKind.Subscription, charged.SubscriptionId, subscription, cancel);
            if (subscription == points)
            {
                return (0, points, Math.Max(0, points - Math.Max(0, free)));
            }
        }
        var wallet = points - subscription;
        var balance = await Accounts.FreeAsync(db, AccountKind.Wallet, charged.UserId, now, cancel);
        await Accounts.SpendAsync(db, AccountKind.Wallet, charged.UserId, wallet, cancel);
        return (wallet, subscription, Math.Max(0, wallet - Math.Max(0, balance)));
    }

    private static async Task CountAsync(DataConnection db, long userId, long channelId, long points, int calls, CancellationToken cancel)
    {
        await db.Users
            .Where(row => row.Id == userId)
            .Set(row => row.UsedQuota, row => Saturating.Add(row.UsedQuota, points))
            .Set(row => row.RequestCount, row => Saturating.Add(row.RequestCount, calls))
            .UpdateAsync(cancel);
        await db.Channels.Where(row => row.Id == channelId).Set(row => row.UsedQuota, row => Saturating.Add(row.UsedQuota, points)).UpdateAsync(cancel);
    }

    private static void Fill(LogRow log, string requestId, long userId, long tokenId, long channelId, long points, long now)
    {
        log.RequestId = requestId;
        log.UserId = userId;
        log.TokenId = tokenId;
        log.ChannelId = channelId;
        log.Type = points < 0 ? RefundLog : ConsumeLog;
        log.Quota = Math.Abs(points);
        log.CreatedAt = now;
    }

    private long Now => clock.GetUtcNow().ToUnixTimeSeconds();

    private static string ConsumeKey(string requestId) => requestId + ":consume";

    private static string EndKey(string requestId) => requestId + ":end";
}
