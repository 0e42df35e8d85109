using System.Text.Json;
using NewApi.Data.Ledger;
using NewApi.Data.Rows;
using NewApi.Data.Tasks;
using NewApi.Domain;
using NewApi.Domain.Groups;
using NewApi.Domain.Pricing;
using NewApi.Domain.Tasks;
using NewApi.Protocols;
using NewApi.Providers.Tasks;
using NewApi.RelayService.Authentication;
using NewApi.RelayService.Channels;
using NewApi.RelayService.Limits;
using NewApi.RelayService.Settlement;
using NewApi.RelayService.Upstream;
using NewApi.ServiceDefaults.Egress;
using NewApi.RelayService.UsageLogging;

namespace NewApi.RelayService.Tasks;

/// <summary>
/// The story of an order: authenticate, read, route, then charge and store the task in one transaction, and only then ask channel by channel
/// until one accepts it. Whatever happens after the charge ends in an accepted task or in one that is given up with its money.
/// </summary>
internal sealed class TaskPipeline(
    RelaySnapshots snapshots,
    Authenticator authenticator,
    RequestReader reader,
    CallLimits limits,
    LoadGuard load,
    Chooser chooser,
    ChannelWatch watch,
    UpstreamClients clients,
    TaskStore store,
    Ledger ledger,
    ErrorLog errors,
    TaskRecords records,
    RelayMetrics metrics,
    RelayOptions options,
    TimeProvider clock,
    ILogger<TaskPipeline> log)
{
    public const string FactorsHeader = "X-New-Api-Other-Ratios";

    private const int AcceptTries = 5;

    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Slack = TimeSpan.FromMinutes(1);

    /// <summary>Nobody waits for an upstream longer than that.</summary>
    private TimeSpan SubmitTimeout => options.CallTimeout > TimeSpan.Zero ? options.CallTimeout : options.FirstByteTimeout;

    /// <param name="http">The caller.</param>
    /// <param name="surface">What the order is written in.</param>
    /// <param name="source">The task that it follows, where the address names one.</param>
    /// <param name="writeAsync">Writes the receipt.</param>
    public async Task SubmitAsync(HttpContext http, TaskSurface surface, string? source, Func<HttpContext, StoredTask, Task> writeAsync)
    {
        using var call = new RelayCall(http, surface.Dialect, RequestId.Next(clock), clock.GetTimestamp()) { Snapshot = snapshots.Current };
        call.Scan = RequestScanner.Nothing(surface.Dialect);
        http.Response.Headers[RequestId.Header] = call.RequestId;
        var work = new TaskCall(call, surface);
        RelayFault? fault;
        try
        {
            fault = load.Overloaded
                ?? await authenticator.AuthenticateAsync(call)
                ?? await reader.ReadBodyAsync(call)
                ?? await ReadOrderAsync(work)
                ?? await FollowAsync(work, source)
                ?? await Router.RouteAsync(call, snapshots, clock)
                ?? limits.Admit(call)
                ?? call.Snapshot.SensitiveWords?.Check(call.Body!.Span)
                ?? await OrderAsync(work);
        }
        catch (Exception) when (http.RequestAborted.IsCancellationRequested && work.Task is null)
        {
            metrics.Ended(call, "client_gone");
            limits.End(call, succeeded: false);
            return;
        }
        catch (Exception error)
        {
            log.CallFailed(call.RequestId, error);
            fault = new RelayFault(500, "internal_error", "The gateway failed to handle this order.");
            await GiveUpAsync(work, "The gateway failed to handle this order.");
        }
        metrics.Ended(call, fault?.Code ?? "ok");
        limits.End(call, succeeded: fault is null);
        if (fault is not null)
        {
            await TaskFaults.WriteAsync(http, TaskFaults.ForCaller(fault), call.RequestId);
            return;
        }
        http.Response.Headers[FactorsHeader] = JsonSerializer.Serialize(work.Factors);
        await writeAsync(http, work.Task!);
    }

    private static async ValueTask<RelayFault?> ReadOrderAsync(TaskCall work)
    {
        var call = work.Call;
        var (order, fault) = await TaskOrders.ReadAsync(work.Surface, call.Body!.Memory, call.Http.Request.ContentType);
        if (order is not null)
        {
            work.Order = order;
            call.Model = order.Model;
        }
        return fault;
    }

    /// <summary>An order that follows a task goes to the channel that made it, and names it as the upstream does.</summary>
    private async ValueTask<RelayFault?> FollowAsync(TaskCall work, string? source)
    {
        var call = work.Call;
        if (work.Surface.Dialect == Dialect.Suno && source is null && work.Order.Body?["task_id"] is { } named)
        {
            source = named.ToString();
        }
        if (string.IsNullOrEmpty(source))
        {
            return null;
        }
        if (await store.FindAsync(call.Caller.UserId, source, call.Http.RequestAborted) is not { UpstreamId.Length: > 0 } task)
        {
            return TaskFaults.NotFound;
        }
        if (!call.Snapshot.Routing.TryFind(task.Row.ChannelId, out var channel, out var enabled)
            || channel is null || !enabled || channel.Profile.Tasks?.Dialect != work.Surface.Dialect)
        {
            return TaskFaults.ChannelGone;
        }
        if (work.Surface.Follows)
        {
            if (task.State != TaskState.Succeeded)
            {
                return TaskOrders.Invalid("Only a finished film can be followed.");
            }
            call.Model = task.Model;
        }
        // A pinned call skips the limits of the key; this one is not pinned by its caller.
        if (!call.Caller.MayUse(call.Model))
        {
            return new RelayFault(403, "access_denied", $"This key may not use the model {call.Model}.") { Final = true };
        }
        call.Pinned = channel;
        work.Source = task;
        work.Order = work.Order with { Model = call.Model, Source = task.UpstreamId, SourceFactors = task.Facts.Own?.Factors };
        return null;
    }

    private async Task<RelayFault?> OrderAsync(TaskCall work)
    {
        var call = work.Call;
        RelayFault? fault = null;
        var unsure = false;
        while (chooser.MayTry(call) && chooser.Next(call) is { } attempt)
        {
            // The price is that of the group which is the first to serve; another one does not come to.
            (call.Groups, call.GroupIndex) = ([call.Group], 0);
            (fault, unsure) = await TryAsync(work, attempt);
            if (fault is null)
            {
                return null;
            }
            call.LastFault = fault;
            if (unsure || !RetryRules.AllowTask(fault) || call.Http.RequestAborted.IsCancellationRequested)
            {
                break;
            }
        }
        fault ??= Router.NoChannel(call);
        await GiveUpAsync(work, unsure ? "It is not known whether the upstream accepted the task." : TaskFaults.ForCaller(fault).Message);
        return fault;
    }

    /// <summary>One channel: null when it has accepted the order; unsure when nobody knows whether it has.</summary>
    private async Task<(RelayFault? Fault, bool Unsure)> TryAsync(TaskCall work, Attempt attempt)
    {
        var (call, channel) = (work.Call, attempt.Channel);
        if (Prepare(work, attempt, out var service, out var model) is { } unfit)
        {
            return (Failed(call, attempt, unfit, unfit), false);
        }
        if (limits.Enter(call, channel) is { } full)
        {
            ChannelWatch.Left(attempt);
            return (Note(call, attempt, full), false);
        }
        // From here on a caller who leaves ends nothing: an order that is cut off leaves everybody unsure.
        if (work.Task is null && (Router.SetPrice(call) ?? await ChargeAsync(work, service, channel, model)) is { } refusal)
        {
            ChannelWatch.Left(attempt);
            call.Attempts.Remove(attempt);
            return (refusal, false);
        }
        using var deadline = new CancellationTokenSource(SubmitTimeout, clock);
        var receipt = await service.SubmitAsync(MessageOf(call, attempt, model), work.Order, clients.For(channel.Proxy), deadline.Token);
        if (work.Order.Form is not null)
        {
            // The connection may still be sending what lies there.
            call.KeepBodyFromPool();
        }
        if (receipt.Fault is { } raw)
        {
            limits.Leave(call, channel);
            var mapped = channel.StatusMapping.TryGetValue(raw.Status, out var status) ? raw with { Status = status } : raw;
            return (Failed(call, attempt, raw, mapped), receipt.Unsure);
        }
        watch.Answered(attempt);
        return (await AcceptAsync(work, attempt, service, model, receipt), false);
    }

    /// <summary>What is wrong with the channel, or with the order as it would go there.</summary>
    private RelayFault? Prepare(TaskCall work, Attempt attempt, out TaskService service, out string model)
    {
        var channel = attempt.Channel;
        (service, model) = (channel.Profile.Tasks!, "");
        if (service?.Dialect != work.Surface.Dialect)
        {
            return new RelayFault(400, "invalid_api_platform", "The channel does not take this kind of order.") { Final = true };
        }
        if (!channel.TryMapModel(work.Call.ModelForChannels, out model))
        {
            return new RelayFault(500, "channel:model_mapped_error", "The channel's model mapping cannot be followed.");
        }
        if (attempt.Key is null)
        {
            return new RelayFault(503, "channel:no_available_key", "Every key of the channel is disabled.");
        }
        if (channel.HeaderOverride is { Broken: true })
        {
            return new RelayFault(500, "channel:header_override_invalid", "The channel's header override cannot be read.");
        }
        if (service.Refuse(work.Order, model) is { } mistake)
        {
            return TaskOrders.Invalid(mistake);
        }
        work.Factors = FactorsOf(work, service.Factors(work.Order, model));
        return null;
    }

    /// <summary>Takes the whole price and stores the task with it, before any upstream is called.</summary>
    private async Task<RelayFault?> ChargeAsync(TaskCall work, TaskService service, Channel channel, string model)
    {
        var (call, order, caller) = (work.Call, work.Order, work.Call.Caller);
        var price = call.Price.ForTask() with { Unmultiplied = options.TaskPricePatch.Contains(call.Model) };
        work.ChargeFactors = CallFactors.ForHold(call, clock) with { OtherRatio = TaskPrice.Product(work.Factors), Facts = FactsOf(work) };
        if (call.Price.HoldForTask(work.ChargeFactors, out var points) is { } fault)
        {
            return fault;
        }
        var draft = new TaskDraft
        {
            Id = StoredTask.NextId(),
            Platform = PlatformOf(service, channel),
            Action = service.ActionOf(order),
            Group = call.Group,
            Properties = new TaskProperties { Model = call.Model, UpstreamModel = model, Input = order.Prompt },
            Facts = new OwnTaskFacts
            {
                RequestId = call.RequestId,
                Price = price,
                Factors = work.Factors,
                Username = caller.Username,
                TokenName = caller.TokenName,
                Path = call.Http.Request.Path.Value ?? "",
                Logged = call.Snapshot.Options.LogConsumeEnabled,
                Seconds = work.Factors.TryGetValue("seconds", out var seconds) ? (int)seconds : order.Seconds,
                Size = order.Size.Length > 0 ? order.Size : null,
                Source = work.Source?.Id,
            },
        };
        var charge = new TaskCharge { RequestId = call.RequestId, UserId = caller.UserId, TokenId = caller.TokenId, ChannelId = 0, Points = points.Points };
        var patience = options.AttemptBudget + SubmitTimeout + Slack;
        var (task, refusal) = await store.OpenAsync(draft, charge, patience, CancellationToken.None);
        if (refusal != HoldRefusal.None)
        {
            // What this process has set aside for calls that may come is the account's all the same.
            await ledger.ReturnFreeAsync(caller.Payer, CancellationToken.None);
            (task, refusal) = await store.OpenAsync(draft, charge, patience, CancellationToken.None);
        }
        work.Task = task;
        return Admission.Refuse(refusal);
    }

    private async Task<RelayFault?> AcceptAsync(TaskCall work, Attempt attempt, TaskService service, string model, TaskReceipt receipt)
    {
        var (call, channel, task) = (work.Call, attempt.Channel, work.Task!);
        if (receipt.Factors is { } real)
        {
            work.Factors = FactorsOf(work, real);
        }
        var cost = channel.Purchase?.CostOfTask(call.Price, work.ChargeFactors with { OtherRatio = TaskPrice.Product(work.Factors) });
        var acceptance = new TaskAcceptance
        {
            ChannelId = channel.Id,
            Platform = PlatformOf(service, channel),
            UpstreamId = receipt.UpstreamId,
            UpstreamModel = model,
            KeyMark = channel.IsMultiKey ? StoredTask.MarkOf(attempt.Key!.Secret) : null,
            Factors = work.Factors,
            Cost = cost?.Points,
            Data = receipt.Data.ValueKind == JsonValueKind.Undefined ? null : receipt.Data.GetRawText(),
        };
        var row = call.Snapshot.Options.LogConsumeEnabled ? records.Make(work, channel, model, attempt.Key!, cost) : null;
        await StoreAsync(call, task, acceptance, row);
        var stored = await store.FindAsync(call.Caller.UserId, task.Id, CancellationToken.None) ?? task;
        if (stored.UpstreamId != receipt.UpstreamId)
        {
            return new RelayFault(504, "do_request_failed", "The upstream took too long to accept the task; it had been given up.") { Final = true };
        }
        work.Task = stored;
        return null;
    }

    /// <summary>The upstream works on it by now: a database that is away for a moment must not cost the caller the task.</summary>
    private async Task StoreAsync(RelayCall call, StoredTask task, TaskAcceptance acceptance, LogRow? row)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                await store.AcceptAsync(task, acceptance, row, CancellationToken.None);
                return;
            }
            catch (Exception error) when (tries < AcceptTries)
            {
                log.CallFailed(call.RequestId, error);
                await Task.Delay(AcceptPause * tries, clock);
            }
        }
    }

    /// <summary>Ends a task that no upstream has accepted, with its money. Should that fail too, a job does it when the task's time is over.</summary>
    private async Task GiveUpAsync(TaskCall work, string reason)
    {
        if (work.Task is not { } task)
        {
            return;
        }
        try
        {
            await store.EndAsync(
                task, new TaskNews { State = TaskState.Failed, Reason = reason, From = TaskState.NotStarted }, CancellationToken.None);
        }
        catch (Exception error)
        {
            log.CallFailed(work.Call.RequestId, error);
        }
    }

    private RelayMessage MessageOf(RelayCall call, Attempt attempt, string model)
    {
        var (channel, key) = (attempt.Channel, attempt.Key!.Secret);
        return new RelayMessage(call.Http.Request, channel.HeaderOverride?.Resolve(call.Http.Request, key))
        {
            Account = channel.Account,
            Key = key,
            Dialect = call.Dialect,
            CallerModel = call.Model,
            Model = model,
            RequestId = call.RequestId,
            Settings = options.Providers,
            Clock = clock,
        };
    }

    private RelayFault Failed(RelayCall call, Attempt attempt, RelayFault raw, RelayFault mapped)
    {
        attempt.Fault = mapped;
        watch.Failed(call, attempt, raw);
        return Note(call, attempt, mapped);
    }

    private RelayFault Note(RelayCall call, Attempt attempt, RelayFault fault)
    {
        attempt.Fault = fault;
        log.ChannelRefused(call.RequestId, attempt.Channel.Id, call.Model, fault.Status, fault.Code);
        errors.Append(call, attempt, fault);
        return fault;
    }

    private static string PlatformOf(TaskService service, Channel channel) => service.Platform ?? channel.Profile.ChannelType.ToString();

    /// <summary>What multiplies the price: nothing, for a model that is sold by the piece.</summary>
    private Dictionary<string, decimal> FactorsOf(TaskCall work, IReadOnlyDictionary<string, decimal> factors) =>
        options.TaskPricePatch.Contains(work.Call.Model) ? []
        : factors.Where(factor => factor.Value > 0).ToDictionary(factor => factor.Key, factor => factor.Value);

    /// <summary>What a price that is a formula may ask for.</summary>
    private static Dictionary<string, decimal> FactsOf(TaskCall work)
    {
        var facts = new Dictionary<string, decimal>(work.Factors);
        if (work.Order.Seconds is { } seconds)
        {
            facts.TryAdd("seconds", seconds);
        }
        return facts;
    }
}
