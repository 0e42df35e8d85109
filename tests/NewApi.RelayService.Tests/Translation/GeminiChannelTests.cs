using System.Net;
using System.Text.Json;
using NewApi.Data.Rows;
using NewApi.Testing.Upstreams;

namespace NewApi.RelayService.Tests.Translation;

/// <summary>Clients of Responses on a channel that speaks Gemini: what reaches the upstream, what comes back, and what is charged.</summary>
public sealed class GeminiChannelTests
{
    private const string Tools = """[{"type":"custom","name":"apply_patch","description":"Edits."}]""";

    private static readonly Dictionary<string, string> Adapter = new() { ["gemini.thinking_adapter_enabled"] = "true" };

    [Fact]
    public async Task Stream_is_told_in_events_of_the_caller_and_charged()
    {
        await using var upstream = await FakeUpstream.StartAsync(Chunks(
            """{"candidates":[{"content":{"parts":[{"text":"All is "}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":1000}}""",
            """{"candidates":[{"content":{"parts":[{"functionCall":{"name":"apply_patch","args":{"input":"*** Begin"}}}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":1000,"candidatesTokenCount":500,"totalTokenCount":1500}}"""));
        await using var relay = await RelayHost.StartAsync([Gemini(1, upstream)]);

        var reply = await relay.PostAsync("/v1/responses", $$"""{"model":"gpt-4o","stream":true,"input":"Hi","tools":{{Tools}}}""");

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        var last = JsonDocument.Parse(reply.Events[^1]).RootElement;
        Assert.Equal("response.completed", last.GetProperty("type").GetString());
        Assert.Equal(
            ["message", "custom_tool_call"],
            last.GetProperty("response").GetProperty("output").EnumerateArray().Select(item => item.GetProperty("type").GetString()));
        Assert.Equal(1500, last.GetProperty("response").GetProperty("usage").GetProperty("total_tokens").GetInt32());
        var sent = Assert.Single(upstream.Requests);
        Assert.Contains("/v1beta/models/gpt-4o:streamGenerateContent", sent.Path, StringComparison.Ordinal);
        Assert.Contains("HARM_CATEGORY_HARASSMENT", sent.Text, StringComparison.Ordinal);
        var charge = Assert.Single(await relay.ChargesAsync());
        Assert.Equal((1000, 500), (charge.PromptTokens, charge.CompletionTokens));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Blocked_prompt_is_an_error_and_costs_nothing(bool stream)
    {
        const string Blocked = """{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":7,"totalTokenCount":7}}""";
        await using var upstream = await FakeUpstream.StartAsync(stream ? Chunks(Blocked) : Whole(Blocked));
        await using var relay = await RelayHost.StartAsync([Gemini(1, upstream)]);

        var reply = await relay.PostAsync("/v1/responses", $$"""{"model":"gpt-4o","stream":{{(stream ? "true" : "false")}},"input":"Hi"}""");

        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
        Assert.Equal("prompt_blocked", reply.Json.GetProperty("error").GetProperty("code").GetString());
        Assert.Single(upstream.Requests);
        await relay.AssertBooksAreRightAsync(0);
    }

    [Fact]
    public async Task Stream_that_breaks_ends_with_the_event_that_the_caller_waits_for()
    {
        await using var upstream = await FakeUpstream.StartAsync(async (http, request) =>
        {
            http.Response.ContentType = "text/event-stream";
            await Faults.WriteAsync(http, "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"word \"}]}}]}\n\n");
            await Faults.WriteAsync(http, "data: {\"error\":{\"code\":503,\"message\":\"overloaded\",\"status\":\"UNAVAILABLE\"}}\n\n");
        });
        await using var relay = await RelayHost.StartAsync([Gemini(1, upstream)]);

        var reply = await relay.PostAsync("/v1/responses", """{"model":"gpt-4o","stream":true,"input":"Hi"}""");

        var ends = reply.Events.TakeLast(2).Select(data => JsonDocument.Parse(data).RootElement.GetProperty("type").GetString());
        Assert.Equal(["error", "response.failed"], ends);
    }

    [Fact]
    public async Task Suffix_of_a_model_is_a_wish_in_the_body_and_not_in_the_address()
    {
        const string Answer = """{"candidates":[{"content":{"parts":[{"text":"Hi"}],"role":"model"},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":1}}""";
        await using var upstream = await FakeUpstream.StartAsync(Whole(Answer));
        await using var relay = await RelayHost.StartAsync(
            [Gemini(1, upstream, row => row.ModelMapping = """{"gpt-4o":"gemini-2.5-flash-thinking-2048"}""")], options: Adapter);

        await relay.PostAsync("/v1beta/models/gpt-4o:generateContent", """{"contents":[{"role":"user","parts":[{"text":"Hi"}]}]}""");
        await relay.PostAsync("/v1/responses", """{"model":"gpt-4o","input":"Hi"}""");

        Assert.Equal(2, upstream.Requests.Count);
        Assert.All(upstream.Requests, sent =>
        {
            Assert.Contains("/models/gemini-2.5-flash:generateContent", sent.Path, StringComparison.Ordinal);
            var thinking = JsonDocument.Parse(sent.Body).RootElement.GetProperty("generationConfig").GetProperty("thinkingConfig");
            Assert.Equal(2048, thinking.GetProperty("thinkingBudget").GetInt32());
        });
    }

    private static ChannelRow Gemini(long id, FakeUpstream upstream, Action<ChannelRow>? change = null) => RelayHost.Channel(id, upstream, row =>
    {
        row.Type = 24;
        change?.Invoke(row);
    });

    private static UpstreamScript Chunks(params string[] chunks) => async (http, _) =>
    {
        http.Response.ContentType = "text/event-stream";
        foreach (var chunk in chunks)
        {
            await Faults.WriteAsync(http, $"data: {chunk}\n\n");
        }
    };

    private static UpstreamScript Whole(string answer) => async (http, _) =>
    {
        http.Response.ContentType = "application/json";
        await Faults.WriteAsync(http, answer);
    };
}
