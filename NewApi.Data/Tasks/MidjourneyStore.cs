using System.Text.Json;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.Data.Ledger;
using NewApi.Data.Rows;
using NewApi.Domain.Midjourney;

namespace NewApi.Data.Tasks;

/// <summary>
/// The drawing tasks. A task is stored in the transaction that charges it, before any proxy hears of it; and it ends once, in the transaction
/// that gives back what a failure cost, whoever sees the end first: the submission itself, the proxy's call, or the job that asks.
/// </summary>
public sealed class MidjourneyStore(Database database, TaskLedger ledger, TimeProvider clock)
{
    private const int Word = 191;
    private const int LongestStatus = 20;
    private const int LongestProgress = 30;

    /// <summary>Charges a task and stores its row, or does neither. Nobody's row of the usage log tells of it until a proxy takes it.</summary>
    /// <param name="charge">What it costs and whom: no channel, no log.</param>
    /// <param name="row">The task; gets its id.</param>
    /// <param name="cancel">Cancels before the commit.</param>
    public Task<(TaskPayer Payer, HoldRefusal Refusal)> OpenAsync(TaskCharge charge, MidjourneyRow row, CancellationToken cancel)
    {
        row.RequestId = charge.RequestId;
        row.Quota = charge.Points;
        row.Prompt = StorableText.Fit(row.Prompt);
        return ledger.ChargeAsync(charge, async (db, _, token) => row.Id = await db.InsertWithInt64IdentityAsync(row, token: token), cancel);
    }

    /// <summary>A proxy has taken the task: from now on it can be asked for. False when it had been given up before.</summary>
    /// <param name="row">The task with its channel and what the proxy said.</param>
    /// <param name="log">The row of the usage log; null for none.</param>
    /// <param name="cancel">Cancels before the commit.</param>
    public Task<bool> AcceptAsync(MidjourneyRow row, LogRow? log, CancellationToken cancel) => ledger.AcceptAsync(
        row.RequestId, row.ChannelId, log, cost: null, (db, token) => WriteAsync(db, row, "", token), cancel);

    /// <summary>Notes what is known of a task now, and ends it when that is its end. False when it had ended before.</summary>
    /// <param name="row">As it was read; a report that changes nothing writes nothing.</param>
    /// <param name="report">What the proxy says.</param>
    /// <param name="cancel">Cancels before the commit.</param>
    public async Task<bool> ReportAsync(MidjourneyRow row, MidjourneyReport report, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(row);
        ArgumentNullException.ThrowIfNull(report);
        if (report.IsFailed)
        {
            return await FailAsync(Apply(row, report), report.FailReason.Length > 0 ? report.FailReason : "The upstream gives no reason.", cancel);
        }
        if (report.IsSuccess)
        {
            return await SucceedAsync(Apply(row, report), cancel);
        }
        var next = Apply(row, report);
        return next == row || await database.WriteAsync((db, token) => WriteAsync(db, next, row.MjId, token), cancel);
    }

    /// <summary>Ends a task well: what it was charged stays.</summary>
    public Task<bool> SucceedAsync(MidjourneyRow row, CancellationToken cancel)
    {
        var end = Ended(row, MidjourneyReport.Success);
        return ledger.EndAsync(new TaskEnd { RequestId = row.RequestId, Points = row.Quota }, (db, token) => WriteAsync(db, end, row.MjId, token), cancel);
    }

    /// <summary>Ends a task for which nothing will come: whoever paid gets everything back; what was never charged is not given back.</summary>
    public async Task<bool> FailAsync(MidjourneyRow row, string reason, CancellationToken cancel)
    {
        var end = Ended(row, MidjourneyReport.Failure) with { FailReason = StorableText.Fit(reason) };
        return await ledger.EndAsync(
            new TaskEnd { RequestId = row.RequestId, Points = 0, Log = await RefundLogAsync(row, cancel) },
            (db, token) => WriteAsync(db, end, row.MjId, token),
            cancel);
    }

    /// <summary>The latest task of that id; several share one when the proxy goes on with a task under its old id.</summary>
    public async Task<MidjourneyRow?> FindAsync(long userId, string id, CancellationToken cancel)
    {
        await using var db = database.Open();
        return await db.Midjourneys.Where(row => row.UserId == userId && row.MjId == id).OrderByDescending(row => row.Id).FirstOrDefaultAsync(cancel);
    }

    /// <summary>The user's tasks among these, newest first.</summary>
    public async Task<List<MidjourneyRow>> FindAsync(long userId, IReadOnlyCollection<string> ids, CancellationToken cancel)
    {
        await using var db = database.Open();
        return await db.Midjourneys.Where(row => row.UserId == userId && row.MjId.In(ids)).OrderByDescending(row => row.Id).ToListAsync(cancel);
    }

    /// <summary>The latest task of that id that has a picture, whosever it is.</summary>
    public async Task<MidjourneyRow?> FindPictureAsync(string id, CancellationToken cancel)
    {
        await using var db = database.Open();
        return await db.Midjourneys.Where(row => row.MjId == id && row.ImageUrl != "").OrderByDescending(row => row.Id).FirstOrDefaultAsync(cancel);
    }

    /// <summary>The task that a call submitted.</summary>
    public async Task<MidjourneyRow?> FindSubmittedAsync(string requestId, CancellationToken cancel)
    {
        await using var db = database.Open();
        return await db.Midjourneys.FirstOrDefaultAsync(row => row.RequestId == requestId, cancel);
    }

