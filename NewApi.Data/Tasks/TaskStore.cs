using System.Text.Json;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.Data.Ledger;
using NewApi.Data.Rows;
using NewApi.Domain;
using NewApi.Domain.Tasks;

namespace NewApi.Data.Tasks;

/// <summary>
/// Tasks and their money. A task is stored in the transaction that charges it, before any upstream is called; whoever finds that it is over
/// ends it by <see cref="EndAsync"/>, the one function that writes an end and moves the money in one transaction, exactly once.
/// </summary>
public sealed class TaskStore(Database database, TaskLedger ledger, TimeProvider clock)
{
    /// <summary>Tasks that one question may name.</summary>
    public const int MostNamed = 500;

    private const int LongestInput = 4000;
    private const int LongestReason = 2000;
    private const int AtOnce = 500;
    private const int LateLooks = 24;

    private static readonly TimeSpan LateLookEvery = TimeSpan.FromHours(1);

    private static readonly string[] Ends = [TaskStates.Success, TaskStates.Failure];
    private static readonly string[] Open = ["", "NOT_START", "SUBMITTED", "QUEUED", "IN_PROGRESS", "UNKNOWN"];

    /// <summary>Charges a task and stores it, or neither.</summary>
    /// <param name="draft">The task.</param>
    /// <param name="charge">What it costs; its channel is not known yet.</param>
    /// <param name="patience">How long its upstream may take to accept it, before it is given up with its money.</param>
    /// <param name="cancel">Cancels before the commit.</param>
    public async Task<(StoredTask? Task, HoldRefusal Refusal)> OpenAsync(TaskDraft draft, TaskCharge charge, TimeSpan patience, CancellationToken cancel)
    {
        var now = Now;
        var row = new TaskRow
        {
            CreatedAt = now,
            UpdatedAt = now,
            TaskId = draft.Id,
            Platform = draft.Platform,
            UserId = charge.UserId,
            Group = StorableText.Fit(draft.Group, 50),
            Quota = charge.Points,
            Action = draft.Action,
            Status = TaskStates.NameOf(TaskState.NotStarted),
            SubmitTime = now,
            Progress = TaskStates.ProgressOf(TaskState.NotStarted),
            Properties = Write(draft.Properties with { Input = StorableText.Fit(draft.Properties.Input, LongestInput) }),
        };
        var (_, refusal) = await ledger.ChargeAsync(
            charge,
            async (db, payer, token) =>
            {
                row.PrivateData = Write(new TaskFacts
                {
                    BillingSource = payer.Source,
                    SubscriptionId = payer.SubscriptionId == 0 ? null : payer.SubscriptionId,
                    TokenId = charge.TokenId,
                    Own = draft.Facts,
                });
                row.Id = await db.InsertWithInt64IdentityAsync(row, token: token);
                await db.InsertAsync(new TaskPollRow { TaskId = row.Id, NextPoll = now + (long)patience.TotalSeconds }, token: token);
            },
            cancel);
        return refusal == HoldRefusal.None ? (new StoredTask(row), refusal) : (null, refusal);
    }

    /// <summary>An upstream has accepted the task. False when it was given up before that was known.</summary>
    /// <param name="task">The task.</param>
    /// <param name="acceptance">Who accepted it, and how.</param>
    /// <param name="log">Its row of the usage log, with everything but ids, amount, type and time; null for none.</param>
    /// <param name="cancel">Cancels before the commit.</param>
    public Task<bool> AcceptAsync(StoredTask task, TaskAcceptance acceptance, LogRow? log, CancellationToken cancel)
    {
        var own = task.Facts.Own! with { Factors = acceptance.Factors, Cost = acceptance.Cost, KeyMark = acceptance.KeyMark };
        var facts = Write(task.Facts with { UpstreamId = acceptance.UpstreamId, Own = own });
        var properties = Write(task.Properties with { UpstreamModel = acceptance.UpstreamModel });
        var (waiting, now) = (TaskStates.NameOf(TaskState.NotStarted), Now);
        return ledger.AcceptAsync(
            own.RequestId,
            acceptance.ChannelId,
            log,
            acceptance.Cost,
            async (db, token) =>
            {
                var moved = await db.Tasks
                    .Where(row => row.Id == task.Row.Id && row.Status == waiting)
                    .Set(row => row.Status, TaskStates.NameOf(TaskState.Submitted))
                    .Set(row => row.Progress, TaskStates.ProgressOf(TaskState.Submitted))
                    .Set(row => row.ChannelId, acceptance.ChannelId)
                    .Set(row => row.Platform, acceptance.Platform)
                    .Set(row => row.Properties, properties)
                    .Set(row => row.PrivateData, facts)
                    .Set(row => row.Data, acceptance.Data)
                    .Set(row => row.UpdatedAt, now)
                    .UpdateAsync(token) == 1;
                if (moved)
                {
                    await MoveAsync(db, task.Row.Id, now, token);
                }
                return moved;
            },
            cancel);
    }

