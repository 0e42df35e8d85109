using System.Net;
using System.Net.Http.Headers;
using System.Text;
using NewApi.Testing.Upstreams;

namespace NewApi.RelayService.Tests.Surfaces;

/// <summary>What the documentation of command-line clients asks of a gateway: one test for each of them.</summary>
public sealed class CodingAgentTests
{
    private const string ClaudeStream =
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m1\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[],\"model\":\"claude-x\",\"usage\":{\"input_tokens\":10,\"cache_read_input_tokens\":5,\"output_tokens\":1}}}\n\n"
        + "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"
        + "event: ping\ndata: {\"type\": \"ping\"}\n\n"
        + "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hi\"}}\n\n"
        + "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
        + "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":20}}\n\n"
        + "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Authorization", "Bearer sk-")]
    [InlineData("x-api-key", "sk-")]
    public async Task Claude_Code_streams_messages_counts_tokens_and_lists_models(string header, string prefix)
    {
        await using var upstream = await FakeUpstream.StartAsync(async (http, request) =>
        {
            var counts = request.Path.Contains("count_tokens", StringComparison.Ordinal);
            http.Response.ContentType = counts ? "application/json" : "text/event-stream";
            await Faults.WriteAsync(http, counts ? """{"input_tokens":42}""" : ClaudeStream);
        });
        await using var relay = await StartAsync(upstream, 14, "claude-x", "claude-x");
        var headers = relay.Http.DefaultRequestHeaders;
        headers.Clear();
        headers.Add(header, prefix + RelayHost.Key);
        headers.Add("anthropic-version", "2023-06-01");
        headers.Add("anthropic-beta", "claude-code-20250219,interleaved-thinking-2025-05-14");
        const string Body = """{"model":"claude-x","max_tokens":100,"stream":true,"metadata":{"user_id":"u"},"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],"tools":[],"messages":[{"role":"user","content":"Hi"}]}""";

        var reply = await relay.PostAsync("/v1/messages?beta=true", Body);
        var count = await relay.PostAsync("/v1/messages/count_tokens?beta=true", """{"model":"claude-x","messages":[{"role":"user","content":"Hi"}]}""");
        using var models = await relay.Http.GetAsync("/v1/models", Cancel);
        var list = await RelayReply.ReadAsync(models, Cancel);

        Assert.Equal(ClaudeStream, reply.Text);
        Assert.Equal(42, count.Json.GetProperty("input_tokens").GetInt32());
        var sent = upstream.Requests.First();
        Assert.Equal(("/v1/messages?beta=true", Body, "upstream-secret-1"), (sent.Path, sent.Text, sent.Headers["x-api-key"].ToString()));
        Assert.Equal("claude-code-20250219,interleaved-thinking-2025-05-14", sent.Headers["anthropic-beta"].ToString());
        Assert.Equal(header == "x-api-key", list.Json.TryGetProperty("first_id", out _));
        Assert.Equal("claude-x", list.Json.GetProperty("data")[0].GetProperty("id").GetString());
        Assert.Single(await relay.ChargesAsync());
    }

    [Fact]
    public async Task Codex_streams_responses_that_are_not_stored()
    {
        const string Stream =
            "event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"id\":\"resp_1\",\"status\":\"in_progress\"}}\n\n"
            + "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":1,\"delta\":\"Hi\"}\n\n"
            + "event: response.completed\ndata: {\"type\":\"response.completed\",\"sequence_number\":2,\"response\":{\"id\":\"resp_1\",\"status\":\"completed\",\"output\":[],\"usage\":{\"input_tokens\":1000,\"output_tokens\":500,\"total_tokens\":1500}}}\n\n";
        await using var upstream = await FakeUpstream.StartAsync(async (http, _) =>
        {
            http.Response.ContentType = "text/event-stream";
            await Faults.WriteAsync(http, Stream);
        });
        await using var relay = await StartAsync(upstream, 1, RelayHost.Model);
        const string Body = """{"model":"gpt-4o","instructions":"i","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"Hi"}]}],"tools":[{"type":"function","name":"shell","parameters":{}}],"store":false,"stream":true,"include":["reasoning.encrypted_content"],"prompt_cache_key":"p"}""";
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/responses") { Content = new StringContent(Body, Encoding.UTF8, "application/json") };
        request.Headers.Add("session_id", "0199");
        request.Headers.Add("originator", "codex_cli_rs");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));

        using var response = await relay.Http.SendAsync(request, Cancel);

        Assert.Equal(Stream, await response.Content.ReadAsStringAsync(Cancel));
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(Body, upstream.Requests.Single().Text);
        Assert.Equal(3_750, Assert.Single(await relay.ChargesAsync()).Quota);
    }

    /// <summary>DeepSeek refuses a developer, and has one name for a tool.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Codex_runs_tools_of_its_servers_on_a_model_of_another_provider(bool stream)
    {
        const string Call = """[{"index":0,"id":"call_1","type":"function","function":{"name":"mcp__codegraph__search","arguments":"{}"}}]""";
        await using var upstream = await FakeUpstream.StartAsync(async (http, _) =>
        {
            http.Response.ContentType = stream ? "text/event-stream" : "application/json";
            await Faults.WriteAsync(http, stream
                ? $$$"""data: {"id":"1","model":"deepseek-chat","choices":[{"index":0,"delta":{"tool_calls":{{{Call}}}},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}""" + "\n\ndata: [DONE]\n\n"
                : $$$"""{"id":"1","model":"deepseek-chat","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":{{{Call}}}},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}""");
        });
        await using var relay = await StartAsync(upstream, 43, "deepseek-chat", "deepseek-chat");
        const string Body = """{"model":"deepseek-chat","instructions":"i","input":[{"type":"message","role":"developer","content":"d"},{"type":"message","role":"user","content":"Hi"}],"tools":[{"type":"namespace","name":"mcp__codegraph","tools":[{"type":"function","name":"search","parameters":{"type":"object"}}]}],"store":false,"stream":""";

        var reply = await relay.PostAsync("/v1/responses", $"{Body}{(stream ? "true" : "false")}}}");

        var sent = upstream.Requests.Single();
        Assert.Equal("/v1/chat/completions", sent.Path);
        Assert.Contains("\"mcp__codegraph__search\"", sent.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("\"developer\"", sent.Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal(stream ? 4 : 1, reply.Text.Split("\"namespace\":\"mcp__codegraph\",\"name\":\"search\"").Length - 1);
    }

    [Fact]
    public async Task Gemini_CLI_streams_content_and_counts_tokens_with_googles_key()
    {
        const string Stream = "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"Hi\"}]},\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":100,\"candidatesTokenCount\":50,\"totalTokenCount\":150}}\r\n\r\n";
        await using var upstream = await FakeUpstream.StartAsync(async (http, request) =>
        {
            var streams = request.Path.Contains(":stream", StringComparison.Ordinal);
            http.Response.ContentType = streams ? "text/event-stream" : "application/json";
            await Faults.WriteAsync(http, streams ? Stream : """{"totalTokens":9}""");
        });
        await using var relay = await StartAsync(upstream, 24, "gemini-x", "gemini-x");
        relay.Http.DefaultRequestHeaders.Clear();
        relay.Http.DefaultRequestHeaders.Add("x-goog-api-key", "sk-" + RelayHost.Key);
        const string Body = """{"contents":[{"role":"user","parts":[{"text":"Hi"}]}],"generationConfig":{"thinkingConfig":{"includeThoughts":true}}}""";

        var reply = await relay.PostAsync("/v1beta/models/gemini-x:streamGenerateContent?alt=sse", Body);
        var count = await relay.PostAsync("/v1beta/models/gemini-x:countTokens", """{"contents":[{"role":"user","parts":[{"text":"Hi"}]}]}""");

        Assert.Equal((HttpStatusCode.OK, Stream), (reply.Status, reply.Text));
        Assert.Equal(9, count.Json.GetProperty("totalTokens").GetInt32());
        Assert.Equal(("/v1beta/models/gemini-x:streamGenerateContent?alt=sse", "upstream-secret-1"), (upstream.Requests.First().Path, upstream.Requests.First().Headers["x-goog-api-key"].ToString()));
        Assert.Single(await relay.ChargesAsync());
    }

    private static Task<RelayHost> StartAsync(FakeUpstream upstream, int type, string model, string? priced = null) => RelayHost.StartAsync(
        [RelayHost.Channel(1, upstream, row => (row.Type, row.Models) = (type, model))],
        options: priced is null ? null : new() { ["ModelRatio"] = $$"""{"{{priced}}":1}""" });
}
