using System.IO.Compression;
using System.Net;
using NewApi.Domain;
using NewApi.Protocols;
using NewApi.Protocols.Midjourney;
using NewApi.Providers;
using NewApi.Providers.Tasks;
using NewApi.RelayService.Channels;
using NewApi.RelayService.Upstream;
using NewApi.ServiceDefaults.Egress;

namespace NewApi.RelayService.Midjourney;

/// <summary>Sends to a channel's proxy what a caller asks for, and reads what it says.</summary>
internal sealed class MidjourneyProxy(UpstreamClients clients, TimeProvider clock)
{
    private const string KeyHeader = "mj-api-secret";
    private const int LargestReply = 4 << 20;

    /// <summary>A proxy answers once it has put the task into its queue; uploads of pictures take the longest.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Hands a task in. It is not cut off when its caller leaves: it is paid for, and somebody may ask for it later.</summary>
    /// <param name="call">The call.</param>
    /// <param name="attempt">Where it goes.</param>
    /// <param name="edits">What is changed in the body.</param>
    public async Task<ProxyReply> SubmitAsync(RelayCall call, Attempt attempt, MidjourneyEdits edits)
    {
        using var body = new PooledBuffer(call.Body!.Length + 256);
        MidjourneyRequest.Write(body, call.Body.Span, edits);
        using var content = new BodyContent(body.Memory);
        using var deadline = new CancellationTokenSource(Patience, clock);
        var reply = await SendAsync(call, attempt, HttpMethod.Post, content, deadline.Token);
        if (!content.Sent)
        {
            body.Abandon();
        }
        if (reply.Fault is not null)
        {
            return reply;
        }
        var answer = MidjourneyAnswer.Read(reply.Body);
        return answer is null
            ? new ProxyReply(new RelayFault(502, "bad_response_body", "The upstream's answer cannot be read.") { Leg = Leg.Decode }, Unsure: true)
            : reply with { Answer = answer, Fault = answer.IsAccepted ? null : answer.ToFault() };
    }

    /// <summary>Asks something about a task that the gateway itself does not know.</summary>
    public Task<ProxyReply> AskAsync(RelayCall call, Attempt attempt) =>
        SendAsync(call, attempt, HttpMethod.Get, null, call.Http.RequestAborted);

    private async Task<ProxyReply> SendAsync(RelayCall call, Attempt attempt, HttpMethod method, BodyContent? content, CancellationToken cancel)
    {
        var channel = attempt.Channel;
        if (attempt.Key is not { } key)
        {
            return new ProxyReply(new RelayFault(503, "channel:no_available_key", "Every key of the channel is disabled."));
        }
        if (channel.HeaderOverride is { Broken: true })
        {
            return new ProxyReply(new RelayFault(500, "channel:header_override_invalid", "The channel's header override cannot be read."));
        }
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(Patience);
        HttpResponseMessage? response = null;
        try
        {
            var headers = channel.HeaderOverride?.Resolve(call.Http.Request, key.Secret);
            using var request = UpstreamRequests.Post(new Uri(channel.Account.BaseUrl + call.Http.Request.Path.ToUriComponent()), content);
            request.Method = method;
            request.Headers.TryAddWithoutValidation(KeyHeader, key.Secret);
            new RelayMessage(call.Http.Request, headers) { Account = channel.Account, Key = key.Secret, Dialect = Dialect.Midjourney, Model = call.Model }
                .Override(request);
            response = await clients.For(channel.Proxy).SendAsync(request, patience.Token);
            var body = await ReadAsync(response, patience.Token);
            // Some proxies give their refusals the status of one.
            var said = response.IsSuccessStatusCode || (response.StatusCode == HttpStatusCode.BadRequest && MidjourneyAnswer.Read(body) is { IsAccepted: false });
            return said
                ? new ProxyReply { Body = body }
                : new ProxyReply(Refused(response, body), Unsure: (int)response.StatusCode is 504 or 524);
        }
        catch (OperationCanceledException) when (!call.Http.RequestAborted.IsCancellationRequested || method == HttpMethod.Post)
        {
            return new ProxyReply(new RelayFault(504, "do_request_failed", "The upstream did not answer in time.") { Leg = LegOf(response) }, Unsure: true);
        }
        catch (HttpRequestException error) when (TaskService.NeverArrived(error))
        {
            return new ProxyReply(new RelayFault(502, "do_request_failed", "The upstream could not be reached.") { Leg = Leg.Connect });
        }
        catch (Exception error) when (error is HttpRequestException or IOException or InvalidDataException or InvalidOperationException)
        {
            return new ProxyReply(new RelayFault(502, "do_request_failed", "The upstream broke off before it had answered.") { Leg = LegOf(response) }, Unsure: true);
        }
        finally
        {
            response?.Dispose();
        }
    }

    private static Leg LegOf(HttpResponseMessage? response) => response is null ? Leg.Connect : Leg.Body;

    private static RelayFault Refused(HttpResponseMessage response, byte[] body) =>
        UpstreamError.Parse(Dialect.Midjourney, (int)response.StatusCode, body, response.Content.Headers.ContentType?.MediaType) with
        {
            Leg = Leg.Headers,
            RetryAfter = response.Headers.RetryAfter?.Delta is { Ticks: > 0 } wait ? wait : null,
        };

    private static async Task<byte[]> ReadAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        await using var raw = await response.Content.ReadAsStreamAsync(cancel);
        await using var body = response.Content.Headers.ContentEncoding.LastOrDefault() is "gzip" ? new GZipStream(raw, CompressionMode.Decompress) : raw;
        using var bytes = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await body.ReadAsync(buffer, cancel)) > 0)
        {
            if (bytes.Length + read > LargestReply)
            {
                throw new InvalidDataException("The answer is too large.");
            }
            bytes.Write(buffer, 0, read);
        }
        return bytes.ToArray();
    }
}

/// <summary>A proxy's answer, or why there is none.</summary>
internal sealed record ProxyReply(RelayFault? Fault = null, bool Unsure = false)
{
    public byte[] Body { get; init; } = [];

    /// <summary>What it says to a submission.</summary>
    public MidjourneyAnswer? Answer { get; init; }
}