    /// <summary>A task of a user; null when there is none, or it is somebody else's.</summary>
    public async Task<StoredTask?> FindAsync(long userId, string id, CancellationToken cancel)
    {
        await using var db = database.Open();
        var row = await db.Tasks.Where(row => row.TaskId == id && row.UserId == userId).OrderByDescending(row => row.Id).FirstOrDefaultAsync(cancel);
        return row is null ? null : new StoredTask(row);
    }

    /// <summary>Those of the named tasks that are the user's.</summary>
    public async Task<IReadOnlyList<StoredTask>> FindAsync(long userId, IReadOnlyCollection<string> ids, CancellationToken cancel)
    {
        var wanted = ids.Distinct(StringComparer.Ordinal).Take(MostNamed).ToList();
        await using var db = database.Open();
        var rows = await db.Tasks.Where(row => wanted.Contains(row.TaskId) && row.UserId == userId).OrderBy(row => row.Id).ToListAsync(cancel);
        return [.. rows.Select(row => new StoredTask(row))];
    }

    /// <summary>Tasks that are to be looked after, longest due first. They are not due again for a while, whatever becomes of this look.</summary>
    public async Task<IReadOnlyList<DueTask>> ClaimDueAsync(int limit, TimeSpan claim, CancellationToken cancel)
    {
        var now = Now;
        await using var db = database.Open();
        var due = await (
            from poll in db.GetTable<TaskPollRow>()
            join task in db.Tasks on poll.TaskId equals task.Id
            where poll.NextPoll <= now
            orderby poll.NextPoll, poll.TaskId
            select new { poll, task }).Take(limit).ToListAsync(cancel);
        foreach (var ids in due.Select(pair => pair.poll.TaskId).Chunk(AtOnce))
        {
            await database.WriteAsync(
                (write, token) => write.GetTable<TaskPollRow>()
                    .Where(row => ids.Contains(row.TaskId))
                    .Set(row => row.NextPoll, now + (long)claim.TotalSeconds)
                    .UpdateAsync(token),
                cancel);
        }
        return [.. due.Select(pair => new DueTask(new StoredTask(pair.task), pair.poll.Misses, pair.poll.LateLooks))];
    }

    /// <summary>Unfinished tasks that nobody looks after, such as those that the reference left behind, are from now on.</summary>
    public Task<int> AdoptAsync(CancellationToken cancel)
    {
        var now = Now;
        return database.WriteAsync(
            (db, token) => db.Tasks
                .Where(row => Open.Contains(row.Status) && row.Progress != "100%" && row.Platform != "mj"
                    && !db.GetTable<TaskPollRow>().Any(poll => poll.TaskId == row.Id))
                .InsertAsync(db.GetTable<TaskPollRow>(), row => new TaskPollRow { TaskId = row.Id, NextPoll = now, Misses = 0, LateLooks = 0 }, token),
            cancel);
    }

    /// <summary>Looks at a task again later; the looks that came to nothing are counted.</summary>
    public Task LaterAsync(StoredTask task, TimeSpan wait, long misses, CancellationToken cancel) => database.WriteAsync(
        (db, token) => db.GetTable<TaskPollRow>()
            .Where(row => row.TaskId == task.Row.Id)
            .Set(row => row.NextPoll, Now + (long)wait.TotalSeconds)
            .Set(row => row.Misses, misses)
            .UpdateAsync(token),
        cancel);

