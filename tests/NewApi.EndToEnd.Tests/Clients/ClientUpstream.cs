using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace NewApi.EndToEnd.Tests.Clients;

/// <summary>
/// Answers as OpenAI, Anthropic and Gemini do, as far as their own clients look: text, tool calls, streams, embeddings, pictures, sound, refusals. What the prompt
/// says decides: "tool" asks for a tool call, "busy" for 429, "wrong" for 400, "endless" for a stream that only the caller can end.
/// </summary>
internal sealed class ClientUpstream : IAsyncDisposable
{
    /// <summary>What speech sounds like.</summary>
    public static readonly byte[] Sound = [0xFF, 0xFB, 0x90, 0, .. new byte[413]];

    private readonly WebApplication _app;
    private readonly TaskCompletionSource _left = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private string _lastBody = "";

    private ClientUpstream(WebApplication app) => _app = app;

    public string Address => _app.Urls.Single();

    /// <summary>What was asked last.</summary>
    public string LastBody => Volatile.Read(ref _lastBody);

    /// <summary>Completes when the endless stream's reader has gone.</summary>
    public Task Left => _left.Task;

    public static async Task<ClientUpstream> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var upstream = new ClientUpstream(app);
        app.MapPost("/v1/chat/completions", upstream.ChatAsync);
        app.MapPost("/v1/messages", upstream.MessagesAsync);
        app.MapPost("/v1beta/models/{call}", upstream.GenerateAsync);
        app.MapPost("/v1/embeddings", static http => JsonAsync(
            http, 200, """{"object":"list","model":"text-embedding-3-small","data":[{"object":"embedding","index":0,"embedding":"AACAPwAAAEA="}],"usage":{"prompt_tokens":7,"total_tokens":7}}"""));
        app.MapPost("/v1/moderations", static http => JsonAsync(
            http, 200, """{"id":"modr-1","model":"text-moderation-007","results":[{"flagged":true,"categories":{"hate":true},"category_scores":{"hate":0.9}}]}"""));
        app.MapPost("/v1/images/generations", static http => JsonAsync(http, 200, """{"created":1760000000,"data":[{"b64_json":"AQID"}]}"""));
        app.MapPost("/v1/audio/transcriptions", static http => JsonAsync(http, 200, """{"text":"Hello there"}"""));
        app.MapPost("/v1/audio/speech", static async http =>
        {
            http.Response.ContentType = "audio/mpeg";
            await http.Response.Body.WriteAsync(Sound);
        });
        await app.StartAsync();
        return upstream;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task ChatAsync(HttpContext http)
    {
        var body = await ReadAsync(http);
        if (body.Contains("busy", StringComparison.Ordinal))
        {
            await JsonAsync(http, 429, """{"error":{"message":"Rate limit reached","type":"requests","param":null,"code":"rate_limit_exceeded"}}""");
            return;
        }
        if (body.Contains("wrong", StringComparison.Ordinal))
        {
            await JsonAsync(http, 400, """{"error":{"message":"Unsupported value","type":"invalid_request_error","param":"temperature","code":"unsupported_value"}}""");
            return;
        }
        const string Usage = """{"prompt_tokens":12,"completion_tokens":8,"total_tokens":20}""";
        const string Head = "\"id\":\"chatcmpl-1\",\"created\":1760000000,\"model\":\"gpt-4o-2024-08-06\"";
        var tool = body.Contains("a tool please", StringComparison.Ordinal);
        if (!body.Contains("\"stream\":true", StringComparison.Ordinal))
        {
            var message = tool
                ? """{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Oslo\"}"}}]}"""
                : """{"role":"assistant","content":"Hello there"}""";
            var finish = tool ? "tool_calls" : "stop";
            await JsonAsync(http, 200, $$"""{{{Head}},"object":"chat.completion","choices":[{"index":0,"message":{{message}},"finish_reason":"{{finish}}"}],"usage":{{Usage}}}""");
            return;
        }
        http.Response.ContentType = "text/event-stream";
        string Chunk(string delta, string finish = "null") =>
            $$"""data: {{{Head}},"object":"chat.completion.chunk","choices":[{"index":0,"delta":{{delta}},"finish_reason":{{finish}}}]}""";
        await SendAsync(http, Chunk("""{"role":"assistant","content":""}"""));
        if (body.Contains("endless", StringComparison.Ordinal))
        {
            await EndlessAsync(http, Chunk("""{"content":"more "}"""));
            return;
        }
        if (tool)
        {
            await SendAsync(http, Chunk("""{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"weather","arguments":""}}]}"""));
            await SendAsync(http, Chunk("""{"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":"}}]}"""));
            await SendAsync(http, Chunk("""{"tool_calls":[{"index":0,"function":{"arguments":"\"Oslo\"}"}}]}"""));
        }
        else
        {
            await SendAsync(http, Chunk("""{"content":"Hello "}"""));
            await SendAsync(http, Chunk("""{"content":"there"}"""));
        }
        await SendAsync(http, Chunk("{}", tool ? "\"tool_calls\"" : "\"stop\""));
        await SendAsync(http, $$"""data: {{{Head}},"object":"chat.completion.chunk","choices":[],"usage":{{Usage}}}""");
        await SendAsync(http, "data: [DONE]");
    }