    /// <summary>Tasks that have not ended, in the order of their ids.</summary>
    /// <param name="since">Submitted at this time (milliseconds) or later.</param>
    /// <param name="after">Only tasks with a greater id.</param>
    /// <param name="most">At most so many.</param>
    /// <param name="cancel">Cancels the query.</param>
    public async Task<List<MidjourneyRow>> UnfinishedAsync(long since, long after, int most, CancellationToken cancel)
    {
        await using var db = database.Open();
        return await db.Midjourneys
            .Where(row => row.SubmitTime >= since && row.Id > after && (row.Progress == null || row.Progress != MidjourneyReport.Done))
            .OrderBy(row => row.Id)
            .Take(most)
            .ToListAsync(cancel);
    }

    /// <summary>Whatever was read, only a task that has not ended may change, and none that a proxy has taken meanwhile.</summary>
    private static async Task<bool> WriteAsync(DataConnection db, MidjourneyRow row, string knownAs, CancellationToken cancel) =>
        await db.Midjourneys
            .Where(stored => stored.Id == row.Id && stored.MjId == knownAs && (stored.Progress == null || stored.Progress != MidjourneyReport.Done))
            .Set(stored => stored.MjId, StorableText.Fit(row.MjId, Word))
            .Set(stored => stored.ChannelId, row.ChannelId)
            .Set(stored => stored.Code, row.Code)
            .Set(stored => stored.Quota, row.Quota)
            .Set(stored => stored.Prompt, row.Prompt)
            .Set(stored => stored.PromptEn, row.PromptEn)
            .Set(stored => stored.Description, StorableText.Fit(row.Description))
            .Set(stored => stored.State, row.State)
            .Set(stored => stored.StartTime, row.StartTime)
            .Set(stored => stored.FinishTime, row.FinishTime)
            .Set(stored => stored.ImageUrl, row.ImageUrl)
            .Set(stored => stored.VideoUrl, row.VideoUrl)
            .Set(stored => stored.VideoUrls, row.VideoUrls)
            .Set(stored => stored.Status, row.Status)
            .Set(stored => stored.Progress, row.Progress)
            .Set(stored => stored.FailReason, row.FailReason)
            .Set(stored => stored.Buttons, row.Buttons)
            .Set(stored => stored.Properties, row.Properties)
            .UpdateAsync(cancel) == 1;

    /// <summary>The row with what a report says; what a report leaves out stays as it was.</summary>
    private static MidjourneyRow Apply(MidjourneyRow row, MidjourneyReport report) => row with
    {
        Status = Known(StorableText.Fit(report.Status, LongestStatus), row.Status),
        // Only an end is spelt as one.
        Progress = report.Progress == MidjourneyReport.Done ? row.Progress : Known(StorableText.Fit(report.Progress, LongestProgress), row.Progress),
        Prompt = Known(StorableText.Fit(report.Prompt), row.Prompt),
        PromptEn = Known(StorableText.Fit(report.PromptEn), row.PromptEn),
        Description = Known(StorableText.Fit(report.Description), row.Description),
        State = Known(StorableText.Fit(report.State), row.State),
        StartTime = report.StartTime > 0 ? report.StartTime : row.StartTime,
        FinishTime = report.FinishTime > 0 ? report.FinishTime : row.FinishTime,
        ImageUrl = Known(StorableText.Fit(report.ImageUrl), row.ImageUrl),
        VideoUrl = Known(StorableText.Fit(report.VideoUrl), row.VideoUrl),
        VideoUrls = Known(StorableText.Fit(report.VideoUrls), row.VideoUrls),
        Buttons = Known(StorableText.Fit(report.Buttons), row.Buttons),
        Properties = Known(StorableText.Fit(report.Properties), row.Properties),
    };

    private MidjourneyRow Ended(MidjourneyRow row, string status) => row with
    {
        Status = status,
        Progress = MidjourneyReport.Done,
        FinishTime = row.FinishTime > 0 ? row.FinishTime : clock.GetUtcNow().ToUnixTimeMilliseconds(),
    };

    /// <summary>What the usage log says of a refund, with the names as they are now; null where it did not tell of the charge either.</summary>
    private async Task<LogRow?> RefundLogAsync(MidjourneyRow row, CancellationToken cancel)
    {
        await using var db = database.Open();
        var charge = await db.Ledger.FirstOrDefaultAsync(entry => entry.EntryKey == row.RequestId + ":consume", cancel);
        if (charge is not { Logged: true })
        {
            return null;
        }
        var token = await db.Tokens.Where(stored => stored.Id == charge.TokenId).Select(stored => new { stored.Name, stored.Group }).FirstOrDefaultAsync(cancel);
        var user = await db.Users.Where(stored => stored.Id == row.UserId).Select(stored => new { stored.Username, stored.Group }).FirstOrDefaultAsync(cancel);
        return new LogRow
        {
            Content = "The drawing failed; its charge is given back.",
            Username = user?.Username ?? "",
            TokenName = token?.Name ?? "",
            ModelName = MidjourneyActions.ModelOf(row.Action),
            Group = token?.Group is { Length: > 0 } group ? group : user?.Group ?? "",
            Other = $$"""{"is_task":true,"task_id":{{JsonSerializer.Serialize(row.MjId)}}}""",
        };
    }

    private static string Known(string said, string before) => said.Length > 0 ? said : before;
}
