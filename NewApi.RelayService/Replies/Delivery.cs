using System.Buffers;
using System.IO.Pipelines;
using NewApi.Domain;
using NewApi.Domain.Pricing;
using NewApi.Protocols;
using NewApi.Protocols.Canonical;
using NewApi.RelayService.Channels;
using NewApi.RelayService.Limits;
using NewApi.RelayService.Metering;
using NewApi.RelayService.Settlement;
using NewApi.RelayService.Upstream;
using NewApi.RelayService.UsageLogging;
using ZstdSharp;

namespace NewApi.RelayService.Replies;

/// <summary>
/// Sends an answer on and settles the call. The order is the contract: the charge is in the journal before the caller has the last byte,
/// and once anything has been delivered the call is charged, whether or not the caller stayed to read it.
/// </summary>
internal sealed class Delivery(
    RelayOptions options,
    UsageMeter meter,
    UsageRecords records,
    CallLimits limits,
    RelayMetrics metrics,
    UnpricedTools unpriced,
    TimeProvider clock)
{
    /// <summary>A prompt is kept until its stream has ended, since it may have to be counted; of longer ones than this, some.</summary>
    private const int ShortPrompt = 16 * 1024;

    private const int SoundPiece = 32 * 1024;

    private long _longPrompts;

    private static readonly TimeSpan CheckpointEvery = TimeSpan.FromSeconds(2);

    /// <summary>Silence is measured in steps of this, so that a busy stream does not re-arm a timer for every chunk; milliseconds.</summary>
    private const long TimerStep = 1000;

    /// <summary>What a stream that broke off is called.</summary>
    public static RelayFault FaultOf(StreamEndReason end) => end == StreamEndReason.IdleTimeout
        ? new RelayFault(504, "do_request_failed", "The upstream fell silent.") { Leg = Leg.Body }
        : new RelayFault(502, "bad_response_body", "The upstream broke the stream off.") { Leg = Leg.Body };

    /// <returns>How the answer ended.</returns>
    public async Task<StreamEndReason> DeliverAsync(RelayCall call, Exchange exchange)
    {
        if (exchange.Buffered is not { } body)
        {
            return exchange.Sound is null ? await StreamAsync(call, exchange) : await PassSoundAsync(call, exchange);
        }
        var usage = meter.OfReply(call, exchange.Facts, body.Span);
        // After pings there is no way back from a stream.
        var reply = exchange.Reply ?? (call.Http.Response.HasStarted && Translations.Exists(call.Dialect, exchange.Dialect)
            ? Translations.CodecOf(exchange.Dialect).ReadReply(body.Memory)
            : null);
        using var translated = reply is null ? null : Translate(call, exchange.ThoughtsAsText ? reply.WithThoughtsAsText() : reply, usage);
        await SettleAsync(call, exchange, usage, StreamEndReason.Done);
        await ReplyWriter.WriteBodyAsync(
            call.Http, exchange.Response!, exchange.Told?.Memory ?? translated?.Memory ?? body.Memory, call.Stream && translated is not null);
        return StreamEndReason.Done;
    }

    /// <summary>
    /// Sends sound on piece by piece. One piece is always held back: the last one belongs behind the settlement. Sound that breaks off
    /// ends in a connection that breaks off, since there is no other way left to say so.
    /// </summary>
    private async Task<StreamEndReason> PassSoundAsync(RelayCall call, Exchange exchange)
    {
        metrics.FirstToken(call, clock.GetElapsedTime(call.StartedAt, call.FirstByteAt));
        var sound = exchange.Sound!;
        var end = StreamEndReason.Done;
        var output = call.Http.Response.BodyWriter;
        var held = exchange.Lead!;
        sound.Observe(held.Span);
        using var next = new PooledBuffer(SoundPiece);
        try
        {
            ReplyWriter.StartSound(call.Http, exchange.Response!);
            Checkpoint(call, exchange, meter.OfSound(call, sound));
            call.FreeBody();
            var checkpointAt = clock.GetTimestamp();
            while (true)
            {
                exchange.Deadline.CancelAfter(options.IdleTimeout);
                var read = await exchange.Body!.ReadAsync(next.GetMemory(), exchange.Deadline.Token);
                if (read == 0)
                {
                    break;
                }
                output.Write(held.Span);
                held.Clear();
                next.Advance(read);
                held.Write(next.Span);
                sound.Observe(next.Span);
                next.Clear();
                if ((await FlushAsync(call, exchange, output)).IsCompleted)
                {
                    end = StreamEndReason.ClientGone;
                    break;
                }
                if (clock.GetElapsedTime(checkpointAt) > CheckpointEvery)
                {
                    checkpointAt = clock.GetTimestamp();
                    Checkpoint(call, exchange, meter.OfSound(call, sound));
                }
            }
        }
        catch (Exception) when (call.Http.RequestAborted.IsCancellationRequested)
        {
            end = StreamEndReason.ClientGone;
        }
        catch (OperationCanceledException)
        {
            end = StreamEndReason.IdleTimeout;
        }
        catch (Exception error) when (error is IOException or HttpRequestException or InvalidDataException or InvalidOperationException or ZstdException)
        {
            end = StreamEndReason.UpstreamCut;
        }
        finally
        {
            await SettleAsync(call, exchange, meter.OfSound(call, sound), end);
        }
        if (end != StreamEndReason.Done)
        {
            call.Http.Abort();
            return end;
        }
        output.Write(held.Span);
        await FlushLastAsync(call, output);
        return end;
    }

    /// <summary>A whole answer in the caller's dialect: as events when the caller asked for them and the upstream did not stream.</summary>
    private PooledBuffer Translate(RelayCall call, ChatReply reply, in Usage usage)
    {
        reply.Usage = usage;
        var context = new ReplyContext(
            call.RequestId, call.UpstreamModel, clock.GetUtcNow().ToUnixTimeSeconds(), call.Scan.IncludeUsage, call.PromptEstimate)
        {
            CustomTools = call.CustomTools,
            Qualified = call.Qualified,
        };
        var output = new PooledBuffer();
        var codec = Translations.CodecOf(call.Dialect);
        if (call.Stream)
        {
            var events = codec.OpenStream(output, context);
            reply.Replay(events);
            events.End(usage);
        }
        else
        {
            codec.WriteReply(reply, output, context);
        }
        return output;
    }

    private async Task<StreamEndReason> StreamAsync(RelayCall call, Exchange exchange)
    {
        metrics.FirstToken(call, clock.GetElapsedTime(call.StartedAt, call.FirstByteAt));
        var kept = KeepPrompt(call, exchange.Tap!);
        var end = StreamEndReason.Done;
        var usage = default(Usage);
        var output = call.Http.Response.BodyWriter;
        try
        {
            exchange.Drain = exchange.Channel.Drain;
            ReplyWriter.StartStream(call.Http, exchange.Response);
            if (!exchange.Terminal && !exchange.EndOfStream)
            {
                Checkpoint(call, exchange, UsageMeter.SoFar(call, exchange.Tap!));
                output.Write(exchange.Lead!.Span);
                exchange.Lead.Clear();
                end = await PumpAsync(call, exchange, output);
            }
        }
        catch (Exception) when (call.Http.RequestAborted.IsCancellationRequested)
        {
            end = StreamEndReason.ClientGone;
        }
        catch (OperationCanceledException)
        {
            end = StreamEndReason.IdleTimeout;
        }
        catch (Exception error) when (error is IOException or HttpRequestException or InvalidDataException or InvalidOperationException or ZstdException)
        {
            end = StreamEndReason.UpstreamCut;
        }
        finally
        {
            var ended = end == StreamEndReason.Done;
            if (ended && call.Http.RequestAborted.IsCancellationRequested)
            {
                end = StreamEndReason.ClientGone;
            }
            else if (end == StreamEndReason.ClientGone && exchange.Drain is { } limit)
            {
                ended = await DrainAsync(exchange, limit);
            }
            if (!ended)
            {
                // Before anything is counted: that may take its time.
                exchange.HangUp();
            }
            // The tokens are spent even if the reader has left.
            usage = meter.OfStream(call, exchange.Tap!, ended);
            call.FreeBody();
            Interlocked.Add(ref _longPrompts, -kept);
            await SettleAsync(call, exchange, usage, end);
        }
        await FinishAsync(call, exchange, output, end, usage);
        return end;
    }

    /// <summary>
    /// Frees the prompt unless it may have to be counted. One that is in a file is no burden; of those in memory, long ones take their share of
    /// what there is for them. Returns that share.
    /// </summary>
    private int KeepPrompt(RelayCall call, StreamTap tap)
    {
        if (call.Body is not { } body)
        {
            return 0;
        }
        if (tap.Usage.Input is > 0)
        {
            call.FreeBody();
            return 0;
        }
        var length = body.Length;
        if (body.IsSpooled || length <= ShortPrompt)
        {
            return 0;
        }
        if (Interlocked.Add(ref _longPrompts, length) <= options.KeptPrompts)
        {
            return length;
        }
        Interlocked.Add(ref _longPrompts, -length);
        call.FreeBody();
        return 0;
    }

    /// <summary>Reads on for nobody, so that the upstream's own figures are charged; true when the answer came to its end within bounds.</summary>
    private static async Task<bool> DrainAsync(Exchange exchange, DrainLimit limit)
    {
        var (frames, tap) = (exchange.Frames!, exchange.Tap!);
        var most = tap.EstimatedOutput + limit.Tokens;
        exchange.Deadline.CancelAfter(limit.Time);
        try
        {
            while (tap.EstimatedOutput <= most)
            {
                while (frames.TryReadFrame(out var frame))
                {
                    var kind = tap.Observe(frame.Span);
                    // What a translator says of it is for nobody.
                    exchange.Lead!.Clear();
                    if ((kind & (FrameKind.Terminal | FrameKind.Error)) != 0)
                    {
                        return tap.Error is null;
                    }
                }
                var read = await exchange.Body!.ReadAsync(frames.GetMemory(), exchange.Deadline.Token);
                if (read == 0)
                {
                    return tap.Finished;
                }
                frames.Advance(read);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or IOException or HttpRequestException or InvalidDataException
            or InvalidOperationException or ZstdException)
        {
            // Out of time, or the upstream broke off: what was seen is what is known.
        }
        return false;
    }

    /// <summary>Passes events on as they come, up to the terminal one, which is left in the lead for the time after the settlement.</summary>
    private async Task<StreamEndReason> PumpAsync(RelayCall call, Exchange exchange, PipeWriter output)
    {
        var frames = exchange.Frames!;
        var tap = exchange.Tap!;
        var aborted = call.Http.RequestAborted;
        var swallowUsage = call.Scan.IncludeUsage == false && exchange.Translator is null;
        var armedAt = Environment.TickCount64;
        var checkpointAt = clock.GetTimestamp();
        exchange.Deadline.CancelAfter(options.IdleTimeout);
        var waiting = true;
        while (true)
        {
            while (frames.TryReadFrame(out var frame))
            {
                var kind = tap.Observe(frame.Span);
                if (kind is FrameKind.None or FrameKind.Meaningful)
                {
                    Pass(exchange, frame.Span, output);
                    waiting = true;
                    continue;
                }
                if ((kind & FrameKind.Error) != 0)
                {
                    return StreamEndReason.UpstreamError;
                }
                if ((kind & FrameKind.Malformed) != 0 || ((kind & FrameKind.UsageOnly) != 0 && swallowUsage))
                {
                    continue;
                }
                if ((kind & FrameKind.Complete) != 0)
                {
                    Checkpoint(call, exchange, tap.Usage.IsEmpty ? UsageMeter.SoFar(call, tap) : tap.Usage);
                }
                if ((kind & FrameKind.Terminal) != 0)
                {
                    exchange.Pass(frame.Span);
                    return StreamEndReason.Done;
                }
                Pass(exchange, frame.Span, output);
                waiting = true;
            }
            if (waiting)
            {
                waiting = false;
                var flushed = await FlushAsync(call, exchange, output);
                if (flushed.IsCompleted)
                {
                    return StreamEndReason.ClientGone;
                }
            }
            if (clock.GetElapsedTime(checkpointAt) > CheckpointEvery)
            {
                checkpointAt = clock.GetTimestamp();
                Checkpoint(call, exchange, UsageMeter.SoFar(call, tap));
            }
            var now = Environment.TickCount64;
            if (now - armedAt > TimerStep)
            {
                armedAt = now;
                aborted.ThrowIfCancellationRequested();
                exchange.Deadline.CancelAfter(options.IdleTimeout);
            }
            var read = await ReadAsync(call, exchange, output);
            if (read == 0)
            {
                return AtEnd(exchange);
            }
            frames.Advance(read);
        }
    }

    /// <summary>A caller who takes his time over what is there already says nothing about the upstream, whose silence is not measured meanwhile.</summary>
    private ValueTask<FlushResult> FlushAsync(RelayCall call, Exchange exchange, PipeWriter output)
    {
        var flushing = output.FlushAsync(call.Http.RequestAborted);
        return flushing.IsCompleted ? flushing : WaitForCallerAsync(call, exchange, flushing);
    }

    private async ValueTask<FlushResult> WaitForCallerAsync(RelayCall call, Exchange exchange, ValueTask<FlushResult> flushing)
    {
        exchange.Deadline.CancelAfter(Timeout.InfiniteTimeSpan);
        var flushed = await flushing;
        call.Http.RequestAborted.ThrowIfCancellationRequested();
        exchange.Deadline.CancelAfter(options.IdleTimeout);
        return flushed;
    }

    private static void Pass(Exchange exchange, ReadOnlySpan<byte> frame, PipeWriter output)
    {
        if (exchange.Translator is null)
        {
            output.Write(frame);
            return;
        }
        output.Write(exchange.Lead!.Span);
        exchange.Lead.Clear();
    }

    /// <summary>Reads on, and keeps the caller's connection alive with pings while nothing comes, if the operator wants that.</summary>
    private static ValueTask<int> ReadAsync(RelayCall call, Exchange exchange, PipeWriter output)
    {
        var reading = exchange.Body!.ReadAsync(exchange.Frames!.GetMemory(), exchange.Deadline.Token);
        var general = call.Snapshot.Options.General;
        return reading.IsCompleted || !general.PingIntervalEnabled || call.Dialect is Dialect.GeminiContent or Dialect.GeminiAction
            ? reading
            : ReadWithPingsAsync(reading.AsTask(), general.PingInterval, output);
    }

    private static async ValueTask<int> ReadWithPingsAsync(Task<int> reading, TimeSpan interval, PipeWriter output)
    {
        using var settled = new CancellationTokenSource();
        while (await Task.WhenAny(reading, Task.Delay(interval, settled.Token)) != reading)
        {
            output.Write(StreamEnd.Ping);
            await output.FlushAsync(CancellationToken.None);
        }
        await settled.CancelAsync();
        return await reading;
    }

    private static StreamEndReason AtEnd(Exchange exchange)
    {
        if (exchange.Frames!.TryReadRest(out var rest))
        {
            var kind = exchange.Tap!.Observe(rest.Span);
            if ((kind & FrameKind.Error) != 0)
            {
                return StreamEndReason.UpstreamError;
            }
            if ((kind & FrameKind.Malformed) == 0)
            {
                exchange.PassRest(rest.Span);
            }
        }
        return exchange.Tap!.Finished ? StreamEndReason.Done : StreamEndReason.UpstreamCut;
    }

    /// <summary>The last bytes: after the settlement, since they tell the caller that everything is done.</summary>
    private async Task FinishAsync(RelayCall call, Exchange exchange, PipeWriter output, StreamEndReason end, Usage usage)
    {
        if (end == StreamEndReason.ClientGone)
        {
            return;
        }
        var tap = exchange.Tap!;
        if (end != StreamEndReason.Done)
        {
            var fault = tap.Error ?? FaultOf(end);
            if (exchange.Translator is { } broken)
            {
                broken.Fail(fault);
                output.Write(exchange.Lead!.Span);
            }
            else
            {
                StreamEnd.WriteError(output, call.Dialect, fault, call.RequestId, tap.NextSequence);
            }
        }
        else
        {
            if (exchange.Translator is { } translator)
            {
                translator.End(usage);
            }
            else
            {
                AddUsage(call, tap, output);
            }
            output.Write(exchange.Lead!.Span);
        }
        await FlushLastAsync(call, output);
    }

    private static async Task FlushLastAsync(RelayCall call, PipeWriter output)
    {
        try
        {
            await output.FlushAsync(call.Http.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            // The caller left just before the end; the call is settled.
        }
    }

    /// <summary>A caller who wants the usage gets it even when the upstream kept it to itself (specification: relay §6.5).</summary>
    private void AddUsage(RelayCall call, StreamTap tap, PipeWriter output)
    {
        if (call.Dialect is Dialect.OpenAIChat or Dialect.OpenAICompletions && call.Scan.IncludeUsage != false && tap.Usage.IsEmpty
            && tap.Delivered)
        {
            var created = tap.Created > 0 ? tap.Created : clock.GetUtcNow().ToUnixTimeSeconds();
            StreamEnd.WriteUsage(
                output,
                call.Dialect,
                tap.ReplyId ?? "chatcmpl-" + call.RequestId,
                tap.ReplyModel ?? call.UpstreamModel,
                created,
                meter.OfStream(call, tap, ended: true));
        }
    }

    private void Checkpoint(RelayCall call, Exchange exchange, in Usage soFar)
    {
        var factors = CallFactors.ForCharge(call, exchange.Channel, soFar);
        var charge = call.Price.For(soFar, factors);
        var cost = exchange.Channel.Purchase?.CostOf(call.Price, soFar, factors);
        call.Hold?.Checkpoint(records.Make(call, exchange.Channel, charge, cost, exchange.Tap, StreamEndReason.UpstreamCut));
    }

    private ValueTask SettleAsync(RelayCall call, Exchange exchange, in Usage usage, StreamEndReason end)
    {
        if (call.Hold is null)
        {
            return default;
        }
        if ((exchange.Tap?.Images ?? exchange.Facts.Images) is > 0 and var images)
        {
            // What was returned is what is sold, whatever was asked for.
            call.Factors = call.Factors with { Images = Math.Min(images, ChargeFactors.MostImages) };
        }
        var factors = CallFactors.ForCharge(call, exchange.Channel, usage);
        var charge = call.Price.For(usage, factors);
        var cost = exchange.Channel.Purchase?.CostOf(call.Price, usage, factors);
        call.TokensUsed = charge.PromptTokens + charge.CompletionTokens;
        metrics.Charged(call, charge);
        if (end == StreamEndReason.ClientGone && charge.Estimated)
        {
            metrics.Aborted(charge.Quota.Points);
            limits.Aborted(call, charge.Quota.Points);
        }
        unpriced.Note(charge);
        return call.Hold.SettleAsync(records.Make(call, exchange.Channel, charge, cost, exchange.Tap, end));
    }
}