    private async Task MessagesAsync(HttpContext http)
    {
        var body = await ReadAsync(http);
        if (body.Contains("busy", StringComparison.Ordinal))
        {
            await JsonAsync(http, 429, """{"type":"error","error":{"type":"rate_limit_error","message":"Too many requests"}}""");
            return;
        }
        var tool = body.Contains("a tool please", StringComparison.Ordinal);
        const string Head = "\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-3-5-sonnet-20241022\"";
        if (!body.Contains("\"stream\":true", StringComparison.Ordinal))
        {
            var content = tool
                ? """{"type":"tool_use","id":"toolu_1","name":"weather","input":{"city":"Oslo"}}"""
                : """{"type":"text","text":"Hello there"}""";
            var stop = tool ? "tool_use" : "end_turn";
            await JsonAsync(http, 200, "{" + Head + $$""","content":[{{content}}],"stop_reason":"{{stop}}","stop_sequence":null,"usage":""" + """{"input_tokens":12,"output_tokens":8}}""");
            return;
        }
        http.Response.ContentType = "text/event-stream";
        await SendAsync(
            http,
            "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{" + Head
                + ""","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":12,"output_tokens":1}}}""");
        var start = tool ? """{"type":"tool_use","id":"toolu_1","name":"weather","input":{}}""" : """{"type":"text","text":""}""";
        await SendAsync(http, $$"""
            event: content_block_start
            data: {"type":"content_block_start","index":0,"content_block":{{start}}}
            """);
        string Delta(string delta) => $$"""
            event: content_block_delta
            data: {"type":"content_block_delta","index":0,"delta":{{delta}}}
            """;
        if (body.Contains("endless", StringComparison.Ordinal))
        {
            await EndlessAsync(http, Delta("""{"type":"text_delta","text":"more "}"""));
            return;
        }
        foreach (var part in tool ? (string[])["{\\\"city\\\":", "\\\"Oslo\\\"}"] : ["Hello ", "there"])
        {
            await SendAsync(http, Delta(tool ? $$"""{"type":"input_json_delta","partial_json":"{{part}}"}""" : $$"""{"type":"text_delta","text":"{{part}}"}"""));
        }
        await SendAsync(http, """
            event: content_block_stop
            data: {"type":"content_block_stop","index":0}
            """);
        await SendAsync(http, """
            event: message_delta
            data: {"type":"message_delta","delta":{"stop_reason":"STOP","stop_sequence":null},"usage":{"output_tokens":8}}
            """.Replace("STOP", tool ? "tool_use" : "end_turn", StringComparison.Ordinal));
        await SendAsync(http, """
            event: message_stop
            data: {"type":"message_stop"}
            """);
    }

    private async Task GenerateAsync(HttpContext http)
    {
        var body = await ReadAsync(http);
        if (body.Contains("busy", StringComparison.Ordinal))
        {
            await JsonAsync(http, 429, """{"error":{"code":429,"message":"Resource has been exhausted","status":"RESOURCE_EXHAUSTED"}}""");
            return;
        }
        const string Usage = """{"promptTokenCount":12,"candidatesTokenCount":8,"totalTokenCount":20}""";
        string Answer(string part, string? finish, string? usage) =>
            """{"candidates":[{"content":{"role":"model","parts":[""" + part + """]},"index":0"""
            + (finish is null ? "" : $",\"finishReason\":\"{finish}\"") + "}]"
            + (usage is null ? "" : $",\"usageMetadata\":{usage}") + ""","modelVersion":"gemini-2.0-flash"}""";
        var call = """{"functionCall":{"name":"weather","args":{"city":"Oslo"}}}""";
        var tool = body.Contains("a tool please", StringComparison.Ordinal);
        if (!http.Request.RouteValues["call"]!.ToString()!.EndsWith(":streamGenerateContent", StringComparison.Ordinal))
        {
            await JsonAsync(http, 200, Answer(tool ? call : """{"text":"Hello there"}""", "STOP", Usage));
            return;
        }
        http.Response.ContentType = "text/event-stream";
        if (body.Contains("endless", StringComparison.Ordinal))
        {
            await EndlessAsync(http, "data: " + Answer("""{"text":"more "}""", null, null));
            return;
        }
        if (!tool)
        {
            await SendAsync(http, "data: " + Answer("""{"text":"Hello "}""", null, null));
        }
        await SendAsync(http, "data: " + Answer(tool ? call : """{"text":"there"}""", "STOP", Usage));
    }

    private async Task EndlessAsync(HttpContext http, string frame)
    {
        try
        {
            while (!http.RequestAborted.IsCancellationRequested)
            {
                await SendAsync(http, frame);
                await Task.Delay(TimeSpan.FromMilliseconds(10), http.RequestAborted);
            }
        }
        catch (OperationCanceledException)
        {
            // That is what the test waits for.
        }
        _left.TrySetResult();
    }

    private async Task<string> ReadAsync(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body, Encoding.UTF8);
        var body = await reader.ReadToEndAsync(http.RequestAborted);
        Volatile.Write(ref _lastBody, body);
        return body.Replace("\"stream\": true", "\"stream\":true", StringComparison.Ordinal);
    }

    private static async Task SendAsync(HttpContext http, string frame)
    {
        await http.Response.WriteAsync(frame + "\n\n", http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
    }

    private static Task JsonAsync(HttpContext http, int status, string json)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        return http.Response.WriteAsync(json, http.RequestAborted);
    }
}