    /// <summary>The task goes on. A task that is over stays so.</summary>
    public Task ContinueAsync(StoredTask task, TaskNews news, TimeSpan wait, CancellationToken cancel)
    {
        var (now, status) = (Now, TaskStates.NameOf(news.State));
        var progress = news.Progress ?? TaskStates.ProgressOf(news.State);
        var started = task.Row.StartTime == 0 && news.State == TaskState.InProgress ? now : task.Row.StartTime;
        var data = news.Data ?? task.Row.Data;
        var changed = status != task.Row.Status || progress != task.Row.Progress || data != task.Row.Data;
        return database.WriteAsync(
            async (db, token) =>
            {
                if (changed)
                {
                    await db.Tasks
                        .Where(row => row.Id == task.Row.Id && !Ends.Contains(row.Status))
                        .Set(row => row.Status, status)
                        .Set(row => row.Progress, progress)
                        .Set(row => row.StartTime, started)
                        .Set(row => row.Data, data)
                        .Set(row => row.UpdatedAt, now)
                        .UpdateAsync(token);
                }
                await db.GetTable<TaskPollRow>()
                    .Where(row => row.TaskId == task.Row.Id)
                    .Set(row => row.NextPoll, now + (long)wait.TotalSeconds)
                    .Set(row => row.Misses, 0)
                    .UpdateAsync(token);
            },
            cancel);
    }

    /// <summary>
    /// Ends a task: a success is settled by its own price, a failure gives everything back. Exactly one caller succeeds, and nothing moves for
    /// the others.
    /// </summary>
    /// <param name="task">The task as it was read.</param>
    /// <param name="news">Its end.</param>
    /// <param name="cancel">Cancels before the commit.</param>
    /// <returns>True when this call ended it.</returns>
    public Task<bool> EndAsync(StoredTask task, TaskNews news, CancellationToken cancel)
    {
        if (!news.State.IsEnd())
        {
            throw new ArgumentException("This is no end.", nameof(news));
        }
        var own = task.Facts.Own;
        var points = news.State == TaskState.Failed || own is null
            ? 0
            : own.Price.Final(new Quota(task.Row.Quota), news.Factors ?? own.Factors, news.Tokens).Points;
        var end = new TaskEnd
        {
            RequestId = own?.RequestId ?? $"task:{task.Row.Id}",
            Points = points,
            Log = own is { Logged: true } && task.UpstreamId.Length > 0 ? TaskLog.OfEnd(task, news, points) : null,
            Cost = news.State == TaskState.Failed ? -own?.Cost : null,
        };
        return ledger.EndAsync(end, (db, token) => MoveToEndAsync(db, task, news, points, token), cancel);
    }

    /// <summary>A task that was given up has come to an end upstream after all: noted, and not charged.</summary>
    public Task NoteLateAsync(StoredTask task, TaskNews news, CancellationToken cancel)
    {
        var now = Now;
        var facts = Write(task.Facts with
        {
            ResultUrl = news.ResultUrl ?? task.Facts.ResultUrl,
            Own = task.Facts.Own is { } own ? own with { LateSuccess = news.State == TaskState.Succeeded ? now : null } : null,
        });
        return database.WriteAsync(
            async (db, token) =>
            {
                await db.Tasks.Where(row => row.Id == task.Row.Id)
                    .Set(row => row.PrivateData, facts)
                    .Set(row => row.Data, news.Data ?? task.Row.Data)
                    .Set(row => row.UpdatedAt, now)
                    .UpdateAsync(token);
                await db.GetTable<TaskPollRow>().Where(row => row.TaskId == task.Row.Id).DeleteAsync(token);
            },
            cancel);
    }

    /// <summary>A task that was given up is not over upstream either: one look less is left.</summary>
    public Task LateAgainAsync(DueTask due, CancellationToken cancel) => database.WriteAsync(
        (db, token) =>
        {
            var poll = db.GetTable<TaskPollRow>().Where(row => row.TaskId == due.Task.Row.Id);
            return due.LateLooks <= 1
                ? poll.DeleteAsync(token)
                : poll.Set(row => row.NextPoll, Now + (long)LateLookEvery.TotalSeconds).Set(row => row.LateLooks, due.LateLooks - 1).UpdateAsync(token);
        },
        cancel);

