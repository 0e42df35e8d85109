using System.Buffers;
using System.Net;
using NewApi.Data.Options;
using NewApi.Data.Tasks;
using NewApi.Domain;
using NewApi.Domain.Midjourney;
using NewApi.Protocols;
using NewApi.RelayService.Endpoints;
using NewApi.RelayService.Replies;
using NewApi.ServiceDefaults.Egress;

namespace NewApi.RelayService.Midjourney;

/// <summary>
/// Shows the pictures of drawings under the gateway's own address. Anybody may ask, so it answers with pictures alone, of a bounded size, from
/// places where the administrator's rules let the gateway go.
/// </summary>
internal sealed class MidjourneyPictures(RelaySnapshots snapshots, MidjourneyStore tasks, EgressClient egress, RelayOptions options, TimeProvider clock)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public async Task SendAsync(HttpContext http, string id)
    {
        var requestId = RequestIds.Begin(http);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        using var timer = new CancellationTokenSource(Patience, clock);
        using var late = timer.Token.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), deadline);
        RelayFault? fault;
        try
        {
            fault = await SendAsync(http, id, deadline.Token);
        }
        catch (EgressRefusedException refused)
        {
            fault = new RelayFault(403, "picture_refused", refused.Message);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException)
        {
            fault = new RelayFault(502, "picture_unavailable", "The picture cannot be fetched now.");
        }
        if (fault is null)
        {
            return;
        }
        if (http.Response.HasStarted)
        {
            // Half a picture must not look like a whole one.
            http.Abort();
            return;
        }
        http.Response.Headers.CacheControl = "no-store";
        await ReplyWriter.WriteFaultAsync(http, ErrorShape.Midjourney, fault, requestId);
    }

    private async Task<RelayFault?> SendAsync(HttpContext http, string id, CancellationToken cancel)
    {
        if (id.Length == 0 || await tasks.FindPictureAsync(id, cancel) is not { } row || !Uri.TryCreate(row.ImageUrl, UriKind.Absolute, out var address))
        {
            return new RelayFault(404, "task_no_found", "There is no such picture.");
        }
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        using var answer = await egress.SendAsync(request, snapshots.Current.Options.Fetch.Rules(), cancel);
        if (answer.StatusCode != HttpStatusCode.OK)
        {
            return new RelayFault(502, "picture_unavailable", $"The server of the picture answered with status {(int)answer.StatusCode}.");
        }
        var length = answer.Content.Headers.ContentLength;
        if (length > options.MaxFileDownload)
        {
            return new RelayFault(502, "picture_too_large", "The picture is too large.");
        }
        await using var body = await answer.Content.ReadAsStreamAsync(cancel);
        var buffer = ArrayPool<byte>.Shared.Rent(32 * 1024);
        try
        {
            var read = await body.ReadAtLeastAsync(buffer, 16, throwOnEndOfStream: false, cancel);
            if (TypeOf(buffer.AsSpan(0, read)) is not { } type)
            {
                return new RelayFault(502, "picture_unavailable", "What the server of the picture sent is no picture.");
            }
            var response = http.Response;
            response.ContentType = type;
            response.ContentLength = length;
            response.Headers.XContentTypeOptions = "nosniff";
            response.Headers.CacheControl = row.Progress == MidjourneyReport.Done ? "public, max-age=86400" : "no-store";
            for (var sent = 0L; read > 0; read = await body.ReadAsync(buffer, cancel))
            {
                sent += read;
                if (sent > options.MaxFileDownload)
                {
                    return new RelayFault(502, "picture_too_large", "The picture is too large.");
                }
                await response.Body.WriteAsync(buffer.AsMemory(0, read), cancel);
            }
            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>What the bytes themselves say: a browser would run a page or a drawing with scripts under the gateway's name.</summary>
    private static string? TypeOf(ReadOnlySpan<byte> file) =>
        file.StartsWith((ReadOnlySpan<byte>)[0x89, 0x50, 0x4E, 0x47]) ? "image/png"
        : file.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]) ? "image/jpeg"
        : file.StartsWith("GIF8"u8) ? "image/gif"
        : file.StartsWith("RIFF"u8) && file.Length >= 12 && file[8..].StartsWith("WEBP"u8) ? "image/webp"
        : null;
}
