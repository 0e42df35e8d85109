using System.Collections.ObjectModel;
using System.Text.Encodings.Web;
using System.Text.Json;
using NewApi.Data.Ledger;
using NewApi.Data.Rows;
using NewApi.Data.Tasks;
using NewApi.Domain;
using NewApi.Domain.Midjourney;
using NewApi.Protocols;
using NewApi.Protocols.Midjourney;
using NewApi.RelayService.Authentication;
using NewApi.RelayService.Channels;
using NewApi.RelayService.Endpoints;
using NewApi.RelayService.Limits;
using NewApi.RelayService.Replies;
using NewApi.RelayService.Settlement;
using NewApi.RelayService.UsageLogging;
using NewApi.ServiceDefaults;

namespace NewApi.RelayService.Midjourney;

/// <summary>
/// The story of a drawing: authenticate, understand, choose a channel, charge and store the task, and hand it to one proxy after the other until
/// one takes it; if none does, everything is given back. What becomes of it is asked from our own table.
/// </summary>
internal sealed class MidjourneyRelay(
    RelaySnapshots snapshots,
    Authenticator authenticator,
    RequestReader reader,
    CallLimits limits,
    LoadGuard load,
    Chooser chooser,
    MidjourneyProxy proxy,
    MidjourneyStore tasks,
    Ledger ledger,
    ChannelWatch watch,
    ErrorLog errors,
    RelayMetrics metrics,
    TimeProvider clock,
    ILogger<MidjourneyRelay> log)
{
    private const int MostIds = 1000;

    /// <summary>No attempt begins later than this; the job that gives up what was never taken waits longer than the last of them.</summary>
    private static readonly TimeSpan LatestAttempt = TimeSpan.FromMinutes(2);

    /// <summary>Hands a task in.</summary>
    public Task SubmitAsync(HttpContext http, string route) => RunAsync(http, async call =>
    {
        MidjourneyRequest? request = null;
        return await reader.ReadBodyAsync(call)
            ?? MidjourneyRequest.Read(route, call.Body!.Span, out request)
            ?? call.Snapshot.SensitiveWords?.Check(call.Body.Span)
            ?? await SubmitAsync(call, request!);
    });

    /// <summary>One of the caller's own tasks.</summary>
    public Task FetchAsync(HttpContext http, string id) => ReadAsync(http, async call =>
    {
        if (await FindAsync(call, id) is not { } row)
        {
            return NoTask();
        }
        using var body = new PooledBuffer();
        MidjourneyTasks.Write(body, row, call.Snapshot.Options);
        await ReplyAsync(http, body.Memory);
        return null;
    });

    /// <summary>Those of the caller's own tasks that a list of ids names.</summary>
    public Task ListAsync(HttpContext http) => ReadAsync(http, async call =>
    {
        if (await reader.ReadBodyAsync(call) is { } fault)
        {
            return fault;
        }
        if (ReadIds(call.Body!.Memory) is not { } ids)
        {
            return Refuse("bad_request_body", $"The field ids must be a list of at most {MostIds} ids.");
        }
        var rows = ids.Count == 0 ? [] : await tasks.FindAsync(call.Caller.UserId, ids, http.RequestAborted);
        using var body = new PooledBuffer();
        MidjourneyTasks.WriteList(body, rows.Where(row => MayRead(call, row)), call.Snapshot.Options);
        await ReplyAsync(http, body.Memory);
        return null;
    });

    /// <summary>The seed of a picture, which only the proxy knows.</summary>
    public Task SeedAsync(HttpContext http, string id) => ReadAsync(http, async call =>
    {
        if (await FindAsync(call, id) is not { } row)
        {
            return NoTask();
        }
        call.Model = MidjourneyActions.ModelOf(row.Action);
        if (Pin(call, row) is { } fault)
        {
            return fault;
        }
        var attempt = chooser.Next(call)!;
        var reply = await proxy.AskAsync(call, attempt);
        Conclude(call, attempt, reply.Fault);
        if (reply.Fault is { } failed)
        {
            return ForCaller(failed);
        }
        await ReplyAsync(http, reply.Body);
        return null;
    });

    /// <summary>A proxy reports a task that we gave it. Whoever cannot show the seal of the submission is nobody.</summary>
    public async Task NotifyAsync(HttpContext http)
    {
        var values = http.Request.RouteValues;
        var id = (string)values["call"]!;
        var snapshot = snapshots.Current;
        if (!long.TryParse((string)values["channel"]!, out var channelId)
            || !snapshot.Routing.TryFind(channelId, out var channel, out _)
            || channel is null
            || !MidjourneySeal.Fits((string)values["seal"]!, channel, id))
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        using var call = new RelayCall(http, Dialect.Midjourney, RequestIds.Begin(http), clock.GetTimestamp()) { Snapshot = snapshot };
        var fault = await reader.ReadBodyAsync(call);
        var report = fault is null ? MidjourneyReports.Read(call.Body!.Memory) : null;
        if (report is null)
        {
            await ReplyWriter.WriteFaultAsync(http, ErrorShape.Midjourney, fault ?? Refuse("bad_request_body", "The body is no task."), call.RequestId);
            return;
        }
        if (await tasks.FindSubmittedAsync(id, http.RequestAborted) is { } row && row.ChannelId == channelId && row.MjId == report.Id)
        {
            await tasks.ReportAsync(row, report, http.RequestAborted);
        }
        // A report that overtakes the answer to its submission is not lost: the job asks.
        http.Response.StatusCode = StatusCodes.Status200OK;
    }

    private Task ReadAsync(HttpContext http, Func<RelayCall, Task<RelayFault?>> serve) => RunAsync(http, serve, reads: true);

    private async Task RunAsync(HttpContext http, Func<RelayCall, Task<RelayFault?>> serve, bool reads = false)
    {
        using var call = new RelayCall(http, Dialect.Midjourney, RequestId.Next(clock), clock.GetTimestamp())
        {
            Snapshot = snapshots.Current,
            Reads = reads,
        };
        http.Response.Headers[RequestId.Header] = call.RequestId;
        RelayFault? fault;
        try
        {
            fault = (IsMode(http) ? null : new RelayFault(404, "", "The mode in the path is none.") { Final = true })
                ?? load.Overloaded
                ?? await authenticator.AuthenticateAsync(call)
                ?? await serve(call);
        }
        catch (Exception) when (http.RequestAborted.IsCancellationRequested)
        {
            metrics.Ended(call, "client_gone");
            limits.End(call, succeeded: false);
            return;
        }
        catch (Exception error)
        {
            log.CallFailed(call.RequestId, error);
            fault = new RelayFault(500, "internal_error", "The gateway failed to handle this call.");
        }
        metrics.Ended(call, fault?.Code ?? "ok");
        limits.End(call, succeeded: fault is null);
        if (fault is not null)
        {
            await ReplyWriter.WriteFaultAsync(http, ErrorShape.Midjourney, fault, call.RequestId);
        }
    }

    private async Task<RelayFault?> SubmitAsync(RelayCall call, MidjourneyRequest request)
    {
        call.Model = MidjourneyActions.ModelOf(request.Action);
        var fault = await Router.RouteAsync(call, snapshots, clock)
            ?? await FollowAsync(call, request)
            ?? limits.Admit(call);
        if (fault is not null)
        {
            return fault;
        }
        var submission = new MidjourneySubmission(call, request);
        try
        {
            return await HandInAsync(submission);
        }
        catch
        {
            await GiveUpAsync(submission, "The gateway failed to hand the task in.");
            throw;
        }
    }

    /// <summary>Asks channel after channel until one takes the task; the first of them is not asked before the task is paid.</summary>
    private async Task<RelayFault?> HandInAsync(MidjourneySubmission submission)
    {
        var call = submission.Call;
        RelayFault? fault = null;
        while (chooser.MayTry(call) && clock.GetElapsedTime(call.StartedAt) <= LatestAttempt && chooser.Next(call) is { } attempt)
        {
            // What was charged is the price of this group: another one does not come to serve.
            (call.Groups, call.GroupIndex) = ([call.Group], 0);
            if (limits.Enter(call, attempt.Channel) is { } full)
            {
                ChannelWatch.Left(attempt);
                attempt.Fault = fault = full;
                errors.Append(call, attempt, full);
                continue;
            }
            if (submission.Row is null && await ChargeAsync(submission, attempt) is { } refusal)
            {
                ChannelWatch.Left(attempt);
                return refusal;
            }
            // From here on the caller's leaving changes nothing: the task is paid for, and somebody may ask for it later.
            var reply = await proxy.SubmitAsync(call, attempt, EditsFor(call, attempt));
            fault = reply.Fault;
            submission.Row = submission.Row! with { ChannelId = attempt.Channel.Id, Code = reply.Answer?.Code ?? 0 };
            Conclude(call, attempt, fault);
            if (fault is null)
            {
                return await AcceptAsync(submission, reply);
            }
            if (reply.Unsure || !(RetryRules.AllowTask(fault) || fault.Code == MidjourneyAnswer.SaturatedCode))
            {
                break;
            }
        }
        fault ??= Router.NoChannel(call);
        await GiveUpAsync(submission, fault.Message);
        return fault.UpstreamCode is null && fault.Leg != Leg.Gateway ? ForCaller(fault) : fault;
    }

    /// <summary>A task that goes on from another goes to the channel that has that one.</summary>
    private async Task<RelayFault?> FollowAsync(RelayCall call, MidjourneyRequest request)
    {
        if (request.ParentId.Length == 0)
        {
            return null;
        }
        if (await tasks.FindAsync(call.Caller.UserId, request.ParentId, call.Http.RequestAborted) is not { } parent)
        {
            return NoTask();
        }
        // The window of a modal belongs to a task that waits for it.
        if (call.Snapshot.Options.MjActionCheckSuccessEnabled && request.Action != MidjourneyActions.Modal && parent.Status != MidjourneyReport.Success)
        {
            return Refuse("task_status_not_success", "The task has not succeeded, so nothing can go on from it.");
        }
        return Pin(call, parent);
    }

    private static RelayFault? Pin(RelayCall call, MidjourneyRow parent)
    {
        if (!call.Snapshot.Routing.TryFind(parent.ChannelId, out var channel, out var enabled) || !enabled || channel is null)
        {
            return Refuse("channel_disabled", "The channel that has the task is not in service.");
        }
        call.Pinned = channel;
        return null;
    }

    /// <summary>Charges the task and stores it, in one transaction, before anybody else hears of it.</summary>
    private async Task<RelayFault?> ChargeAsync(MidjourneySubmission submission, Attempt attempt)
    {
        var (call, request) = (submission.Call, submission.Request);
        // Another group may have come to serve the call: its ratio is what is billed.
        var price = Quota.Zero;
        var fault = Router.SetPrice(call) ?? (MidjourneyActions.IsFree(request.Action) ? null : call.Price.HoldForTask(CallFactors.ForHold(call, clock), out price));
        if (fault is not null)
        {
            return fault;
        }
        var row = new MidjourneyRow
        {
            UserId = call.Caller.UserId,
            Action = request.Action,
            Prompt = request.Prompt,
            SubmitTime = clock.GetUtcNow().ToUnixTimeMilliseconds(),
            Progress = "0%",
            ChannelId = attempt.Channel.Id,
        };
        var charge = new TaskCharge
        {
            RequestId = call.RequestId,
            UserId = call.Caller.UserId,
            TokenId = call.Caller.TokenId,
            ChannelId = 0,
            Points = price.Points,
        };
        var (payer, refusal) = await tasks.OpenAsync(charge, row, CancellationToken.None);
        if (refusal != HoldRefusal.None)
        {
            // What this process has set aside for calls that may come is the account's all the same.
            await ledger.ReturnFreeAsync(call.Caller.Payer, CancellationToken.None);
            (payer, refusal) = await tasks.OpenAsync(charge, row, CancellationToken.None);
        }
        if (Admission.Refuse(refusal) is { } refused)
        {
            return Refuse(refused.Code == "insufficient_user_quota" ? "quota_not_enough" : refused.Code, refused.Message);
        }
        (submission.Row, submission.Payer) = (row, payer);
        return null;
    }

    private async Task<RelayFault?> AcceptAsync(MidjourneySubmission submission, ProxyReply reply)
    {
        var (call, answer) = (submission.Call, reply.Answer!);
        var row = submission.Row = submission.Row! with { MjId = answer.TaskId, Description = answer.Description, Status = "SUBMITTED" };
        // Whether or not the next line learns what became of its commit: the proxy draws, and only the end of the drawing gives anything back.
        submission.Taken = true;
        var entry = call.Snapshot.Options.LogConsumeEnabled && row.Quota > 0 ? LogOf(submission) : null;
        if (!await tasks.AcceptAsync(row, entry, CancellationToken.None))
        {
            return new RelayFault(504, "do_request_failed", "The upstream took too long to take the task; it had been given up.") { UpstreamCode = "5" };
        }
        // An upload is over when it is answered.
        if (answer.IsResult || row.Action == MidjourneyActions.Upload)
        {
            await tasks.SucceedAsync(row, CancellationToken.None);
        }
        using var body = new PooledBuffer();
        MidjourneyAnswer.Write(body, reply.Body);
        await ReplyAsync(call.Http, body.Memory);
        return null;
    }

    /// <summary>Ends a task that no proxy has taken, with its money. Should that fail too, a job does it when the task's time is over.</summary>
    private async Task GiveUpAsync(MidjourneySubmission submission, string reason)
    {
        if (submission is not { Row: { } row, Taken: false })
        {
            return;
        }
        try
        {
            await tasks.FailAsync(row with { Quota = 0 }, reason, CancellationToken.None);
        }
        catch (Exception error)
        {
            log.CallFailed(submission.Call.RequestId, error);
        }
    }

    private static MidjourneyEdits EditsFor(RelayCall call, Attempt attempt)
    {
        var options = call.Snapshot.Options;
        // Whoever calls back learns where the gateway is: only when the operator does not mind.
        var hook = options.MjNotifyEnabled && attempt.Key is { } key
            ? $"{options.ServerAddress}/mj/notify/{attempt.Channel.Id}/{call.RequestId}/{MidjourneySeal.Of(key, call.RequestId)}"
            : null;
        return new MidjourneyEdits(options.MjAccountFilterEnabled, options.MjNotifyEnabled, hook, options.MjModeClearEnabled);
    }

    private void Conclude(RelayCall call, Attempt attempt, RelayFault? fault)
    {
        attempt.Fault = fault;
        if (fault is null)
        {
            watch.Answered(attempt);
            return;
        }
        limits.Leave(call, attempt.Channel);
        watch.Failed(call, attempt, fault);
        log.ChannelRefused(call.RequestId, attempt.Channel.Id, call.Model, fault.Status, fault.Code);
        errors.Append(call, attempt, fault);
    }

    /// <summary>The row of the usage log of a task that was taken; the ledger fills in ids, amount, type and time.</summary>
    private LogRow LogOf(MidjourneySubmission submission)
    {
        var (call, row, payer) = (submission.Call, submission.Row!, submission.Payer);
        var space = new System.Buffers.ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(space, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            TaskLog.WritePrice(json, call.Price.ForTask(), ReadOnlyDictionary<string, decimal>.Empty);
            json.WriteString("task_id"u8, row.MjId);
            json.WriteString("action"u8, row.Action);
            json.WriteString("request_path"u8, call.Http.Request.Path.Value);
            json.WriteString("billing_source"u8, payer.Source);
            if (payer.SubscriptionId != 0)
            {
                json.WriteNumber("subscription_id"u8, payer.SubscriptionId);
            }
            json.WriteStartObject("admin_info"u8);
            AttemptFields.Write(json, call);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return new LogRow
        {
            Content = $"Midjourney {row.Action}",
            Username = call.Caller.Username,
            TokenName = call.Caller.TokenName,
            ModelName = call.Model,
            UseTime = (long)clock.GetElapsedTime(call.StartedAt).TotalSeconds,
            Group = call.Group,
            Ip = call.Caller.RecordsAddress ? ClientAddress.Of(call.Http).ToString() : "",
            Other = System.Text.Encoding.UTF8.GetString(space.WrittenSpan),
        };
    }

    /// <summary>What the proxy's server, and not the proxy, said: its trouble with us is not the caller's.</summary>
    private static RelayFault ForCaller(RelayFault fault) => fault.Status == StatusCodes.Status429TooManyRequests
        ? fault with { UpstreamCode = "30" }
        : fault with { Status = fault.Status == StatusCodes.Status504GatewayTimeout ? 504 : 502, UpstreamCode = "5" };

    private static List<string>? ReadIds(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("ids", out var ids)
                || ids.ValueKind != JsonValueKind.Array || ids.GetArrayLength() > MostIds)
            {
                return null;
            }
            return [.. ids.EnumerateArray().Where(id => id.ValueKind is JsonValueKind.String or JsonValueKind.Number).Select(id => id.ToString()).Where(id => id.Length > 0)];
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The mode goes upstream as it is: a plain word, and no path.</summary>
    private static bool IsMode(HttpContext http)
    {
        foreach (var letter in (string?)http.Request.RouteValues["mode"] ?? "")
        {
            if (!char.IsAsciiLetterOrDigit(letter) && letter is not ('-' or '_'))
            {
                return false;
            }
        }
        return true;
    }

    private static async Task ReplyAsync(HttpContext http, ReadOnlyMemory<byte> body)
    {
        http.Response.ContentType = "application/json; charset=utf-8";
        http.Response.ContentLength = body.Length;
        await http.Response.BodyWriter.WriteAsync(body, http.RequestAborted);
    }

    /// <summary>A task of the caller's own; null for any other, and for those of models that the key may not use.</summary>
    private async Task<MidjourneyRow?> FindAsync(RelayCall call, string id) =>
        await tasks.FindAsync(call.Caller.UserId, id, call.Http.RequestAborted) is { } row && MayRead(call, row) ? row : null;

    private static bool MayRead(RelayCall call, MidjourneyRow row) => call.Caller.MayUse(MidjourneyActions.ModelOf(row.Action));

    private static RelayFault NoTask() => Refuse("task_no_found", "There is no such task.");

    private static RelayFault Refuse(string code, string message) => new(400, code, message) { Final = true };
}

/// <summary>A task on its way to a proxy.</summary>
internal sealed class MidjourneySubmission(RelayCall call, MidjourneyRequest request)
{
    public RelayCall Call => call;

    public MidjourneyRequest Request => request;

    /// <summary>Null until it is paid.</summary>
    public MidjourneyRow? Row { get; set; }

    public TaskPayer Payer { get; set; }

    /// <summary>A proxy has taken it. Should its row not say so, a job ends it.</summary>
    public bool Taken { get; set; }
}
