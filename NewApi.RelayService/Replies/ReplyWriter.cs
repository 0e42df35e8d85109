using System.Buffers;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols;

namespace NewApi.RelayService.Replies;

/// <summary>Writes answers back to callers: faults in the shape of their dialect, buffered bodies, and the head of a stream.</summary>
internal static class ReplyWriter
{
    private const string JsonType = "application/json";
    private const string JsonWithCharset = "application/json; charset=utf-8";
    private const string EventStream = "text/event-stream";
    private const int LargestSlice = 64 * 1024;

    /// <summary>Upstream headers that callers may see; everything else stays behind.</summary>
    private static readonly string[] Handed =
    [
        "retry-after",
        "openai-processing-ms",
        "openai-version",
        "openai-organization",
        "request-id",
        "x-request-id",
        "x-should-retry",
    ];

    private static readonly string[] HandedPrefixes = ["x-ratelimit-", "anthropic-ratelimit-"];

    public static async Task WriteFaultAsync(HttpContext http, ErrorShape shape, RelayFault fault, string requestId)
    {
        if (http.RequestAborted.IsCancellationRequested || http.Response.HasStarted)
        {
            return;
        }
        using var body = new PooledBuffer();
        ErrorBody.Write(body, shape, fault, requestId);
        var response = http.Response;
        response.StatusCode = fault.Status;
        response.ContentType = JsonWithCharset;
        response.ContentLength = body.Length;
        if (fault.RetryAfter is { } wait)
        {
            response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString();
        }
        await response.BodyWriter.WriteAsync(body.Memory, http.RequestAborted);
    }

    /// <param name="http">The caller.</param>
    /// <param name="upstream">Whose answer it is.</param>
    /// <param name="body">The answer.</param>
    /// <param name="events">It is told as events, though the upstream did not stream.</param>
    public static async Task WriteBodyAsync(HttpContext http, HttpResponseMessage upstream, ReadOnlyMemory<byte> body, bool events)
    {
        var response = http.Response;
        if (response.HasStarted)
        {
            await WriteLateAsync(http, body, events);
            return;
        }
        response.StatusCode = (int)upstream.StatusCode;
        response.ContentType = events ? EventStream : upstream.Content.Headers.ContentType is { MediaType: not JsonType } type ? type.ToString() : JsonType;
        response.ContentLength = body.Length;
        HandOn(upstream, response);
        // Pictures come in many megabytes: in slices, the connection's own buffer stays small.
        for (; body.Length > LargestSlice; body = body[LargestSlice..])
        {
            await response.BodyWriter.WriteAsync(body[..LargestSlice], http.RequestAborted);
        }
        await response.BodyWriter.WriteAsync(body, http.RequestAborted);
    }

    /// <summary>The head of an answer that is sound.</summary>
    public static void StartSound(HttpContext http, HttpResponseMessage upstream)
    {
        var response = http.Response;
        response.StatusCode = (int)upstream.StatusCode;
        response.ContentType = upstream.Content.Headers.ContentType?.ToString() ?? "application/octet-stream";
        HandOn(upstream, response);
    }

    public static void StartStream(HttpContext http, HttpResponseMessage? upstream)
    {
        var response = http.Response;
        if (response.HasStarted)
        {
            return;
        }
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = EventStream;
        response.Headers.CacheControl = "no-cache";
        response.Headers["X-Accel-Buffering"] = "no";
        if (upstream is not null)
        {
            HandOn(upstream, response);
        }
    }

    /// <summary>A comment that keeps an open stream's connection alive.</summary>
    public static async Task WritePingAsync(HttpContext http)
    {
        http.Response.BodyWriter.Write(StreamEnd.Ping);
        await http.Response.BodyWriter.FlushAsync(CancellationToken.None);
    }

    /// <summary>Tells the fault of a call that never got an answer in a stream that only has pings.</summary>
    public static async Task WriteErrorFrameAsync(HttpContext http, Dialect dialect, RelayFault fault, string requestId)
    {
        StreamEnd.WriteError(http.Response.BodyWriter, dialect, fault, requestId);
        await http.Response.BodyWriter.FlushAsync(CancellationToken.None);
    }

    /// <summary>Adds an answer to a stream of pings: its events, or all of it as one event.</summary>
    private static async Task WriteLateAsync(HttpContext http, ReadOnlyMemory<byte> body, bool events)
    {
        var output = http.Response.BodyWriter;
        if (events)
        {
            output.Write(body.Span);
        }
        else
        {
            // Written anew: a line end inside of the answer would end its event.
            using var whole = JsonDocument.Parse(body);
            output.Write("data: "u8);
            using (var json = new Utf8JsonWriter(output))
            {
                whole.WriteTo(json);
            }
            output.Write("\n\n"u8);
        }
        await output.FlushAsync(http.RequestAborted);
    }

    private static void HandOn(HttpResponseMessage upstream, HttpResponse response)
    {
        foreach (var (name, values) in upstream.Headers.NonValidated)
        {
            if (IsHanded(name))
            {
                response.Headers[name] = values.ToString();
            }
        }
    }

    private static bool IsHanded(string name)
    {
        foreach (var prefix in HandedPrefixes)
        {
            if (name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }
        foreach (var handed in Handed)
        {
            if (name.Equals(handed, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }
        return false;
    }
}
