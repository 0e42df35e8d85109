using System.IO.Compression;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols;
using NewApi.Protocols.Canonical;
using NewApi.Protocols.Sound;
using NewApi.Protocols.Overrides;
using NewApi.Providers;
using NewApi.RelayService.Channels;
using NewApi.RelayService.Metering;
using NewApi.ServiceDefaults.Egress;
using ZstdSharp;

namespace NewApi.RelayService.Upstream;

/// <summary>Makes one attempt of a call on one channel, up to the point where its answer is worth sending on.</summary>
internal sealed class UpstreamCaller(
    UpstreamClients clients, OutgoingBody bodies, UsageMeter meter, RelayOptions options, TimeProvider clock, ILogger<UpstreamCaller> log)
{
    private const int LargestErrorBody = 64 * 1024;
    private const int LargestReply = 256 << 20;

    /// <summary>Never throws for what an upstream does: the fault is in the exchange. Throws when the caller leaves.</summary>
    /// <param name="call">The call.</param>
    /// <param name="attempt">Where it goes.</param>
    /// <param name="outrun">Fires when another attempt of the call was faster.</param>
    public async Task<Exchange> OpenAsync(RelayCall call, Attempt attempt, CancellationToken outrun)
    {
        var aborted = call.Http.RequestAborted;
        var channel = attempt.Channel;
        var exchange = new Exchange(attempt, aborted) { Drain = call.Stream ? null : channel.Drain };
        using var losing = outrun.UnsafeRegister(static state => ((Exchange)state!).Deadline.Cancel(), exchange);
        var patched = default(BodyBuffer);
        var content = default(BodyContent);
        try
        {
            if (attempt.Key is not { } key)
            {
                return Failed(exchange, new RelayFault(503, "channel:no_available_key", "Every key of the channel is disabled."));
            }
            if (!channel.TryMapModel(call.ModelForChannels, out var model))
            {
                return Failed(exchange, new RelayFault(500, "channel:model_mapped_error", "The channel's model mapping cannot be followed."));
            }
            if (channel.DialectFor(call.Dialect, call.Model) is not { } dialect)
            {
                return Failed(exchange, new RelayFault(503, "model_not_found", "The channel cannot serve this kind of call."));
            }
            if (dialect == Dialect.OpenAIChat && OutgoingBody.PrefersResponses(call, channel, model))
            {
                dialect = Dialect.OpenAIResponses;
            }
            exchange.Dialect = dialect;
            exchange.ThoughtsAsText = call.Dialect == Dialect.OpenAIChat && channel.ThoughtsAsText;
            exchange.Retold = (dialect != call.Dialect && Translations.Exists(call.Dialect, dialect))
                || exchange.ThoughtsAsText || (call.Dialect == Dialect.OpenAIChat && channel.ForcesFormat);
            if (channel.HeaderOverride is { Broken: true })
            {
                return Failed(exchange, new RelayFault(500, "channel:header_override_invalid", "The channel's header override cannot be read."));
            }
            var headers = channel.HeaderOverride?.Resolve(call.Http.Request, key.Secret);
            var outgoing = await bodies.BuildAsync(call, channel, dialect, model, headers, exchange.Deadline.Token);
            (patched, headers, exchange.Document) = (outgoing.Made, outgoing.Headers, outgoing.Document);
            exchange.Dialect = dialect = outgoing.Dialect;
            content = new BodyContent(outgoing.Body);
            exchange.Model = model = outgoing.Model;
            (exchange.Effort, exchange.Overridden) = (outgoing.Effort, outgoing.Overridden);
            if (call.Scan.Form != BodyForm.Json && dialect == call.Dialect)
            {
                content.Headers.TryAddWithoutValidation("Content-Type", call.Http.Request.ContentType);
            }
            exchange.Deadline.CancelAfter(call.Stream ? channel.FirstTokenTimeout ?? options.FirstByteTimeout : BufferedTimeout);
            var message = RelayMessage.For(call, channel, key, dialect, model, content, headers, outgoing.Document?.Action, options, clock);
            exchange.Response = await SendAsync(message, channel, exchange.Deadline.Token);
            exchange.Body = await BodyOfAsync(exchange.Response, exchange.Deadline.Token);
            if (!exchange.Response.IsSuccessStatusCode)
            {
                return Failed(exchange, await ReadErrorAsync(dialect, exchange));
            }
            if (IsEventStream(exchange.Response))
            {
                await ReadLeadAsync(call, exchange);
            }
            else if (call.Dialect == Dialect.OpenAISpeech && exchange.Response.Content.Headers.ContentType?.MediaType is not "application/json")
            {
                await ReadSoundAsync(call, exchange);
            }
            else
            {
                await ReadReplyAsync(call, exchange);
            }
            exchange.FirstByteAt = clock.GetTimestamp();
            return exchange.Fault is null ? exchange : Failed(exchange, exchange.Fault);
        }
        catch (Exception) when (aborted.IsCancellationRequested)
        {
            ChannelWatch.Left(attempt);
            exchange.Dispose();
            throw new OperationCanceledException(aborted);
        }
        catch (TranslationException error)
        {
            // Another channel may speak the caller's own dialect.
            return Failed(exchange, error.ToFault() with { Final = false });
        }
        catch (OverrideException error)
        {
            return Failed(exchange, error.ToFault());
        }
        catch (OverrideRefusedException refused)
        {
            return Failed(exchange, refused.Fault);
        }
        catch (ProviderException error)
        {
            return Failed(exchange, error.ToFault());
        }
        catch (OperationCanceledException)
        {
            return Failed(exchange, new RelayFault(504, "do_request_failed", "The upstream did not answer in time.") { Leg = LegOf(exchange) });
        }
        catch (ProxyAddressException error)
        {
            return Failed(exchange, BadProxy(error));
        }
        catch (SseFrameTooLargeException)
        {
            return Failed(exchange, new RelayFault(502, "bad_response_body", "The upstream sent an event that is too large.") { Leg = Leg.Decode });
        }
        catch (Exception error) when (IsCausedByBody(error, exchange, call))
        {
            return Failed(exchange, new RelayFault(
                400, "bad_request_body", "The body has a member more than once, or a text that is not whole Unicode.")
            { Final = true });
        }
        catch (Exception error) when (error is HttpRequestException or IOException or InvalidDataException or ZstdException or InvalidOperationException)
        {
            return Failed(exchange, new RelayFault(500, "do_request_failed", "The upstream could not be reached or broke off.") { Leg = LegOf(exchange) });
        }
        catch (JsonException)
        {
            return Failed(exchange, new RelayFault(502, "bad_response_body", "The upstream's answer cannot be read.") { Leg = Leg.Decode });
        }
        catch (Exception error)
        {
            log.AttemptFailed(call.RequestId, channel.Id, error.GetType().FullName, error.StackTrace);
            return Failed(exchange, new RelayFault(500, "do_request_failed", "The channel could not be called.") { Leg = LegOf(exchange) });
        }
        finally
        {
            if (content is { Sent: false })
            {
                patched?.Abandon();
                call.KeepBodyFromPool();
            }
            patched?.Dispose();
        }
    }

    private TimeSpan BufferedTimeout => options.CallTimeout > TimeSpan.Zero ? options.CallTimeout : Timeout.InfiniteTimeSpan;

    private async Task<HttpResponseMessage> SendAsync(RelayMessage message, Channel channel, CancellationToken cancel)
    {
        var http = clients.For(channel.Proxy);
        if (channel.Profile.Adapter is { } adapter)
        {
            return await adapter.SendAsync(message, http, cancel);
        }
        using var request = UpstreamRequests.Build(message);
        return await http.SendAsync(request, cancel);
    }

    /// <summary>Reads a stream up to its first meaningful event: until then nothing is promised to the caller.</summary>
    private async Task ReadLeadAsync(RelayCall call, Exchange exchange)
    {
        exchange.Frames = new SseFrameBuffer(options.MaxFrame);
        exchange.Lead = new PooledBuffer();
        var (family, keepsText) = (UsageMeter.FamilyOf(call), TokenCounter.HasTokenizer(call.Model));
        exchange.Tap = exchange.Retold
            ? new StreamTranslator(
                exchange.Dialect, call.Dialect, exchange.Lead, ContextOf(call, exchange), family, exchange.ThoughtsAsText, keepsText)
            : StreamTap.Create(exchange.Dialect, family, keepsText);
        while (true)
        {
            if (TakeLead(exchange, call.Scan.IncludeUsage == false))
            {
                return;
            }
            var read = await exchange.Body!.ReadAsync(exchange.Frames.GetMemory(), exchange.Deadline.Token);
            if (read == 0)
            {
                EndLead(exchange);
                return;
            }
            exchange.Frames.Advance(read);
        }
    }

    /// <summary>True when the first meaningful event, the end, or an error has been seen.</summary>
    private static bool TakeLead(Exchange exchange, bool swallowUsage)
    {
        while (exchange.Frames!.TryReadFrame(out var frame))
        {
            var kind = exchange.Tap!.Observe(frame.Span);
            if ((kind & FrameKind.Error) != 0)
            {
                exchange.Fault = exchange.Tap.Error! with { Leg = Leg.Body };
                return true;
            }
            if ((kind & FrameKind.Malformed) != 0 || ((kind & FrameKind.UsageOnly) != 0 && swallowUsage && exchange.Translator is null))
            {
                continue;
            }
            exchange.Pass(frame.Span);
            if (exchange.Translator?.Fault is { } refusal)
            {
                exchange.Fault = refusal;
                return true;
            }
            if ((kind & FrameKind.Terminal) != 0)
            {
                exchange.Terminal = true;
                return true;
            }
            if ((kind & FrameKind.Meaningful) != 0)
            {
                return true;
            }
        }
        return false;
    }

    private static void EndLead(Exchange exchange)
    {
        exchange.EndOfStream = true;
        if (exchange.Frames!.TryReadRest(out var rest))
        {
            var kind = exchange.Tap!.Observe(rest.Span);
            exchange.Fault = (kind & FrameKind.Error) != 0 ? exchange.Tap.Error! with { Leg = Leg.Body } : null;
            exchange.PassRest(rest.Span);
            exchange.Fault ??= exchange.Translator?.Fault;
        }
        if (exchange.Fault is null && !exchange.Tap!.Finished && !exchange.Tap.Delivered)
        {
            exchange.Fault = new RelayFault(502, "empty_response", "The upstream ended the stream before it had begun.") { Leg = Leg.Body };
        }
    }

    /// <summary>Sound flows on as it comes; until its first bytes are here nothing is promised to the caller.</summary>
    private static async Task ReadSoundAsync(RelayCall call, Exchange exchange)
    {
        exchange.Sound = new SoundMeter(call.Scan.ResponseFormat);
        exchange.Lead = new PooledBuffer();
        var read = await exchange.Body!.ReadAsync(exchange.Lead.GetMemory(1), exchange.Deadline.Token);
        if (read == 0)
        {
            exchange.Fault = new RelayFault(502, "empty_response", "The upstream sent no sound.") { Leg = Leg.Body };
            return;
        }
        exchange.Lead.Advance(read);
    }

    private async Task ReadReplyAsync(RelayCall call, Exchange exchange)
    {
        var known = exchange.Response!.Content.Headers.ContentLength;
        var buffer = exchange.Buffered = new PooledBuffer((int)Math.Clamp(known + 1 ?? PooledBuffer.SmallBody, PooledBuffer.SmallBody, LargestReply));
        int read;
        while ((read = await exchange.Body!.ReadAsync(buffer.GetMemory(1), exchange.Deadline.Token)) > 0)
        {
            buffer.Advance(read);
            if (buffer.Length > LargestReply)
            {
                exchange.Fault = new RelayFault(502, "bad_response_body", "The upstream's answer is too large.") { Leg = Leg.Body };
                return;
            }
        }
        exchange.Facts = ReplyReader.Read(exchange.Dialect, buffer.Span);
        exchange.Fault = exchange.Facts.Error is { } error ? error with { Leg = Leg.Body } : null;
        if (exchange.Fault is null && exchange.Document is { } document)
        {
            exchange.Told = new PooledBuffer();
            document.WriteReply(buffer.Memory, exchange.Told, ContextOf(call, exchange), meter.OfDocument(call, exchange.Facts));
            exchange.Fault = document.Fault;
        }
        else if (exchange.Fault is null && exchange.Retold)
        {
            exchange.Reply = Translations.CodecOf(exchange.Dialect).ReadReply(buffer.Memory);
            exchange.Fault = exchange.Reply.Fault;
        }
    }

    private ReplyContext ContextOf(RelayCall call, Exchange exchange) => new(
        call.RequestId, exchange.Model, clock.GetUtcNow().ToUnixTimeSeconds(), call.Scan.IncludeUsage, call.PromptEstimate)
    {
        CustomTools = call.CustomTools,
        Qualified = call.Qualified,
    };

    private async Task<RelayFault> ReadErrorAsync(Dialect dialect, Exchange exchange)
    {
        using var buffer = new PooledBuffer();
        int read;
        while (buffer.Length < LargestErrorBody
            && (read = await exchange.Body!.ReadAsync(buffer.GetMemory(1), exchange.Deadline.Token)) > 0)
        {
            buffer.Advance(read);
        }
        var response = exchange.Response!;
        var fault = UpstreamError.Parse(dialect, (int)response.StatusCode, buffer.Span, response.Content.Headers.ContentType?.MediaType);
        return fault with { Leg = Leg.Headers, RetryAfter = WaitOf(response) ?? fault.RetryAfter };
    }

    /// <summary>How long the upstream asks to be left alone, in seconds or until a date.</summary>
    private TimeSpan? WaitOf(HttpResponseMessage response)
    {
        var wait = response.Headers.RetryAfter;
        var left = wait?.Delta ?? (wait?.Date - clock.GetUtcNow());
        return left > TimeSpan.Zero ? left : null;
    }

    private static Exchange Failed(Exchange exchange, RelayFault fault)
    {
        exchange.RawFault = fault;
        // Status codes are mapped before anything is decided on them, success excepted.
        exchange.Fault = exchange.Channel.StatusMapping.TryGetValue(fault.Status, out var mapped) ? fault with { Status = mapped } : fault;
        return exchange;
    }

    public static RelayFault BadProxy(ProxyAddressException error) => new(500, "channel:invalid_settings", error.Message) { Leg = Leg.Connect };

    private static bool IsCausedByBody(Exception error, Exchange exchange, RelayCall call) =>
        exchange.Response is null && error is InvalidOperationException or ArgumentException && !OutgoingBody.IsSound(call);

    private static Leg LegOf(Exchange exchange) => exchange.Response is null ? Leg.Connect : Leg.Body;

    private static bool IsEventStream(HttpResponseMessage response) =>
        response.Content.Headers.ContentType?.MediaType is "text/event-stream";

    /// <summary>Upstreams are not asked to compress; one that does so anyway is understood.</summary>
    private static async Task<Stream> BodyOfAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        var body = await response.Content.ReadAsStreamAsync(cancel);
        var encodings = response.Content.Headers.ContentEncoding;
        return encodings.Count == 0 ? body : encodings.Last() switch
        {
            "gzip" or "x-gzip" => new GZipStream(body, CompressionMode.Decompress),
            "br" => new BrotliStream(body, CompressionMode.Decompress),
            "deflate" => new ZLibStream(body, CompressionMode.Decompress),
            "zstd" => new DecompressionStream(body),
            _ => body,
        };
    }
}
