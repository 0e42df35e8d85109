using System.Buffers;
using System.Net;
using System.Net.WebSockets;
using NewApi.Domain;
using NewApi.Protocols;
using NewApi.Protocols.OpenAI;
using NewApi.Providers;
using NewApi.RelayService.Channels;
using NewApi.RelayService.Settlement;
using NewApi.RelayService.Upstream;
using NewApi.RelayService.UsageLogging;
using NewApi.ServiceDefaults.Egress;

namespace NewApi.RelayService.Realtime;

/// <summary>
/// A realtime session: two sockets, and every event passed on as it comes. It has one hold, which grows with each response, and is charged
/// once at its end (known problem A4).
/// </summary>
internal sealed class RealtimeSession(
    UpstreamClients clients, RelayOptions options, UsageRecords records, RelayMetrics metrics, TimeProvider clock, ILogger<RealtimeSession> log)
{
    public const string Subprotocol = "realtime";

    private const string BetaSubprotocol = "openai-beta.realtime-v1";
    private const string BetaHeader = "OpenAI-Beta";
    private const int PieceSize = 16 * 1024;

    /// <summary>Events above this size, which only sound can reach, pass without being looked into.</summary>
    private const int LargestReadEvent = 4 << 20;

    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Null when the session took place, however it ended; else why the channel could not begin one.</summary>
    public async Task<RelayFault?> RunAsync(RelayCall call, Attempt attempt)
    {
        var channel = attempt.Channel;
        if (attempt.Key is not { } key)
        {
            return new RelayFault(503, "channel:no_available_key", "Every key of the channel is disabled.");
        }
        if (!channel.TryMapModel(call.Model, out var model))
        {
            return new RelayFault(500, "channel:model_mapped_error", "The channel's model mapping cannot be followed.");
        }
        using var upstream = new ClientWebSocket();
        if (await ConnectAsync(call, channel, key, model, upstream) is { } fault)
        {
            return fault;
        }
        using var exchange = new Exchange(attempt, call.Http.RequestAborted)
        {
            Model = model,
            Dialect = Dialect.OpenAIRealtime,
            FirstByteAt = clock.GetTimestamp(),
        };
        call.ServedBy(exchange);
        using var caller = await call.Http.WebSockets.AcceptWebSocketAsync(
            Offers(call.Http, Subprotocol) ? Subprotocol : null);
        await PassAsync(call, channel, caller, upstream);
        return null;
    }

    private async Task<RelayFault?> ConnectAsync(RelayCall call, Channel channel, ChannelKey key, string model, ClientWebSocket upstream)
    {
        var aborted = call.Http.RequestAborted;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        deadline.CancelAfter(options.FirstByteTimeout);
        try
        {
            using var content = new BodyContent(default);
            var headers = channel.HeaderOverride?.Resolve(call.Http.Request, key.Secret);
            using var request = UpstreamRequests.Build(
                RelayMessage.For(call, channel, key, Dialect.OpenAIRealtime, model, content, headers, action: null, options, clock));
            foreach (var (name, values) in request.Headers.NonValidated)
            {
                upstream.Options.SetRequestHeader(name, values.ToString());
            }
            // Newer models know no beta, so the upstream hears of it only from callers who ask for it.
            if (call.Http.Request.Headers[BetaHeader].ToString() is { Length: > 0 } beta)
            {
                upstream.Options.SetRequestHeader(BetaHeader, beta);
            }
            else if (Offers(call.Http, BetaSubprotocol))
            {
                upstream.Options.SetRequestHeader(BetaHeader, "realtime=v1");
            }
            if (Offers(call.Http, Subprotocol))
            {
                upstream.Options.AddSubProtocol(Subprotocol);
            }
            upstream.Options.CollectHttpResponseDetails = true;
            upstream.Options.HttpVersion = HttpVersion.Version11;
            var address = new UriBuilder(request.RequestUri!);
            address.Scheme = address.Scheme == Uri.UriSchemeHttps ? Uri.UriSchemeWss : Uri.UriSchemeWs;
            await upstream.ConnectAsync(address.Uri, clients.For(channel.Proxy), deadline.Token);
            return null;
        }
        catch (Exception) when (aborted.IsCancellationRequested)
        {
            throw new OperationCanceledException(aborted);
        }
        catch (OperationCanceledException)
        {
            return new RelayFault(504, "do_request_failed", "The upstream did not answer in time.") { Leg = Leg.Connect };
        }
        catch (ProviderException error)
        {
            return error.ToFault();
        }
        catch (ProxyAddressException error)
        {
            return UpstreamCaller.BadProxy(error);
        }
        catch (Exception error) when (error is WebSocketException or HttpRequestException or IOException)
        {
            return upstream.HttpStatusCode is 0 or HttpStatusCode.SwitchingProtocols
                ? new RelayFault(500, "do_request_failed", "The upstream could not be reached or broke off.") { Leg = Leg.Connect }
                : UpstreamError.Parse(Dialect.OpenAIRealtime, (int)upstream.HttpStatusCode, default, null);
        }
        catch (Exception error)
        {
            log.AttemptFailed(call.RequestId, channel.Id, error.GetType().FullName, error.StackTrace);
            return new RelayFault(500, "do_request_failed", "The channel could not be called.") { Leg = Leg.Connect };
        }
    }

    private async Task PassAsync(RelayCall call, Channel channel, WebSocket caller, ClientWebSocket upstream)
    {
        var tally = new RealtimeTally();
        var end = StreamEndReason.Done;
        call.Stream = true;
        call.Factors = call.Factors with { Realtime = true };
        using var over = CancellationTokenSource.CreateLinkedTokenSource(call.Http.RequestAborted);
        try
        {
            var speaking = ListenAsync(call, caller, upstream, tally, over.Token);
            var answering = AnswerAsync(call, channel, upstream, caller, tally, over.Token);
            var first = await Task.WhenAny(speaking, answering);
            // The other side hears of the end; what is still under way to it may arrive, and is charged. Nothing is settled before both are over.
            over.CancelAfter(CloseTimeout);
            await Task.WhenAll(speaking, (Task)answering).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            end = await first;
            await (first == speaking ? answering : speaking);
        }
        catch (OperationCanceledException)
        {
            // A send that is cancelled ends the caller's connection too: what ended the session first is the reason.
            end = end == StreamEndReason.Done && call.Http.RequestAborted.IsCancellationRequested ? StreamEndReason.ClientGone : end;
        }
        finally
        {
            var usage = tally.SoFar;
            var factors = CallFactors.ForCharge(call, channel, usage);
            var charge = call.Price.For(usage, factors);
            var cost = channel.Purchase?.CostOf(call.Price, usage, factors);
            call.TokensUsed = charge.PromptTokens + charge.CompletionTokens;
            metrics.Charged(call, charge);
            await call.Hold!.SettleAsync(records.Make(call, channel, charge, cost, null, end));
        }
    }

    /// <summary>What the caller says.</summary>
    private static async Task<StreamEndReason> ListenAsync(
        RelayCall call, WebSocket caller, WebSocket upstream, RealtimeTally tally, CancellationToken cancel)
    {
        using var text = new PooledBuffer(PieceSize);
        try
        {
            Passed passed;
            do
            {
                passed = await PassOneAsync(caller, upstream, text, said => tally.Said(said), cancel);
            }
            while (passed == Passed.On);
            if (passed == Passed.Undeliverable && !IsClosing(upstream))
            {
                return StreamEndReason.UpstreamCut;
            }
        }
        catch (Exception error) when (error is WebSocketException or IOException)
        {
            return StreamEndReason.ClientGone;
        }
        return call.Http.RequestAborted.IsCancellationRequested ? StreamEndReason.ClientGone : StreamEndReason.Done;
    }

    /// <summary>What the model answers; after each response the hold grows, or the session ends.</summary>
    private async Task<StreamEndReason> AnswerAsync(
        RelayCall call, Channel channel, WebSocket upstream, WebSocket caller, RealtimeTally tally, CancellationToken cancel)
    {
        var reserve = call.Hold!.Points;
        using var text = new PooledBuffer(PieceSize);
        try
        {
            Passed passed;
            var ended = false;
            void Count(RealtimeEvent answered)
            {
                tally.Answered(answered);
                ended = answered.EndsResponse;
            }
            while ((passed = await PassOneAsync(upstream, caller, text, Count, cancel)) == Passed.On)
            {
                if (!ended)
                {
                    continue;
                }
                ended = false;
                var usage = tally.SoFar;
                var charge = call.Price.For(usage, CallFactors.ForCharge(call, channel, usage));
                // The reserve stays in front of what is spent, for the next response.
                var refusal = await Admission.RaiseAsync(call, checked(charge.Quota.Points + reserve), cancel);
                call.Hold.Checkpoint(records.Make(call, channel, charge, null, null, StreamEndReason.UpstreamCut));
                if (refusal is not null)
                {
                    await EndAsync(call, caller, refusal, cancel);
                    await CloseAsync(upstream, WebSocketCloseStatus.NormalClosure, "", cancel);
                    return StreamEndReason.Done;
                }
            }
            if (passed == Passed.Undeliverable && !IsClosing(caller))
            {
                return StreamEndReason.ClientGone;
            }
        }
        catch (Exception error) when (error is WebSocketException or IOException)
        {
            await EndAsync(call, caller, new RelayFault(502, "bad_response_body", "The upstream broke the session off."), cancel);
            return StreamEndReason.UpstreamCut;
        }
        return StreamEndReason.Done;
    }

    private enum Passed
    {
        On,

        /// <summary>Whoever spoke has hung up, and the other side has heard of it.</summary>
        Closed,

        /// <summary>The other side is gone, or about to go.</summary>
        Undeliverable,
    }

    /// <summary>Passes one message on, piece by piece. Throws when it cannot be read.</summary>
    /// <param name="text">Where the text of a message of readable size is gathered.</param>
    /// <param name="count">
    /// Called with such a message before the last of it is passed on: what comes of it may be back before a send returns, and what is
    /// counted must not depend on that.
    /// </param>
    private static async Task<Passed> PassOneAsync(
        WebSocket from, WebSocket to, PooledBuffer text, Action<RealtimeEvent> count, CancellationToken cancel)
    {
        text.Clear();
        var piece = ArrayPool<byte>.Shared.Rent(PieceSize);
        try
        {
            var size = 0L;
            while (true)
            {
                var received = await from.ReceiveAsync(piece.AsMemory(0, PieceSize), cancel);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    await CloseAsync(to, from.CloseStatus ?? WebSocketCloseStatus.NormalClosure, from.CloseStatusDescription, cancel);
                    await CloseAsync(from, WebSocketCloseStatus.NormalClosure, "", cancel);
                    return Passed.Closed;
                }
                size += received.Count;
                if (received.MessageType == WebSocketMessageType.Text && size <= LargestReadEvent)
                {
                    text.Write(piece.AsSpan(0, received.Count));
                }
                else
                {
                    text.Clear();
                }
                if (received.EndOfMessage && text.Length > 0)
                {
                    count(RealtimeEvent.Read(text.Span));
                }
                if (!await TrySendAsync(to, piece.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, cancel))
                {
                    return Passed.Undeliverable;
                }
                if (received.EndOfMessage)
                {
                    return Passed.On;
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    /// <summary>Says why the session is over, as an event of its own kind (specification: relay §6.7), and hangs up.</summary>
    private static async Task EndAsync(RelayCall call, WebSocket caller, RelayFault fault, CancellationToken cancel)
    {
        using var body = new PooledBuffer();
        RealtimeError.Write(body, fault, call.RequestId);
        if (await TrySendAsync(caller, body.Memory, WebSocketMessageType.Text, endOfMessage: true, cancel))
        {
            await CloseAsync(caller, WebSocketCloseStatus.PolicyViolation, fault.Code, cancel);
        }
    }

    /// <summary>False when nobody is there to hear it.</summary>
    private static async Task<bool> TrySendAsync(
        WebSocket socket, ReadOnlyMemory<byte> piece, WebSocketMessageType type, bool endOfMessage, CancellationToken cancel)
    {
        if (socket.State != WebSocketState.Open)
        {
            return false;
        }
        try
        {
            await socket.SendAsync(piece, type, endOfMessage, cancel);
            return true;
        }
        catch (Exception error) when (error is WebSocketException or IOException)
        {
            return false;
        }
    }

    private static bool IsClosing(WebSocket socket) =>
        socket.State is WebSocketState.CloseReceived or WebSocketState.CloseSent or WebSocketState.Closed;

    private static async Task CloseAsync(WebSocket socket, WebSocketCloseStatus status, string? description, CancellationToken cancel)
    {
        if (socket.State is not (WebSocketState.Open or WebSocketState.CloseReceived))
        {
            return;
        }
        try
        {
            await socket.CloseOutputAsync(status, description, cancel);
        }
        catch (Exception error) when (error is WebSocketException or IOException or ArgumentException)
        {
            // Gone already, or a status that only the sockets themselves may use.
        }
    }

    private static bool Offers(HttpContext http, string protocol) => http.WebSockets.WebSocketRequestedProtocols.Contains(protocol);
}