    private async Task<bool> MoveToEndAsync(DataConnection db, StoredTask task, TaskNews news, long points, CancellationToken cancel)
    {
        var now = Now;
        var failed = news.State == TaskState.Failed;
        var from = news.From is { } state ? [TaskStates.NameOf(state)] : Open;
        var facts = Write(task.Facts with { ResultUrl = news.ResultUrl ?? task.Facts.ResultUrl });
        var moved = await db.Tasks
            .Where(row => row.Id == task.Row.Id && from.Contains(row.Status))
            .Set(row => row.Status, TaskStates.NameOf(news.State))
            .Set(row => row.Progress, TaskStates.ProgressOf(news.State))
            .Set(row => row.FailReason, failed ? StorableText.Fit(news.Reason, LongestReason) : "")
            .Set(row => row.FinishTime, now)
            .Set(row => row.UpdatedAt, now)
            .Set(row => row.Data, news.Data ?? task.Row.Data)
            .Set(row => row.PrivateData, facts)
            .Set(row => row.Quota, task.Facts.Own is null || failed ? task.Row.Quota : points)
            .UpdateAsync(cancel);
        if (moved == 0)
        {
            return false;
        }
        var poll = db.GetTable<TaskPollRow>().Where(row => row.TaskId == task.Row.Id);
        if (news.MayComeLate)
        {
            await poll.Set(row => row.NextPoll, now + (long)LateLookEvery.TotalSeconds).Set(row => row.LateLooks, LateLooks).UpdateAsync(cancel);
        }
        else
        {
            await poll.DeleteAsync(cancel);
        }
        if (failed && task.Facts.Own is null)
        {
            await GiveBackAsync(db, task, now, cancel);
        }
        return true;
    }

    /// <summary>The reference charged this task: its ledger is the row alone.</summary>
    private static async Task GiveBackAsync(DataConnection db, StoredTask task, long now, CancellationToken cancel)
    {
        if (task.Row.Quota <= 0)
        {
            return;
        }
        if (task.Facts.SubscriptionId is > 0 and var subscription)
        {
            await Accounts.LockAsync(db, AccountKind.Subscription, subscription, cancel);
            var back = await TaskLedger.ReturnableAsync(db, subscription, task.Row.SubmitTime, task.Row.Quota, cancel);
            await Accounts.SpendAsync(db, AccountKind.Subscription, subscription, -back, cancel);
            await db.InsertAsync(
                new LedgerRow
                {
                    EntryKey = RefundKey(task),
                    Kind = (int)LedgerKind.Refund,
                    UserId = task.Row.UserId,
                    SubscriptionId = subscription,
                    SubscriptionPoints = back,
                    CreatedAt = now,
                },
                token: cancel);
        }
        else
        {
            await LedgerEntries.CreditAsync(db, LedgerKind.Refund, RefundKey(task), task.Row.UserId, task.Row.Quota, now, cancel);
        }
        if (task.Facts.TokenId is > 0 and var key)
        {
            await db.Tokens.Where(row => row.Id == key).Set(row => row.RemainQuota, row => Saturating.Add(row.RemainQuota, task.Row.Quota)).UpdateAsync(cancel);
        }
    }

    private static string RefundKey(StoredTask task) => $"task:{task.Row.Id}:refund";

    private static Task MoveAsync(DataConnection db, long taskId, long next, CancellationToken cancel) =>
        db.GetTable<TaskPollRow>().Where(row => row.TaskId == taskId).Set(row => row.NextPoll, next).UpdateAsync(cancel);

    private static string Write(TaskFacts facts) => JsonSerializer.Serialize(facts, TaskJson.Default.TaskFacts);

    private static string Write(TaskProperties properties) => JsonSerializer.Serialize(properties, TaskJson.Default.TaskProperties);

    private long Now => clock.GetUtcNow().ToUnixTimeSeconds();
}
