using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace NewApi.Testing.Upstreams;

/// <summary>What an upstream does with one request.</summary>
public delegate Task UpstreamScript(HttpContext http, UpstreamRequestRecord request);

/// <summary>A request as the upstream saw it.</summary>
public sealed class UpstreamRequestRecord(string path, byte[] body, IHeaderDictionary headers)
{
    private readonly TaskCompletionSource _abandoned = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Path => path;

    public byte[] Body => body;

    public string Text => System.Text.Encoding.UTF8.GetString(body);

    public IHeaderDictionary Headers => headers;

    /// <summary>The key that it came with.</summary>
    public string Key => headers["x-api-key"].ToString() is { Length: > 0 } key ? key : headers.Authorization.ToString().Replace("Bearer ", "");

    public bool Stream => Text.Contains("\"stream\":true", StringComparison.Ordinal) || path.Contains(":stream", StringComparison.Ordinal);

    /// <summary>Completes when the gateway hangs up before the answer has ended.</summary>
    public Task Abandoned => _abandoned.Task;

    internal void Abandon() => _abandoned.TrySetResult();
}

/// <summary>
/// An upstream on a free port of this machine that does with each request what the test says. It remembers every request.
/// </summary>
public sealed class FakeUpstream : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<UpstreamRequestRecord> _requests = new();
    private readonly CancellationTokenSource _end = new();

    private FakeUpstream(WebApplication app, UpstreamScript script)
    {
        _app = app;
        Script = script;
    }

    public string Address => _app.Urls.Single();

    /// <summary>What happens to the requests from now on.</summary>
    public UpstreamScript Script { get; set; }

    public IReadOnlyCollection<UpstreamRequestRecord> Requests => _requests;

    public static async Task<FakeUpstream> StartAsync(UpstreamScript script)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0").ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
        });
        var app = builder.Build();
        var upstream = new FakeUpstream(app, script);
        app.UseWebSockets();
        app.Run(upstream.AnswerAsync);
        await app.StartAsync();
        return upstream;
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _app.DisposeAsync();
        _end.Dispose();
    }

    private async Task AnswerAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        try
        {
            await http.Request.Body.CopyToAsync(body, http.RequestAborted);
        }
        catch (Exception) when (http.RequestAborted.IsCancellationRequested)
        {
            return;
        }
        var request = new UpstreamRequestRecord(
            http.Request.Path + http.Request.QueryString, body.ToArray(), new HeaderDictionary(new Dictionary<string, Microsoft.Extensions.Primitives.StringValues>(http.Request.Headers, StringComparer.OrdinalIgnoreCase)));
        _requests.Enqueue(request);
        using var abandoned = http.RequestAborted.Register(request.Abandon);
        // The end of the test ends whoever still stalls.
        using var ended = _end.Token.Register(http.Abort);
        try
        {
            await Script(http, request);
        }
        catch (Exception) when (http.RequestAborted.IsCancellationRequested)
        {
        }
    }
}
