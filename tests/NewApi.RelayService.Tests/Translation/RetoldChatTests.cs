using System.Net;
using System.Text.Json;
using NewApi.Testing.Upstreams;

namespace NewApi.RelayService.Tests.Translation;

/// <summary>Chats that come back told anew because the operator wants them so, though the upstream speaks the caller's dialect.</summary>
public sealed class RetoldChatTests
{
    private const string Path = "/v1/chat/completions";

    private static readonly UpstreamScript Thinker = async (http, request) =>
    {
        http.Response.ContentType = request.Stream ? "text/event-stream" : "application/json";
        const string Head = "\"id\":\"c1\",\"created\":1,\"model\":\"m\"";
        const string Usage = "\"usage\":{\"prompt_tokens\":1000,\"completion_tokens\":500,\"total_tokens\":1500}";
        await Faults.WriteAsync(http, request.Stream
            ? $$$"""
              data: { {{{Head}}},"odd":1,"choices":[{"index":0,"delta":{"role":"assistant","reasoning_content":"Let me "}}]}

              data: { {{{Head}}},"odd":1,"choices":[{"index":0,"delta":{"reasoning_content":"think."}}]}

              data: { {{{Head}}},"odd":1,"choices":[{"index":0,"delta":{"content":"Yes."}}]}

              data: { {{{Head}}},"odd":1,"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],{{{Usage}}}}

              data: [DONE]


              """
            : $$$"""{ {{{Head}}},"odd":1,"choices":[{"index":0,"message":{"role":"assistant","reasoning_content":"Let me think.","content":"Yes."},"finish_reason":"stop"}],{{{Usage}}}}""");
    };

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Thoughts_become_text_between_tags(bool stream)
    {
        await using var upstream = await FakeUpstream.StartAsync(Thinker);
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, upstream, row => row.Setting = """{"thinking_to_content":true}""")]);

        var reply = await relay.ChatAsync(stream);

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal("<think>\nLet me think.\n</think>\nYes.", reply.Content);
        Assert.DoesNotContain("reasoning_content", reply.Text, StringComparison.Ordinal);
        var charge = Assert.Single(await relay.ChargesAsync());
        Assert.Equal((1000, 500, 3750), (charge.PromptTokens, charge.CompletionTokens, charge.Quota));
    }

    [Fact]
    public async Task Thoughts_of_another_dialect_become_text_too()
    {
        await using var upstream = await FakeUpstream.StartAsync(async (http, _) =>
        {
            http.Response.ContentType = "application/json";
            await Faults.WriteAsync(http, """{"id":"m1","type":"message","role":"assistant","model":"c","content":[{"type":"thinking","thinking":"Hm.","signature":"s"},{"type":"text","text":"Yes."}],"stop_reason":"end_turn","usage":{"input_tokens":10,"output_tokens":5}}""");
        });
        await using var relay = await RelayHost.StartAsync([RelayHost.Channel(1, upstream, row =>
        {
            row.Type = 14;
            row.Setting = """{"thinking_to_content":true}""";
        })]);

        Assert.Equal("<think>\nHm.\n</think>\nYes.", (await relay.ChatAsync()).Content);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task Forced_format_leaves_nothing_that_is_not_OpenAIs(bool stream, bool forced)
    {
        await using var upstream = await FakeUpstream.StartAsync(Thinker);
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, upstream, row => row.Setting = forced ? """{"force_format":true}""" : "{}")]);

        var reply = await relay.ChatAsync(stream);

        Assert.Equal("Yes.", reply.Content);
        Assert.Equal(forced, !reply.Text.Contains("odd", StringComparison.Ordinal));
        Assert.Contains(stream && forced ? "\"object\":\"chat.completion.chunk\"" : "", reply.Text, StringComparison.Ordinal);
        Assert.Contains("reasoning_content", reply.Text, StringComparison.Ordinal);
        Assert.Equal(3750, Assert.Single(await relay.ChargesAsync()).Quota);
    }

    [Theory]
    [InlineData("""{"enabled":true,"model_patterns":["^gpt-4o$"]}""", true)]
    [InlineData("""{"enabled":true}""", true)]
    [InlineData("""{"enabled":true,"all_channels":false,"channel_types":[1]}""", true)]
    [InlineData("""{"enabled":true,"all_channels":false,"channel_ids":[2],"channel_types":[14]}""", false)]
    [InlineData("""{"enabled":true,"model_patterns":["^gpt-5"]}""", false)]
    [InlineData("""{"enabled":true,"model_patterns":["("]}""", false)]
    [InlineData("""{"enabled":false,"model_patterns":["^gpt-4o$"]}""", false)]
    public async Task Policy_sends_chats_as_Responses(string policy, bool applies)
    {
        await using var upstream = await FakeUpstream.StartAsync(Either);
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, upstream)], options: new() { ["global.chat_completions_to_responses_policy"] = policy });

        var reply = await relay.PostAsync(Path, """{"model":"gpt-4o","max_tokens":50,"messages":[{"role":"system","content":"S"},{"role":"user","content":"Hi"}]}""");

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal("chat.completion", reply.Json.GetProperty("object").GetString());
        var sent = Assert.Single(upstream.Requests);
        Assert.Equal(applies ? "/v1/responses" : Path, sent.Path);
        var body = JsonDocument.Parse(sent.Body).RootElement;
        Assert.Equal(applies, body.TryGetProperty("instructions", out _));
        Assert.Equal(applies ? OpenAIAnswers.Words + "!" : OpenAIAnswers.Words, reply.Content);
        Assert.Equal((1000, 500), ((await relay.ChargesAsync())[0].PromptTokens, (await relay.ChargesAsync())[0].CompletionTokens));
    }

    [Fact]
    public async Task Policy_leaves_alone_what_passes_through()
    {
        await using var upstream = await FakeUpstream.StartAsync(Either);
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, upstream, row => row.Setting = """{"pass_through_body_enabled":true}""")],
            options: new() { ["global.chat_completions_to_responses_policy"] = """{"enabled":true}""" });

        await relay.ChatAsync();

        Assert.Equal(Path, Assert.Single(upstream.Requests).Path);
    }

    [Fact]
    public async Task Policy_holds_for_Claudes_callers_who_would_get_a_chat()
    {
        await using var upstream = await FakeUpstream.StartAsync(Either);
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, upstream)], options: new() { ["global.chat_completions_to_responses_policy"] = """{"enabled":true}""" });

        var reply = await relay.PostAsync("/v1/messages", """{"model":"gpt-4o","max_tokens":50,"messages":[{"role":"user","content":"Hi"}]}""");

        Assert.Equal("/v1/responses", Assert.Single(upstream.Requests).Path);
        Assert.Equal(OpenAIAnswers.Words + "!", reply.Json.GetProperty("content")[0].GetProperty("text").GetString());
    }

    private static Task Either(Microsoft.AspNetCore.Http.HttpContext http, UpstreamRequestRecord request)
    {
        if (request.Path == Path)
        {
            return OpenAIAnswers.Good(http, request);
        }
        http.Response.ContentType = "application/json";
        return Faults.WriteAsync(http, $$$"""{"id":"r1","object":"response","created_at":1,"status":"completed","model":"m","output":[{"type":"message","id":"m1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"{{{OpenAIAnswers.Words}}}!","annotations":[]}]}],"usage":{"input_tokens":1000,"output_tokens":500,"total_tokens":1500}}""");
    }
}
