using System.Net;
using System.Text.Json;
using NewApi.Testing.Upstreams;

namespace NewApi.RelayService.Tests.Translation;

/// <summary>
/// Where chats of Claude's and Gemini's callers go on a channel of OpenAI's: its models that reason refuse functions in chat completions, so to
/// Responses, unless the request or the channel says otherwise.
/// </summary>
public sealed class ResponsesRouteTests
{
    private const string Chat = "/v1/chat/completions";
    private const string Responses = "/v1/responses";
    private const string Claude = """{"model":"gpt-4o","max_tokens":50,"tools":[{"name":"look","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"Hi"}]}""";

    [Theory]
    [InlineData("gpt-5.4", Responses)]
    [InlineData("gpt-5", Responses)]
    [InlineData("o4-mini", Responses)]
    [InlineData("gpt-4o", Chat)]
    public async Task Models_that_reason_are_asked_in_Responses(string model, string path)
    {
        await using var upstream = await FakeUpstream.StartAsync(Either);
        await using var relay = await StartAsync(upstream, model);

        var claude = await relay.PostAsync("/v1/messages", Claude);
        var gemini = await relay.PostAsync("/v1beta/models/gpt-4o:generateContent", """{"contents":[{"role":"user","parts":[{"text":"Hi"}]}]}""");

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (claude.Status, gemini.Status));
        Assert.All(upstream.Requests, sent => Assert.Equal(path, sent.Path));
        Assert.Equal(OpenAIAnswers.Words, claude.Json.GetProperty("content")[0].GetProperty("text").GetString());
        Assert.Equal(
            OpenAIAnswers.Words,
            gemini.Json.GetProperty("candidates")[0].GetProperty("content").GetProperty("parts")[0].GetProperty("text").GetString());
        Assert.All(await relay.ChargesAsync(2), charge => Assert.Equal((1000, 500), (charge.PromptTokens, charge.CompletionTokens)));
    }

    [Fact]
    public async Task Turn_of_tools_streams_from_Responses()
    {
        await using var upstream = await FakeUpstream.StartAsync(async (http, _) =>
        {
            http.Response.ContentType = "text/event-stream";
            await Faults.WriteAsync(http, Event("""{"type":"response.created","response":{"id":"resp_1","status":"in_progress"}}""")
                + Event("""{"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","id":"fc_1","call_id":"call_1","name":"look","arguments":""}}""")
                + Event("""{"type":"response.function_call_arguments.delta","output_index":0,"item_id":"fc_1","delta":"{\"at\":1}"}""")
                + Event("""{"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","id":"fc_1","call_id":"call_1","name":"look","arguments":"{\"at\":1}"}}""")
                + Event("""{"type":"response.completed","response":{"id":"resp_1","status":"completed","output":[],"usage":{"input_tokens":1000,"output_tokens":500,"total_tokens":1500}}}"""));
        });
        await using var relay = await StartAsync(upstream, "gpt-5.4");

        var reply = await relay.PostAsync(
            "/v1/messages", Claude.Replace("\"max_tokens\":50", "\"max_tokens\":5000,\"stream\":true,\"temperature\":1,\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2048}", StringComparison.Ordinal));

        var events = reply.Events.Select(data => JsonDocument.Parse(data).RootElement).ToList();
        var call = events.Single(data => data.GetProperty("type").GetString() == "content_block_start").GetProperty("content_block");
        Assert.Equal(("tool_use", "look", "call_1"), (call.GetProperty("type").GetString(), call.GetProperty("name").GetString(), call.GetProperty("id").GetString()));
        Assert.Equal("tool_use", events[^2].GetProperty("delta").GetProperty("stop_reason").GetString());
        var sent = JsonDocument.Parse(Assert.Single(upstream.Requests).Body).RootElement;
        Assert.Equal(("gpt-5.4", "medium"), (sent.GetProperty("model").GetString(), sent.GetProperty("reasoning").GetProperty("effort").GetString()));
        Assert.False(sent.TryGetProperty("temperature", out _));
        Assert.Equal(3750, Assert.Single(await relay.ChargesAsync()).Quota);
    }

    [Theory]
    [InlineData("/v1/messages", """{"model":"gpt-4o","max_tokens":50,"stop_sequences":["END"],"messages":[{"role":"user","content":"Hi"}]}""")]
    [InlineData("/v1beta/models/gpt-4o:generateContent", """{"contents":[{"role":"user","parts":[{"text":"Hi"}]}],"generationConfig":{"candidateCount":2}}""")]
    [InlineData(Chat, """{"model":"gpt-4o","messages":[{"role":"user","content":"Hi"}]}""")]
    public async Task What_Responses_cannot_say_and_what_is_a_chat_already_stays_one(string path, string body)
    {
        await using var upstream = await FakeUpstream.StartAsync(Either);
        await using var relay = await StartAsync(upstream, "gpt-5.4");

        var reply = await relay.PostAsync(path, body);

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal(Chat, Assert.Single(upstream.Requests).Path);
    }

    [Theory]
    [InlineData(1, """{"chat_only":true}""", false)]
    [InlineData(7, "", false)]
    [InlineData(3, "", true)]
    public async Task Channels_that_may_have_no_Responses_are_not_asked_for_them(int type, string settings, bool asked)
    {
        await using var upstream = await FakeUpstream.StartAsync(Either);
        await using var relay = await StartAsync(upstream, "gpt-5", type, settings);

        await relay.PostAsync("/v1/messages", Claude);

        Assert.Equal(asked, Assert.Single(upstream.Requests).Path.Contains("/responses", StringComparison.Ordinal));
    }

    private static Task<RelayHost> StartAsync(FakeUpstream upstream, string model, int type = 1, string settings = "") => RelayHost.StartAsync(
        [RelayHost.Channel(1, upstream, row =>
        {
            row.Type = type;
            row.Settings = settings;
            row.ModelMapping = $$"""{"gpt-4o":"{{model}}"}""";
        })]);

    private static Task Either(Microsoft.AspNetCore.Http.HttpContext http, UpstreamRequestRecord request)
    {
        if (!request.Path.Contains("/responses", StringComparison.Ordinal))
        {
            return OpenAIAnswers.Good(http, request);
        }
        http.Response.ContentType = "application/json";
        return Faults.WriteAsync(http, $$$"""{"id":"r1","object":"response","created_at":1,"status":"completed","model":"m","output":[{"type":"message","id":"m1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"{{{OpenAIAnswers.Words}}}","annotations":[]}]}],"usage":{"input_tokens":1000,"output_tokens":500,"total_tokens":1500}}""");
    }

    private static string Event(string data) => $"event: {JsonDocument.Parse(data).RootElement.GetProperty("type").GetString()}\ndata: {data}\n\n";
}
