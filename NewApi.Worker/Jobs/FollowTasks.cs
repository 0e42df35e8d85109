using NewApi.Data.Channels;
using NewApi.Data.Leases;
using NewApi.Data.Rows;
using NewApi.Data.Tasks;
using NewApi.Domain;
using NewApi.Domain.Tasks;
using NewApi.Protocols;
using NewApi.Providers;
using NewApi.Providers.Tasks;
using NewApi.ServiceDefaults.Egress;

namespace NewApi.Worker.Jobs;

/// <summary>
/// Looks after songs and films until each has ended: every task has a time of its own at which it is due, channels are asked side by side, and
/// one that is slow or down keeps only its own tasks waiting. An upstream that cannot be asked ends nothing; what it says of a task does.
/// </summary>
internal sealed class FollowTasks(
    TaskStore tasks, ChannelStore channels, UpstreamClients clients, TaskPatience patience, TimeProvider clock, ILogger<FollowTasks> log) : IJob
{
    private const int ChannelsAtOnce = 16;
    private const int QuestionsAtOnce = 8;

    /// <summary>Questions to one channel that may come to nothing before the rest of its tasks waits for the next time.</summary>
    private const int MostTroubles = 3;

    /// <summary>So often in a row must an upstream say that it knows no such task.</summary>
    private const int DefinitiveMisses = 5;

    private const int LargestData = 256 * 1024;

    private static readonly TimeSpan Claim = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Soonest = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Latest = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan AfterTrouble = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan AdoptEvery = TimeSpan.FromHours(1);

    private DateTimeOffset _adoptAt;

    public string Name => "follow-tasks";

    public JobSchedule Schedule { get; } = JobSchedule.Every(TimeSpan.FromSeconds(5));

    public async Task RunAsync(Lease lease, CancellationToken cancel)
    {
        if (clock.GetUtcNow() >= _adoptAt)
        {
            if (await tasks.AdoptAsync(cancel) is > 0 and var adopted)
            {
                log.TasksAdopted(adopted);
            }
            _adoptAt = clock.GetUtcNow() + AdoptEvery;
        }
        IReadOnlyList<DueTask> due;
        do
        {
            due = await tasks.ClaimDueAsync(patience.AtOnce, Claim, cancel);
            await Parallel.ForEachAsync(
                due.GroupBy(one => one.Task.Row.ChannelId),
                new ParallelOptions { MaxDegreeOfParallelism = ChannelsAtOnce, CancellationToken = cancel },
                async (channel, token) => await FollowAsync(channel.Key, [.. channel], token));
        }
        while (due.Count == patience.AtOnce);
    }

    /// <summary>One channel that cannot be looked after must not keep the others waiting; its tasks are due again when their claim is over.</summary>
    private async Task FollowAsync(long channelId, List<DueTask> due, CancellationToken cancel)
    {
        try
        {
            await LookAsync(channelId, due, cancel);
        }
        catch (Exception problem) when (!cancel.IsCancellationRequested)
        {
            log.ChannelTrouble(channelId, problem.GetType().Name);
        }
    }

    private async Task LookAsync(long channelId, List<DueTask> due, CancellationToken cancel)
    {
        foreach (var one in due.Where(one => one.Task.UpstreamId.Length == 0))
        {
            await TryAsync(one, () => EndAsync(one, new TaskNews
            {
                State = TaskState.Failed,
                Reason = "No upstream has accepted the task.",
                From = one.Task.Facts.Own is null ? null : TaskState.NotStarted,
            }, cancel));
        }
        due.RemoveAll(one => one.Task.UpstreamId.Length == 0);
        if (due.Count == 0)
        {
            return;
        }
        if (await channels.FindAsync(channelId, cancel) is not { } row)
        {
            foreach (var one in due)
            {
                await TryAsync(one, () => FailAsync(one, "The channel of the task no longer exists.", cancel));
            }
            return;
        }
        if (ProviderRegistry.Find((int)row.Type)?.Tasks is not { } service)
        {
            foreach (var one in due)
            {
                await TryAsync(one, () => WaitAsync(one, LongestPause, cancel));
            }
            return;
        }
        var troubles = 0;
        var questions = due
            .GroupBy(one => (Key: KeyOf(row, one.Task), Model: service.BatchSize > 1 ? "" : one.Task.Properties.UpstreamModel))
            .SelectMany(group => group.Chunk(service.BatchSize).Select(chunk => (group.Key.Key, Tasks: chunk)));
        await Parallel.ForEachAsync(
            questions,
            new ParallelOptions { MaxDegreeOfParallelism = QuestionsAtOnce, CancellationToken = cancel },
            async (question, token) =>
            {
                // The rest is claimed for a while: it comes up again when the channel has had its pause.
                if (Volatile.Read(ref troubles) >= MostTroubles)
                {
                    return;
                }
                var answer = await AskAsync(row, service, question.Key, question.Tasks, token);
                if (answer.Fault is { } fault)
                {
                    Interlocked.Increment(ref troubles);
                    log.TasksUnanswered(row.Id, fault.Status, fault.Code);
                }
                foreach (var one in question.Tasks)
                {
                    await TryAsync(one, () => ConcludeAsync(one, answer, question.Tasks.Length, token));
                }
            });
    }

    private async Task<TaskAnswer> AskAsync(ChannelRow row, TaskService service, string? key, DueTask[] due, CancellationToken cancel)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(AnswerPatience);
        try
        {
            var target = TestChannels.TargetOf(row, key ?? "");
            if (key is null || target.Ask(service.Dialect, due[0].Task.Properties.UpstreamModel, clock) is not { } message)
            {
                return new TaskAnswer([], new RelayFault(503, "channel:no_available_key", "The channel has no key or no address."));
            }
            var asked = due.Select(one => new AskedTask(one.Task.UpstreamId, one.Task.Row.Action, one.Task.Properties.UpstreamModel)).ToList();
            var answer = await service.AskAsync(message, asked, clients.For(target.Proxy), deadline.Token);
            cancel.ThrowIfCancellationRequested();
            return answer;
        }
        catch (ProviderException problem)
        {
            return new TaskAnswer([], problem.ToFault());
        }
        catch (Exception problem) when (!cancel.IsCancellationRequested)
        {
            // Whatever it is, such as a proxy that is none: it is no answer, and what was asked about ends when that has lasted too long.
            return new TaskAnswer([], new RelayFault(502, problem.GetType().Name, "The channel cannot be asked."));
        }
    }

    private async Task ConcludeAsync(DueTask due, TaskAnswer answer, int asked, CancellationToken cancel)
    {
        var report = answer.Reports.FirstOrDefault(report => report.UpstreamId == due.Task.UpstreamId)
            ?? (asked == 1 && answer.Reports.Count == 1 ? answer.Reports[0] : null);
        if (answer.Fault is null && report is null)
        {
            report = new TaskReport { UpstreamId = due.Task.UpstreamId, State = TaskState.Missing };
        }
        if (report is { } end && end.State.IsEnd())
        {
            await EndAsync(due, NewsOf(due.Task, end), cancel);
            return;
        }
        if (due.LateLooks > 0)
        {
            await tasks.LateAgainAsync(due, cancel);
            return;
        }
        if (IsOverdue(due.Task))
        {
            await EndAsync(due, new TaskNews { State = TaskState.Failed, Reason = "The task took too long.", MayComeLate = true }, cancel);
            return;
        }
        switch (report)
        {
            case null:
                var pause = answer.Fault!.RetryAfter ?? Later(due.Task) + AfterTrouble;
                await tasks.LaterAsync(due.Task, pause < LongestPause ? pause : LongestPause, due.Misses, cancel);
                break;
            case { State: TaskState.Missing } when due.Misses + 1 >= DefinitiveMisses:
                await FailAsync(due, "The upstream knows no such task.", cancel);
                break;
            case { State: TaskState.Missing }:
                await tasks.LaterAsync(due.Task, AfterTrouble * (1 << (int)due.Misses), due.Misses + 1, cancel);
                break;
            default:
                await tasks.ContinueAsync(due.Task, NewsOf(due.Task, report), Later(due.Task), cancel);
                break;
        }
    }

    private async Task EndAsync(DueTask due, TaskNews news, CancellationToken cancel)
    {
        var row = due.Task.Row;
        if (due.LateLooks > 0)
        {
            await tasks.NoteLateAsync(due.Task, news, cancel);
            if (news.State == TaskState.Succeeded)
            {
                log.TaskCameLate(due.Task.Id, row.ChannelId);
            }
        }
        else if (await tasks.EndAsync(due.Task, news, cancel))
        {
            // Why it failed stands in its row: an upstream may quote the prompt.
            log.TaskEnded(due.Task.Id, row.ChannelId, TaskStates.NameOf(news.State));
        }
    }

    private Task FailAsync(DueTask due, string reason, CancellationToken cancel) =>
        EndAsync(due, new TaskNews { State = TaskState.Failed, Reason = reason }, cancel);

    private Task WaitAsync(DueTask due, TimeSpan pause, CancellationToken cancel) =>
        due.LateLooks > 0 ? tasks.LateAgainAsync(due, cancel)
        : IsOverdue(due.Task) ? FailAsync(due, "The task took too long.", cancel)
        : tasks.LaterAsync(due.Task, pause, due.Misses, cancel);

    /// <summary>One task that cannot be written must not keep the others waiting; it is due again when its claim is over.</summary>
    private async Task TryAsync(DueTask due, Func<Task> step)
    {
        try
        {
            await step();
        }
        catch (Exception problem) when (problem is not OperationCanceledException)
        {
            log.TaskTrouble(problem, due.Task.Id);
        }
    }

    private static TaskNews NewsOf(StoredTask task, TaskReport report)
    {
        var state = report.State switch
        {
            TaskState.Unknown => task.State,
            // It has been accepted, whatever a gateway in between calls that.
            TaskState.NotStarted => TaskState.Submitted,
            var known => known,
        };
        var data = report.Data.ValueKind == System.Text.Json.JsonValueKind.Undefined ? null : report.Data.GetRawText();
        return new TaskNews
        {
            State = state,
            // Done is what the state says, not a figure.
            Progress = report.Progress is { } percent && !state.IsEnd() ? $"{Math.Min(percent, 99)}%" : null,
            ResultUrl = report.Url,
            Reason = state == TaskState.Failed ? Masking.Mask(report.Reason ?? "The upstream says that the task has failed.") : "",
            // A file inside the answer is kept once, as the result.
            Data = data?.Length <= LargestData ? data : null,
            Tokens = report.Tokens,
            Factors = report.Factors,
        };
    }

    /// <summary>The key that the task was ordered with; any other may know nothing of it.</summary>
    private static string? KeyOf(ChannelRow row, StoredTask task)
    {
        if (task.Facts.Others?.GetValueOrDefault("key") is { ValueKind: System.Text.Json.JsonValueKind.String } known && known.GetString() is { Length: > 0 } key)
        {
            return key;
        }
        var keys = KeyList.Of(row);
        var mark = task.Facts.Own?.KeyMark;
        return (keys.FirstOrDefault(one => mark is not null && StoredTask.MarkOf(one.Secret) == mark)
            ?? keys.FirstOrDefault(one => one.Status == ChannelStatus.Enabled)
            ?? (keys.Count > 0 ? keys[0] : null))?.Secret;
    }

    private bool IsOverdue(StoredTask task) => patience.GiveUpAfter is { } limit && Age(task) > limit;

    /// <summary>What has just begun ends soon; what takes long takes a little longer.</summary>
    private TimeSpan Later(StoredTask task) => TimeSpan.FromTicks(Math.Clamp(Age(task).Ticks / 6, Soonest.Ticks, Latest.Ticks));

    private TimeSpan Age(StoredTask task) => clock.GetUtcNow() - DateTimeOffset.FromUnixTimeSeconds(task.Row.SubmitTime);
}
