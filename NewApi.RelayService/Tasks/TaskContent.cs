using System.Net;
using System.Text.Json;
using NewApi.Data.Options;
using NewApi.Data.Tasks;
using NewApi.Domain;
using NewApi.Domain.Tasks;
using NewApi.Providers.Tasks;
using NewApi.RelayService.Authentication;
using NewApi.RelayService.Channels;
using NewApi.RelayService.Endpoints;
using NewApi.RelayService.Upstream;
using NewApi.ServiceDefaults.Egress;

namespace NewApi.RelayService.Tasks;

/// <summary>
/// Hands on the file of a finished task. Addresses that upstreams name are called by the guarded client; only the channel's own upstream is
/// shown its credential.
/// </summary>
internal sealed class TaskContent(
    RelaySnapshots snapshots,
    TaskReader tasks,
    SessionCallers sessions,
    UpstreamClients clients,
    EgressClient egress,
    RelayOptions options,
    TimeProvider clock,
    ILogger<TaskContent> log)
{
    private const string CacheControl = "public, max-age=86400";

    private static readonly string[] Handed = ["Accept-Ranges", "ETag", "Last-Modified"];

    public async Task WriteAsync(HttpContext http, string id)
    {
        RequestIds.Begin(http);
        // The console shows films too, and has a session in place of a key.
        var (caller, fault) = SessionCallers.IsPresented(http.Request) ? await sessions.FindAsync(http) : await tasks.AuthenticateAsync(http);
        if (fault is not null)
        {
            await WriteFaultAsync(http, fault.Status, fault.Message);
            return;
        }
        if (await tasks.FindAsync(caller!, id, http.RequestAborted) is not { } task)
        {
            await WriteFaultAsync(http, 404, "There is no such task.");
            return;
        }
        if (task.State != TaskState.Succeeded)
        {
            await WriteFaultAsync(http, 400, "The task is not finished.");
            return;
        }
        try
        {
            await WriteFileAsync(http, task);
        }
        catch (EgressRefusedException refused)
        {
            await WriteFaultAsync(http, 403, refused.Message);
        }
        catch (Exception) when (http.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there to be told.
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException)
        {
            if (http.Response.HasStarted)
            {
                // Half a file must not look like a whole one.
                http.Abort();
                return;
            }
            await WriteFaultAsync(http, 502, "The file cannot be fetched from the upstream.");
        }
        catch (Exception error)
        {
            log.CallFailed(task.Id, error);
            await WriteFaultAsync(http, 500, "The gateway failed to fetch the file.");
        }
    }

    private async Task WriteFileAsync(HttpContext http, StoredTask task)
    {
        snapshots.Current.Routing.TryFind(task.Row.ChannelId, out var channel, out _);
        var file = channel?.Profile.Tasks is { } service && KeyOf(channel, task) is { } key
            ? await service.FileOfAsync(
                MessageOf(http, channel, key, task),
                new AskedTask(task.UpstreamId, task.Row.Action, task.Properties.UpstreamModel),
                task.ResultUrl,
                clients.For(channel.Proxy),
                http.RequestAborted)
            : task.ResultUrl is { } url ? new TaskFile(url) : null;
        if (file is null)
        {
            await WriteFaultAsync(http, 404, "The task has no file.");
            return;
        }
        if (file.Address is { } data && data.StartsWith("data:", StringComparison.OrdinalIgnoreCase))
        {
            await WriteDataAsync(http, data);
            return;
        }
        using var request = file.Request ?? new HttpRequestMessage(HttpMethod.Get, new Uri(file.Address!));
        if (http.Request.Headers.Range.ToString() is { Length: > 0 } range)
        {
            request.Headers.TryAddWithoutValidation("Range", range);
        }
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        deadline.CancelAfter(options.FirstByteTimeout);
        using var response = await FetchAsync(http, file, request, channel, deadline.Token);
        deadline.CancelAfter(Timeout.InfiniteTimeSpan);
        if (!response.IsSuccessStatusCode && response.StatusCode != HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            await WriteFaultAsync(http, 502, $"The upstream answered with status {(int)response.StatusCode} when it was asked for the file.");
            return;
        }
        await HandOnAsync(http, response);
    }

    private async Task<HttpResponseMessage> FetchAsync(
        HttpContext http, TaskFile file, HttpRequestMessage request, Channel? channel, CancellationToken cancel)
    {
        var rules = snapshots.Current.Options.Fetch.Rules();
        if (file.Request is null)
        {
            return await egress.SendAsync(request, rules, cancel);
        }
        var response = await clients.For(channel!.Proxy).SendAsync(request, cancel);
        if ((int)response.StatusCode is not (>= 301 and <= 308) || response.Headers.Location is not { } location)
        {
            return response;
        }
        var address = new Uri(request.RequestUri!, location);
        response.Dispose();
        if (Uri.Compare(address, request.RequestUri, UriComponents.SchemeAndServer, UriFormat.SafeUnescaped, StringComparison.OrdinalIgnoreCase) == 0)
        {
            using var again = new HttpRequestMessage(HttpMethod.Get, address);
            foreach (var (name, values) in request.Headers)
            {
                again.Headers.TryAddWithoutValidation(name, values);
            }
            return await clients.For(channel.Proxy).SendAsync(again, cancel);
        }
        // Where else the upstream keeps its files its credential has no business.
        using var next = new HttpRequestMessage(HttpMethod.Get, address);
        if (http.Request.Headers.Range.ToString() is { Length: > 0 } range)
        {
            next.Headers.TryAddWithoutValidation("Range", range);
        }
        return await egress.SendAsync(next, rules, cancel);
    }

    private static async Task HandOnAsync(HttpContext http, HttpResponseMessage response)
    {
        var reply = http.Response;
        reply.StatusCode = (int)response.StatusCode;
        reply.ContentType = response.Content.Headers.ContentType?.ToString() ?? "video/mp4";
        // A copy that the guarded client has decompressed is longer than its header says.
        if (response.Content.Headers.ContentLength is { } length)
        {
            reply.ContentLength = length;
        }
        if (response.Content.Headers.ContentRange is { } range)
        {
            reply.Headers.ContentRange = range.ToString();
        }
        foreach (var name in Handed)
        {
            if (response.Headers.TryGetValues(name, out var values) || response.Content.Headers.TryGetValues(name, out values))
            {
                reply.Headers[name] = values.First();
            }
        }
        reply.Headers.CacheControl = CacheControl;
        await using var body = await response.Content.ReadAsStreamAsync(http.RequestAborted);
        await body.CopyToAsync(reply.Body, http.RequestAborted);
    }

    /// <summary><c>data:video/mp4;base64,…</c></summary>
    private static async Task WriteDataAsync(HttpContext http, string data)
    {
        var comma = data.IndexOf(',', StringComparison.Ordinal);
        var head = comma < 0 ? "" : data["data:".Length..comma];
        var bytes = new byte[data.Length];
        if (!head.EndsWith(";base64", StringComparison.OrdinalIgnoreCase) || !Convert.TryFromBase64Chars(data.AsSpan(comma + 1), bytes, out var length))
        {
            await WriteFaultAsync(http, 502, "The upstream's file cannot be read.");
            return;
        }
        http.Response.ContentType = head[..^";base64".Length] is { Length: > 0 } type ? type : "application/octet-stream";
        http.Response.ContentLength = length;
        http.Response.Headers.CacheControl = CacheControl;
        await http.Response.Body.WriteAsync(bytes.AsMemory(0, length), http.RequestAborted);
    }

    private RelayMessage MessageOf(HttpContext http, Channel channel, ChannelKey key, StoredTask task) =>
        new(http.Request, channel.HeaderOverride?.Resolve(http.Request, key.Secret))
        {
            Account = channel.Account,
            Key = key.Secret,
            Dialect = Dialect.Video,
            Model = task.Properties.UpstreamModel,
            Settings = options.Providers,
            Clock = clock,
        };

    private static ChannelKey? KeyOf(Channel channel, StoredTask task) =>
        channel.Keys.FirstOrDefault(key => task.Facts.Own?.KeyMark is not { } mark || StoredTask.MarkOf(key.Secret) == mark) ?? (channel.Keys.Count > 0 ? channel.Keys[0] : null);

    private static Task WriteFaultAsync(HttpContext http, int status, string message) => TaskReplies.WriteAsync(http, status, json =>
    {
        json.WriteStartObject();
        json.WriteStartObject("error"u8);
        json.WriteString("message"u8, message);
        json.WriteString("type"u8, status >= 500 ? "server_error"u8 : "invalid_request_error"u8);
        json.WriteEndObject();
        json.WriteEndObject();
    });
}
