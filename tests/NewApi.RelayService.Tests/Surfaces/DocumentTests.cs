using System.Net;
using System.Text.Json;
using NewApi.Testing.Upstreams;

namespace NewApi.RelayService.Tests.Surfaces;

/// <summary>Calls that are no chat and no pictures: what reaches the upstream, what comes back, and what it costs to the point.</summary>
public sealed class DocumentTests
{
    [Fact]
    public async Task Moderation_without_a_model_goes_out_under_the_upstreams_name_and_costs_its_prompt()
    {
        await using var upstream = await FakeUpstream.StartAsync(Json("""{"id":"modr-1","results":[{"flagged":false}]}"""));
        await using var relay = await StartAsync(upstream, "text-moderation-stable");

        var reply = await relay.PostAsync("/v1/moderations", """{"input":"some words to be judged"}""");

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.False(reply.Json.GetProperty("results")[0].GetProperty("flagged").GetBoolean());
        var sent = Assert.Single(upstream.Requests);
        Assert.Equal("/v1/moderations", sent.Path);
        Assert.Equal("""{"model":"text-moderation-latest","input":"some words to be judged"}""", sent.Text);
        var charge = Assert.Single(await relay.ChargesAsync());
        // Five words and four blanks are 6.78 tokens; ratio 0.1.
        Assert.Equal((7, 0, 1, "text-moderation-stable"), (charge.PromptTokens, charge.CompletionTokens, charge.Quota, charge.ModelName));
        await relay.AssertBooksAreRightAsync(1);
    }

    [Theory]
    [InlineData("""{"model":"j","results":[{"index":0,"relevance_score":0.9}],"usage":{"total_tokens":380,"prompt_tokens":380}}""")]
    [InlineData("""{"model":"j","results":[{"index":0,"relevance_score":0.9}],"usage":{"total_tokens":380}}""")]
    [InlineData("""{"id":"x","results":[{"index":0,"relevance_score":0.9}],"meta":{"billed_units":{"search_units":1},"tokens":{"input_tokens":380,"output_tokens":0}}}""")]
    public async Task Rerank_is_passed_as_it_is_and_charged_by_the_tokens_that_the_upstream_reports(string answer)
    {
        await using var upstream = await FakeUpstream.StartAsync(Json(answer));
        await using var relay = await StartAsync(upstream, "ranker", ratio: 2);
        const string Body = """{"model":"ranker","query":"q","top_n":1,"documents":["one",{"text":"two"}]}""";

        var reply = await relay.PostAsync("/v1/rerank", Body);

        Assert.Equal(answer, reply.Text);
        Assert.Equal(Body, Assert.Single(upstream.Requests).Text);
        var charge = Assert.Single(await relay.ChargesAsync());
        Assert.Equal((380, 760), (charge.PromptTokens, charge.Quota));
        await relay.AssertBooksAreRightAsync(760);
    }

    [Fact]
    public async Task Engine_in_the_path_is_the_model_of_embeddings()
    {
        await using var upstream = await FakeUpstream.StartAsync(
            Json("""{"object":"list","data":[{"index":0,"embedding":[0.1]}],"usage":{"prompt_tokens":250,"total_tokens":250}}"""));
        await using var relay = await StartAsync(upstream, "text-embedding-3-small");

        var reply = await relay.PostAsync("/v1/engines/text-embedding-3-small/embeddings", """{"input":"x"}""");

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        var sent = Assert.Single(upstream.Requests);
        Assert.Equal(("/v1/embeddings", """{"model":"text-embedding-3-small","input":"x"}"""), (sent.Path, sent.Text));
        Assert.Equal(3, Assert.Single(await relay.ChargesAsync()).Quota);
    }

