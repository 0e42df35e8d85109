using NewApi.Domain;
using NewApi.Domain.Pricing;
using NewApi.Protocols;
using NewApi.RelayService.Authentication;
using NewApi.RelayService.Channels;
using NewApi.RelayService.Limits;
using NewApi.RelayService.Metering;
using NewApi.RelayService.Replies;
using NewApi.RelayService.Settlement;
using NewApi.RelayService.Upstream;
using NewApi.RelayService.UsageLogging;

namespace NewApi.RelayService;

/// <summary>
/// The story of a call: authenticate, read, understand, hold, then attempt by attempt choose a channel and call it, and deliver what it
/// answers. Every step returns the fault that ends the call, or nothing.
/// </summary>
internal sealed class RelayPipeline(
    RelaySnapshots snapshots,
    Authenticator authenticator,
    RequestReader reader,
    CallLimits limits,
    LoadGuard load,
    Affinity affinity,
    Admission admission,
    Violations violations,
    UpstreamCaller upstream,
    Delivery delivery,
    ErrorLog errors,
    RelayMetrics metrics,
    RelayOptions options,
    TimeProvider clock,
    ILogger<RelayPipeline> log)
{
    /// <summary>How long a call that would be refused waits for a change that is being read.</summary>
    private static readonly TimeSpan ReloadPatience = TimeSpan.FromSeconds(2);

    public async Task RunAsync(HttpContext http, Dialect dialect, string? model = null, string? action = null)
    {
        using var call = new RelayCall(http, dialect, RequestId.Next(clock), clock.GetTimestamp())
        {
            Snapshot = snapshots.Current,
            Model = model ?? "",
            Action = action,
        };
        http.Response.Headers[RequestId.Header] = call.RequestId;
        RelayFault? fault;
        try
        {
            fault = load.Overloaded
                ?? await authenticator.AuthenticateAsync(call)
                ?? await reader.ReadAsync(call)
                ?? await RouteAsync(call)
                ?? limits.Admit(call)
                ?? call.Snapshot.SensitiveWords?.Check(call.Body!.Span)
                ?? await admission.HoldAsync(call)
                ?? await AttemptAsync(call);
            if (fault is not null && LocalCount.StandsIn(call, fault))
            {
                await LocalCount.AnswerAsync(call);
                fault = null;
            }
        }
        catch (Exception) when (http.RequestAborted.IsCancellationRequested)
        {
            // The caller has left; disposing the call gives the hold back.
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
            await ReplyWriter.WriteFaultAsync(http, ErrorShapes.For(dialect), fault, call.RequestId);
        }
    }

    /// <summary>
    /// A refusal must not rest on an old picture: an administrator may have added the channel or the price a moment ago, and its reading
    /// be under way.
    /// </summary>
    private async ValueTask<RelayFault?> RouteAsync(RelayCall call)
    {
        var fault = Router.Route(call);
        if (fault is null)
        {
            return null;
        }
        if (snapshots.Reloading is { } reloading)
        {
            await reloading.WaitAsync(ReloadPatience, clock, call.Http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        if (call.Snapshot == snapshots.Current)
        {
            return fault;
        }
        call.Snapshot = snapshots.Current;
        return Router.Route(call);
    }

    private async Task<RelayFault?> AttemptAsync(RelayCall call)
    {
        RelayFault? fault = null;
        // The operator's number of retries counts where it is larger; without one, a fault that no caller has seen is still worth another
        // channel.
        var attempts = call.Pinned is null ? Math.Max(1 + call.Snapshot.Options.RetryTimes, options.MaxAttempts) : 1;
        for (var attempt = 0; attempt < attempts; attempt++)
        {
            if (attempt > 0 && clock.GetElapsedTime(call.StartedAt) > options.AttemptBudget)
            {
                break;
            }
            if (ChannelFor(call) is not { } channel)
            {
                break;
            }
            // Another group may have come to serve the call: its ratio is what is billed, and the hold must cover it.
            fault = await admission.CoverAsync(call) ?? fault;
            if (fault is { Final: true })
            {
                break;
            }
            var failed = await TryAsync(call, channel);
            if (failed is null)
            {
                return null;
            }
            fault = call.LastFault = failed;
            if (ViolationFee.IsViolation(fault))
            {
                await violations.ChargeAsync(call, channel, fault);
                break;
            }
            if (!RetryRules.Allow(fault, call.Snapshot.Options) || (call.Affinity?.Rule.StaysOnFailure == true && RetryRules.BlamesRequest(fault)))
            {
                break;
            }
        }
        return fault is null ? Router.NoChannel(call) : ForCaller(fault);
    }

    /// <summary>A session stays with the channel that has its cache, as long as that serves.</summary>
    private Channel? ChannelFor(RelayCall call)
    {
        if (call.Tried.Count == 0 && call.Pinned is null)
        {
            affinity.Match(call);
            if (affinity.Preferred(call) is { } preferred)
            {
                call.TriedInGroup++;
                return preferred;
            }
        }
        return Router.Next(call);
    }

    /// <summary>One attempt; null when the answer was delivered, or the caller was told in the stream that it broke.</summary>
    private async Task<RelayFault?> TryAsync(RelayCall call, Channel channel)
    {
        call.Tried.Add(channel);
        RelayFault fault;
        if (limits.Enter(call, channel) is { } full)
        {
            fault = full;
        }
        else if (channel.NextKey(Random.Shared) is not { } key)
        {
            fault = new RelayFault(503, "channel:no_available_key", "Every key of the channel is disabled.");
        }
        else
        {
            using var exchange = await upstream.OpenAsync(call, channel, key);
            if (exchange.Fault is null)
            {
                call.ServingKey = key;
                affinity.Remember(call, channel);
                await delivery.DeliverAsync(call, exchange);
                return null;
            }
            fault = Violations.Recognize(call, exchange.Fault);
        }
        log.ChannelRefused(call.RequestId, channel.Id, call.Model, fault.Status, fault.Code);
        errors.Append(call, channel, fault);
        return fault;
    }

    /// <summary>An upstream that refuses our credential is our trouble: the caller's own key is fine.</summary>
    private static RelayFault ForCaller(RelayFault fault) =>
        fault is { FromUpstream: true, Status: StatusCodes.Status401Unauthorized }
            ? fault with { Status = StatusCodes.Status502BadGateway }
            : fault;
}
