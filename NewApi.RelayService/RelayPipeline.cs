using NewApi.Domain;
using NewApi.Domain.Pricing;
using NewApi.Protocols;
using NewApi.RelayService.Authentication;
using NewApi.RelayService.Channels;
using NewApi.RelayService.Limits;
using NewApi.RelayService.Metering;
using NewApi.RelayService.Realtime;
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
    Chooser chooser,
    UpstreamCaller upstream,
    ChannelWatch watch,
    Delivery delivery,
    RealtimeSession realtime,
    LocalCount localCount,
    ErrorLog errors,
    RelayMetrics metrics,
    RelayOptions options,
    TimeProvider clock,
    ILogger<RelayPipeline> log)
{
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
                ?? await Router.RouteAsync(call, snapshots, clock)
                ?? limits.Admit(call)
                ?? call.Snapshot.SensitiveWords?.Check(call.Body is { } body ? body.Span : default)
                ?? await admission.HoldAsync(call)
                ?? await AttemptAsync(call);
            if (fault is not null && LocalCount.StandsIn(call, fault))
            {
                await localCount.AnswerAsync(call);
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
            await (call.Pinged
                ? ReplyWriter.WriteErrorFrameAsync(http, dialect, fault, call.RequestId)
                : ReplyWriter.WriteFaultAsync(http, ErrorShapes.For(dialect), fault, call.RequestId));
        }
    }

    private async Task<RelayFault?> AttemptAsync(RelayCall call)
    {
        RelayFault? fault = null;
        while (chooser.MayTry(call) && chooser.Next(call) is { } attempt)
        {
            // Another group may have come to serve the call: its ratio is what is billed, and the hold must cover it.
            if (await admission.CoverAsync(call) is { } refusal)
            {
                call.Attempts.Remove(attempt);
                ChannelWatch.Left(attempt);
                return refusal;
            }
            if (call.Dialect == Dialect.OpenAIRealtime)
            {
                fault = await ConverseAsync(call, attempt);
            }
            else
            {
                using var exchange = await OpenAsync(call, attempt);
                fault = exchange.Fault;
                if (fault is null)
                {
                    await DeliverAsync(call, exchange);
                }
            }
            if (fault is null)
            {
                return null;
            }
            call.LastFault = fault;
            if (ViolationFee.IsViolation(fault))
            {
                await violations.ChargeAsync(call, attempt.Channel, fault);
                break;
            }
            if (!RetryRules.Allow(fault, call.Snapshot.Options) || (call.Affinity?.Rule.StaysOnFailure == true && RetryRules.BlamesRequest(fault)))
            {
                break;
            }
            // A caller who has left is never retried, even where the channel was read on for the bill.
            call.Http.RequestAborted.ThrowIfCancellationRequested();
        }
        return fault is null ? Router.NoChannel(call) : ForCaller(fault);
    }

    private Task<Exchange> OpenAsync(RelayCall call, Attempt attempt)
    {
        var opening = options.HedgeAfter > TimeSpan.Zero && call.Pinned is null ? RaceAsync(call, attempt) : LookAsync(call, attempt, default);
        return call.Stream && call.Snapshot.Options.General.PingIntervalEnabled && call.Dialect != Dialect.GeminiContent
            ? WithPingsAsync(call, opening)
            : opening;
    }

    /// <summary>Makes one attempt and draws the conclusions.</summary>
    private async Task<Exchange> LookAsync(RelayCall call, Attempt attempt, CancellationToken outrun)
    {
        if (Enter(call, attempt) is { } full)
        {
            // A channel without room is not out of order.
            ChannelWatch.Left(attempt);
            attempt.Fault = full;
            log.ChannelRefused(call.RequestId, attempt.Channel.Id, call.Model, full.Status, full.Code);
            errors.Append(call, attempt, full);
            return new Exchange(attempt, call.Http.RequestAborted) { Fault = full, RawFault = full };
        }
        var exchange = await upstream.OpenAsync(call, attempt, outrun);
        if (exchange.Fault is null)
        {
            watch.Answered(attempt);
        }
        else if (outrun.IsCancellationRequested)
        {
            ChannelWatch.Left(attempt);
        }
        else
        {
            Leave(call, attempt);
            attempt.Fault = exchange.Fault = Violations.Recognize(call, exchange.Fault);
            watch.Failed(call, attempt, exchange.RawFault!);
            log.ChannelRefused(call.RequestId, attempt.Channel.Id, call.Model, exchange.Fault.Status, exchange.Fault.Code);
            errors.Append(call, attempt, exchange.Fault);
        }
        return exchange;
    }

    /// <summary>A realtime session on one channel; null when it took place.</summary>
    private async Task<RelayFault?> ConverseAsync(RelayCall call, Attempt attempt)
    {
        var full = Enter(call, attempt);
        var fault = full ?? await realtime.RunAsync(call, attempt);
        if (fault is null)
        {
            watch.Answered(attempt);
            return null;
        }
        if (full is null)
        {
            Leave(call, attempt);
            watch.Failed(call, attempt, fault);
        }
        else
        {
            ChannelWatch.Left(attempt);
        }
        attempt.Fault = fault;
        log.ChannelRefused(call.RequestId, attempt.Channel.Id, call.Model, fault.Status, fault.Code);
        errors.Append(call, attempt, fault);
        return fault;
    }

    // Two attempts of a call may run at a time.
    private RelayFault? Enter(RelayCall call, Attempt attempt)
    {
        lock (call.Attempts)
        {
            return limits.Enter(call, attempt.Channel);
        }
    }

    private void Leave(RelayCall call, Attempt attempt)
    {
        lock (call.Attempts)
        {
            limits.Leave(call, attempt.Channel);
        }
    }

    /// <summary>Asks a second channel when the first is slow to begin, and takes what answers first; the other is ended and costs the caller nothing.</summary>
    private async Task<Exchange> RaceAsync(RelayCall call, Attempt attempt)
    {
        using var endFirst = new CancellationTokenSource();
        using var endSecond = new CancellationTokenSource();
        var first = LookAsync(call, attempt, endFirst.Token);
        await ((Task)first).WaitAsync(options.HedgeAfter, clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (first.IsCompleted || !chooser.MayTry(call) || chooser.Beside(call) is not { } beside)
        {
            return await first;
        }
        var second = LookAsync(call, beside, endSecond.Token);
        var winner = await Task.WhenAny(first, second);
        var (loser, lost, end) = winner == first ? (second, beside, endSecond) : (first, attempt, endFirst);
        var answered = winner.IsCompletedSuccessfully && winner.Result.Fault is null;
        if (answered)
        {
            lost.Outrun = true;
            await end.CancelAsync();
        }
        // Both read the caller's body, so neither is left running.
        await ((Task)loser).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var (kept, dropped, over) = answered ? (winner, loser, lost) : (loser, winner, lost == attempt ? beside : attempt);
        // Its channel has room for others while the one that is kept still answers.
        Leave(call, over);
        if (dropped.IsCompletedSuccessfully)
        {
            dropped.Result.Dispose();
        }
        return await kept;
    }

    /// <summary>
    /// Keeps the caller's connection alive while nothing comes, if the operator wants that. The first ping commits the status 200; attempts
    /// go on behind it, and a call that fails in the end is told so in the stream.
    /// </summary>
    private async Task<Exchange> WithPingsAsync(RelayCall call, Task<Exchange> opening)
    {
        using var settled = new CancellationTokenSource();
        var interval = call.Snapshot.Options.General.PingInterval;
        while (await Task.WhenAny(opening, Task.Delay(interval, clock, settled.Token)) != opening)
        {
            ReplyWriter.StartStream(call.Http, null);
            call.Pinged = true;
            await ReplyWriter.WritePingAsync(call.Http);
        }
        await settled.CancelAsync();
        return await opening;
    }

    private async Task DeliverAsync(RelayCall call, Exchange exchange)
    {
        call.ServedBy(exchange);
        affinity.Remember(call, exchange.Channel);
        var end = await delivery.DeliverAsync(call, exchange);
        if (end is StreamEndReason.UpstreamCut or StreamEndReason.UpstreamError or StreamEndReason.IdleTimeout)
        {
            watch.BrokeOff(call, exchange.Attempt, exchange.Tap?.Error ?? Delivery.FaultOf(end));
        }
    }

    /// <summary>An upstream that refuses our credential is our trouble: the caller's own key is fine.</summary>
    private static RelayFault ForCaller(RelayFault fault) =>
        fault is { FromUpstream: true, Status: StatusCodes.Status401Unauthorized }
            ? fault with { Status = StatusCodes.Status502BadGateway }
            : fault;
}