    [Fact]
    public async Task Legacy_edit_needs_an_instruction_and_is_charged_by_its_usage()
    {
        await using var upstream = await FakeUpstream.StartAsync(
            Json("""{"object":"edit","choices":[{"text":"fixed","index":0}],"usage":{"prompt_tokens":1000,"completion_tokens":500,"total_tokens":1500}}"""));
        await using var relay = await StartAsync(upstream, RelayHost.Model);

        var refused = await relay.PostAsync("/v1/edits", """{"model":"gpt-4o","input":"wrng"}""");
        var reply = await relay.PostAsync("/v1/edits", """{"model":"gpt-4o","input":"wrng","instruction":"fix"}""");

        Assert.Equal((HttpStatusCode.BadRequest, "instruction"), (refused.Status, refused.Json.GetProperty("error").GetProperty("param").GetString()));
        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal(3_750, Assert.Single(await relay.ChargesAsync()).Quota);
    }

    [Fact]
    public async Task Compaction_is_routed_and_priced_under_a_name_of_its_own()
    {
        await using var upstream = await FakeUpstream.StartAsync(
            Json("""{"id":"resp_1","object":"response.compaction","output":[{"type":"compaction","encrypted_content":"x"}],"usage":{"input_tokens":1000,"output_tokens":500,"total_tokens":1500}}"""));
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, upstream, row =>
            {
                row.Models = "gpt-x-openai-compact";
                row.ModelMapping = """{"gpt-x":"gpt-x-2026"}""";
                row.Setting = """{"pass_through_body_enabled":true}""";
            })],
            options: new() { ["ModelRatio"] = """{"*-openai-compact":2}""", ["CompletionRatio"] = """{"gpt-x-openai-compact":3}""" });

        var reply = await relay.PostAsync("/v1/responses/compact", """{"model":"gpt-x","input":"long talk"}""");

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        var sent = Assert.Single(upstream.Requests);
        Assert.Equal(("/v1/responses/compact", """{"model":"gpt-x-2026","input":"long talk"}"""), (sent.Path, sent.Text));
        var charge = Assert.Single(await relay.ChargesAsync());
        Assert.Equal("gpt-x-openai-compact", charge.ModelName);
        Assert.True(charge.Quota is 5_000 or 4_000, $"{charge.Quota}");
    }

    [Theory]
    [InlineData("/v1beta/models/gemini-embedding-001:embedContent", """{"content":{"parts":[{"text":"some words here"}]}}""", """{"embedding":{"values":[0.1]}}""")]
    [InlineData("/v1beta/models/gemini-embedding-001:batchEmbedContents", """{"requests":[{"content":{"parts":[{"text":"some words here"}]}}]}""", """{"embeddings":[{"values":[0.1]}]}""")]
    public async Task Gemini_embeddings_keep_their_action_and_are_charged_by_the_prompt(string path, string body, string answer)
    {
        await using var upstream = await FakeUpstream.StartAsync(Json(answer));
        await using var relay = await StartAsync(upstream, "gemini-embedding-001", type: 24);

        var reply = await relay.PostAsync(path, body);

        Assert.Equal(answer, reply.Text);
        Assert.Equal((path, body), (upstream.Requests.Single().Path, upstream.Requests.Single().Text));
        Assert.Equal(1, Assert.Single(await relay.ChargesAsync()).Quota);
        await relay.AssertBooksAreRightAsync(1);
    }

    [Fact]
    public async Task Answer_of_Gemini_that_is_no_vector_is_charged_for_what_it_says_it_made()
    {
        await using var upstream = await FakeUpstream.StartAsync(Json(
            """{"candidates":[{}],"usageMetadata":{"promptTokenCount":100,"candidatesTokenCount":40,"thoughtsTokenCount":60,"totalTokenCount":200}}"""));
        await using var relay = await StartAsync(upstream, "some-model", type: 24, ratio: 1);

        await relay.PostAsync("/v1beta/models/some-model:predict", """{"instances":[{"content":"Hi"}]}""");

        var charge = Assert.Single(await relay.ChargesAsync());
        Assert.Equal((100, 100), (charge.PromptTokens, charge.CompletionTokens));
    }

    [Theory]
    [InlineData("embedContent", """{"model":"models/short","content":{"parts":[{"text":"Hi"}]}}""", """{"embedding":{"values":[0.1]}}""")]
    [InlineData("batchEmbedContents", """{"requests":[{"model":"models/short","content":{"parts":[{"text":"Hi"}]}}]}""", """{"embeddings":[{"values":[0.1]}]}""")]
    [InlineData("countTokens", """{"generateContentRequest":{"model":"models/short","contents":[{"parts":[{"text":"Hi"}]}]}}""", """{"totalTokens":1}""")]
    public async Task Mapped_model_of_Gemini_has_its_upstreams_name_everywhere(string action, string body, string answer)
    {
        await using var upstream = await FakeUpstream.StartAsync(Json(answer));
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, upstream, row =>
            {
                row.Type = 24;
                row.Models = "short";
                row.ModelMapping = """{"short":"gemini-embedding-001"}""";
            })],
            options: new() { ["ModelRatio"] = """{"short":1}""" });

        var reply = await relay.PostAsync($"/v1beta/models/short:{action}", body);

        Assert.Equal(answer, reply.Text);
        var sent = Assert.Single(upstream.Requests);
        Assert.Equal($"/v1beta/models/gemini-embedding-001:{action}", sent.Path);
        Assert.Equal(body.Replace("short", "gemini-embedding-001", StringComparison.Ordinal), sent.Text);
    }

    [Theory]
    [InlineData("claude-sonnet-4-5-thinking", "claude-sonnet-4-5")]
    [InlineData("claude-opus-4-7-xhigh", "claude-opus-4-7")]
    [InlineData("claude-sonnet-4-5", "claude-sonnet-4-5")]
    public async Task Wish_to_think_is_no_part_of_the_name_when_tokens_are_counted(string model, string expected)
    {
        await using var upstream = await FakeUpstream.StartAsync(Json("""{"input_tokens":77}"""));
        await using var relay = await StartAsync(upstream, model, type: 14, ratio: 1);

        await relay.PostAsync("/v1/messages/count_tokens", $$"""{"model":"{{model}}","messages":[{"role":"user","content":"Hi"}]}""");

        Assert.Equal($$"""{"model":"{{expected}}","messages":[{"role":"user","content":"Hi"}]}""", Assert.Single(upstream.Requests).Text);
    }

    [Theory]
    [InlineData(43, "Hm.")]
    [InlineData(25, "Hm.")]
    [InlineData(26, "Hm.")]
    [InlineData(35, "Hm.")]
    [InlineData(1, null)]
    public async Task Thoughts_before_a_call_go_back_to_providers_that_take_them(int type, string? expected)
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await StartAsync(upstream, "deep", type, ratio: 1);

        await relay.PostAsync(
            "/v1beta/models/deep:generateContent",
            """
            {"contents":[{"role":"user","parts":[{"text":"Weather?"}]},
             {"role":"model","parts":[{"text":"Hm.","thought":true},{"functionCall":{"name":"look","args":{}}}]},
             {"role":"user","parts":[{"functionResponse":{"name":"look","response":{"result":"rain"}}}]}]}
            """);

        var sent = JsonDocument.Parse(Assert.Single(upstream.Requests).Body).RootElement;
        var assistant = sent.GetProperty("messages").EnumerateArray().Single(message => message.GetProperty("role").GetString() == "assistant");
        Assert.Equal(expected, assistant.TryGetProperty("reasoning_content", out var thoughts) ? thoughts.GetString() : null);
    }

    [Fact]
    public async Task Gemini_counts_tokens_for_nothing()
    {
        await using var upstream = await FakeUpstream.StartAsync(Json("""{"totalTokens":31}"""));
        await using var relay = await StartAsync(upstream, "gemini-2.0-flash", type: 24, ratio: 1);

        var reply = await relay.PostAsync("/v1beta/models/gemini-2.0-flash:countTokens", """{"contents":[{"parts":[{"text":"Hi"}]}]}""");

        Assert.Equal(31, reply.Json.GetProperty("totalTokens").GetInt32());
        await relay.AssertBooksAreRightAsync(0);
    }

    [Fact]
    public async Task Imagen_is_sold_by_the_pictures_that_came_back()
    {
        await using var upstream = await FakeUpstream.StartAsync(Json("""{"predictions":[{"bytesBase64Encoded":"AA=="},{"bytesBase64Encoded":"AA=="}]}"""));
        await using var relay = await StartAsync(upstream, "imagen-3.0-generate-002", type: 24);

        var reply = await relay.PostAsync(
            "/v1beta/models/imagen-3.0-generate-002:predict", """{"instances":[{"prompt":"a cat"}],"parameters":{"sampleCount":3}}""");

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal(30_000, Assert.Single(await relay.ChargesAsync()).Quota);
        await relay.AssertBooksAreRightAsync(30_000);
    }

    [Fact]
    public async Task Googles_openai_path_takes_googles_key_and_chats()
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await StartAsync(upstream, RelayHost.Model);
        relay.Http.DefaultRequestHeaders.Authorization = null;
        relay.Http.DefaultRequestHeaders.Add("x-goog-api-key", "sk-" + RelayHost.Key);

        var reply = await relay.PostAsync("/v1beta/openai/chat/completions", """{"model":"gpt-4o","messages":[{"role":"user","content":"Hi"}]}""");

        Assert.Equal(OpenAIAnswers.Words, reply.Content);
        Assert.Equal("/v1/chat/completions", upstream.Requests.Single().Path);
    }

    [Fact]
    public async Task Anthropic_count_is_the_upstreams_where_it_can_count_and_never_billed()
    {
        await using var upstream = await FakeUpstream.StartAsync(Json("""{"input_tokens":77}"""));
        await using var relay = await StartAsync(upstream, "claude-x", type: 14, ratio: 1);

        var reply = await relay.PostAsync("/v1/messages/count_tokens?beta=true", Count);

        Assert.Equal(77, reply.Json.GetProperty("input_tokens").GetInt32());
        Assert.Equal("/v1/messages/count_tokens?beta=true", upstream.Requests.Single().Path);
        await relay.AssertBooksAreRightAsync(0);
    }

    [Fact]
    public async Task Anthropic_count_is_ours_where_the_upstream_cannot_count()
    {
        await using var upstream = await FakeUpstream.StartAsync(Faults.Status(404));
        await using var relay = await StartAsync(upstream, "claude-x", type: 14, ratio: 1);

        var reply = await relay.PostAsync("/v1/messages/count_tokens", Count);

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        // "Hello, world!" is four tokens of Claude's (billing §11, example 41), a message three more.
        Assert.Equal(7, reply.Json.GetProperty("input_tokens").GetInt32());
        await relay.AssertBooksAreRightAsync(0);
    }

    [Fact]
    public async Task Anthropic_count_that_is_wrong_is_told_so_in_Anthropics_shape()
    {
        await using var upstream = await FakeUpstream.StartAsync(Json("{}"));
        await using var relay = await StartAsync(upstream, "claude-x", type: 14, ratio: 1);

        var reply = await relay.PostAsync("/v1/messages/count_tokens", """{"model":"claude-x","messages":[]}""");

        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
        Assert.Equal("invalid_request_error", reply.Json.GetProperty("error").GetProperty("type").GetString());
    }

    private const string Count = """{"model":"claude-x","messages":[{"role":"user","content":"Hello, world!"}]}""";

    private static UpstreamScript Json(string answer) => async (http, _) =>
    {
        http.Response.ContentType = "application/json";
        await Faults.WriteAsync(http, answer);
    };

    private static Task<RelayHost> StartAsync(FakeUpstream upstream, string model, int type = 1, decimal? ratio = null) => RelayHost.StartAsync(
        [RelayHost.Channel(1, upstream, row => (row.Models, row.Type) = (model, type))],
        options: ratio is null ? null : new() { ["ModelRatio"] = $$"""{"{{model}}":{{ratio}}}""" });
}
