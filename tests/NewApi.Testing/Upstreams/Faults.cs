using System.IO.Compression;
using System.Text;
using Microsoft.AspNetCore.Http;
using ZstdSharp;

namespace NewApi.Testing.Upstreams;

/// <summary>What upstreams do to their callers, one script each. <see cref="Marker"/> is in every answer that must not get through.</summary>
public static class Faults
{
    /// <summary>In every body of a failed attempt: no caller may ever read it.</summary>
    public const string Marker = "byte-of-a-failed-attempt";

    public static UpstreamScript StallBeforeHeaders { get; } = (http, _) => Stall(http);

    public static UpstreamScript StallBeforeFirstEvent { get; } = async (http, request) =>
    {
        http.Response.ContentType = request.Stream ? "text/event-stream" : "application/json";
        await http.Response.Body.FlushAsync(http.RequestAborted);
        await Stall(http);
    };

    /// <summary>Headers, comments and an event without content, then nothing: none of it is an answer.</summary>
    public static UpstreamScript StallAfterComments { get; } = async (http, _) =>
    {
        http.Response.ContentType = "text/event-stream";
        await WriteAsync(http, $": {Marker}\n\n");
        await WriteAsync(http, $$$"""data: {"id":"{{{Marker}}}","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}""" + "\n\n");
        await Stall(http);
    };

    public static UpstreamScript TooManyRequests(TimeSpan? retryAfter = null) => async (http, _) =>
    {
        if (retryAfter is { } wait)
        {
            http.Response.Headers.RetryAfter = ((int)wait.TotalSeconds).ToString();
        }
        await ErrorAsync(http, 429, "rate_limit_exceeded");
    };

    public static UpstreamScript Status(int status, string code = "server_error") => (http, _) => ErrorAsync(http, status, code);

    /// <summary>The connection breaks off before a status line.</summary>
    public static UpstreamScript Reset { get; } = (http, _) =>
    {
        http.Abort();
        return Task.CompletedTask;
    };

    /// <summary>Headers and half an answer, then the connection breaks off.</summary>
    public static UpstreamScript CutBeforeContent { get; } = async (http, request) =>
    {
        http.Response.ContentType = request.Stream ? "text/event-stream" : "application/json";
        await WriteAsync(http, request.Stream ? $": {Marker}\n\ndata: {{\"id\":\"{Marker}" : $"{{\"id\":\"{Marker}\",");
        http.Abort();
    };

    public static UpstreamScript Garbage { get; } = async (http, request) =>
    {
        http.Response.ContentType = request.Stream ? "text/event-stream" : "application/json";
        await WriteAsync(http, $"<html>{Marker}</html>");
    };

    public static UpstreamScript EmptyAnswer { get; } = (http, request) =>
    {
        http.Response.ContentType = request.Stream ? "text/event-stream" : "application/json";
        return Task.CompletedTask;
    };

    public static UpstreamScript OnlyDone { get; } = async (http, _) =>
    {
        http.Response.ContentType = "text/event-stream";
        await WriteAsync(http, $": {Marker}\n\n");
    };

    /// <summary>Status 200, and the answer is an error.</summary>
    public static UpstreamScript ErrorInside { get; } = async (http, request) =>
    {
        var error = $$$"""{"error":{"message":"{{{Marker}}}","type":"server_error","code":"overloaded"}}""";
        http.Response.ContentType = request.Stream ? "text/event-stream" : "application/json";
        await WriteAsync(http, request.Stream ? $"data: {error}\n\n" : error);
    };

    /// <summary>A whole answer, compressed though nobody asked.</summary>
    public static UpstreamScript Compressed(string encoding, UpstreamScript answer) => async (http, request) =>
    {
        http.Response.Headers.ContentEncoding = encoding;
        var wire = http.Response.Body;
        await using (Stream packed = encoding switch
        {
            "gzip" => new GZipStream(wire, CompressionLevel.Fastest, leaveOpen: true),
            "br" => new BrotliStream(wire, CompressionLevel.Fastest, leaveOpen: true),
            "zstd" => new CompressionStream(wire, leaveOpen: true),
            _ => new ZLibStream(wire, CompressionLevel.Fastest, leaveOpen: true),
        })
        {
            http.Response.Body = packed;
            await answer(http, request);
            await packed.FlushAsync(http.RequestAborted);
        }
        http.Response.Body = wire;
    };

    /// <summary>Some of an answer, then what <paramref name="fault"/> does.</summary>
    public static UpstreamScript After(int chunks, UpstreamScript fault) => async (http, request) =>
    {
        http.Response.ContentType = "text/event-stream";
        for (var i = 0; i < chunks; i++)
        {
            await WriteAsync(http, OpenAIAnswers.Chunk("word "));
        }
        await fault(http, request);
    };

    public static UpstreamScript Hang { get; } = (http, _) => Stall(http);

    public static UpstreamScript Send(string text) => (http, _) => WriteAsync(http, text);

    /// <summary>Waits for the test: what was sent so far must have arrived, since a reset takes back what is still on its way.</summary>
    public static UpstreamScript Once(Task ready, UpstreamScript script) => async (http, request) =>
    {
        await ready.WaitAsync(http.RequestAborted);
        await script(http, request);
    };

    public static UpstreamScript Then(this UpstreamScript first, UpstreamScript second) => async (http, request) =>
    {
        await first(http, request);
        await second(http, request);
    };

    /// <summary>Each request gets the next script; the last one goes on for ever.</summary>
    public static UpstreamScript InTurn(params UpstreamScript[] scripts)
    {
        var next = -1;
        return (http, request) => scripts[Math.Min(Interlocked.Increment(ref next), scripts.Length - 1)](http, request);
    }

    public static async Task WriteAsync(HttpContext http, string text)
    {
        await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
    }

    private static Task Stall(HttpContext http) => Task.Delay(Timeout.InfiniteTimeSpan, http.RequestAborted);

    private static Task ErrorAsync(HttpContext http, int status, string code)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        return WriteAsync(http, $$$"""{"error":{"message":"{{{Marker}}}","type":"{{{code}}}","code":"{{{code}}}"}}""");
    }
}
