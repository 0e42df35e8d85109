using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace NewApi.EndToEnd.Tests.Money;

/// <summary>An OpenAI-like upstream whose answers take their time and report the usage that the test says.</summary>
internal sealed class PacedUpstream : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _calls;

    private PacedUpstream(WebApplication app) => _app = app;

    public string Address => _app.Urls.Single();

    public int Calls => _calls;

    public string Usage { get; set; } = """{"prompt_tokens":1000,"completion_tokens":500,"total_tokens":1500}""";

    /// <summary>Between two events of a stream; a buffered answer takes eight times as long.</summary>
    public TimeSpan Pace { get; set; }

    public int Chunks { get; set; } = 10;

    public static async Task<PacedUpstream> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var upstream = new PacedUpstream(app);
        app.MapPost("/v1/chat/completions", upstream.AnswerAsync);
        app.MapPost("/v1/videos", upstream.OrderAsync);
        app.MapGet("/v1/videos/{number:int}", FollowAsync);
        await app.StartAsync();
        return upstream;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        Interlocked.Increment(ref _calls);
        using var reader = new StreamReader(http.Request.Body, Encoding.UTF8);
        var body = await reader.ReadToEndAsync(http.RequestAborted);
        if (!body.Contains("\"stream\":true", StringComparison.Ordinal))
        {
            await Task.Delay(Pace * 8, http.RequestAborted);
            http.Response.ContentType = "application/json";
            await http.Response.WriteAsync(
                $$$"""{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}],"usage":{{{Usage}}}}""",
                http.RequestAborted);
            return;
        }
        http.Response.ContentType = "text/event-stream";
        for (var i = 0; i < Chunks; i++)
        {
            await SendAsync(http, """{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"Hello "},"finish_reason":null}]}""");
            await Task.Delay(Pace, http.RequestAborted);
        }
        await SendAsync(http, """{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""");
        await SendAsync(http, $$$"""{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{{{Usage}}}}""");
        await SendAsync(http, "[DONE]");
    }

    /// <summary>Takes as long as a buffered answer.</summary>
    private async Task OrderAsync(HttpContext http)
    {
        var number = Interlocked.Increment(ref _calls);
        await Task.Delay(Pace * 8, http.RequestAborted);
        await FilmAsync(http, number, "queued");
    }

    /// <summary>Every third film fails.</summary>
    private static Task FollowAsync(HttpContext http, int number) => FilmAsync(http, number, number % 3 == 0 ? "failed" : "completed");

    private static Task FilmAsync(HttpContext http, int number, string status)
    {
        http.Response.ContentType = "application/json";
        return http.Response.WriteAsync($$"""{"id":"{{number}}","object":"video","status":"{{status}}"}""", http.RequestAborted);
    }

    private static async Task SendAsync(HttpContext http, string data)
    {
        await http.Response.WriteAsync($"data: {data}\n\n", http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
    }
}
