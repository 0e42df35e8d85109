using System.IO.Compression;
using System.Net;
using System.Text.Json.Nodes;
using NewApi.Testing.Upstreams;

namespace NewApi.RelayService.Tests.Features;

/// <summary>What an operator sets on a channel, as the upstream sees it.</summary>
public sealed class ChannelFeatureTests
{
    private const string Chat = "/v1/chat/completions";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task System_prompt_is_added_where_the_caller_gives_none()
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync([RelayHost.Channel(1, upstream, row => row.Setting = """{"system_prompt":"Be brief."}""")]);

        await relay.ChatAsync(prompt: "Hello");

        var messages = JsonNode.Parse(upstream.Requests.Single().Text)!["messages"]!.AsArray();
        Assert.Equal("""[{"role":"system","content":"Be brief."},{"role":"user","content":"Hello"}]""", messages.ToJsonString());
    }

    [Theory]
    [InlineData(true, "Be brief.\nBe kind.")]
    [InlineData(false, "Be kind.")]
    public async Task System_prompt_never_replaces_the_callers(bool prepend, string expected)
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, upstream, row => row.Setting = $$"""{"system_prompt":"Be brief.","system_prompt_override":{{(prepend ? "true" : "false")}}}""")]);

        await relay.PostAsync(Chat, """{"model":"gpt-4o","messages":[{"role":"system","content":"Be kind."},{"role":"user","content":"Hi"}]}""");

        Assert.Equal(expected, (string?)JsonNode.Parse(upstream.Requests.Single().Text)!["messages"]![0]!["content"]);
        Assert.Equal(prepend, (await relay.ChargesAsync())[0].Other!.Contains("is_system_prompt_overwritten", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Parameter_override_changes_body_and_headers()
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync([RelayHost.Channel(1, upstream, row =>
        {
            row.ParamOverride = """
                {"operations":[
                  {"mode":"set","path":"temperature","value":0.1},
                  {"mode":"set_header","path":"X-Extra","value":"yes"},
                  {"mode":"delete_header","path":"X-Gone"}],"top_p":0.5}
                """;
            row.HeaderOverride = """{"X-Gone":"1","X-Key":"k {api_key}","X-Agent":"{client_header:User-Agent}","X-None":"{client_header:X-Missing}"}""";
        })]);
        relay.Http.DefaultRequestHeaders.UserAgent.ParseAdd("tester/1");

        await relay.ChatAsync();

        var request = upstream.Requests.Single();
        var body = JsonNode.Parse(request.Text)!;
        Assert.Equal((0.1m, 0.5m), ((decimal)body["temperature"]!, (decimal)body["top_p"]!));
        Assert.Equal(
            ("yes", "", "k upstream-secret-1", "tester/1", ""),
            (request.Headers["X-Extra"].ToString(), request.Headers["X-Gone"].ToString(), request.Headers["X-Key"].ToString(),
                request.Headers["X-Agent"].ToString(), request.Headers["X-None"].ToString()));
        // The log names places, never values.
        Assert.Equal(
            """["set temperature","set_header X-Extra","delete_header X-Gone","set top_p"]""",
            JsonNode.Parse((await relay.ChargesAsync()).Single().Other)!["po"]!.ToJsonString());
    }

    [Theory]
    [InlineData(Chat, """{"model":"o3","reasoning_effort":"low","messages":[{"role":"user","content":"Hi"}]}""", "low")]
    [InlineData(Chat, """{"model":"o3-high","messages":[{"role":"user","content":"Hi"}]}""", "high")]
    [InlineData(Chat, """{"model":"o3","messages":[{"role":"user","content":"Hi"}]}""", null)]
    [InlineData("/v1/responses", """{"model":"o3","reasoning":{"summary":"auto","effort":"minimal"},"input":"Hi"}""", "minimal")]
    public async Task The_log_says_how_much_thought_was_asked_for(string path, string body, string? effort)
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, upstream, row => row.Models = "o3,o3-high")], options: new() { ["ModelRatio"] = """{"o3":1,"o3-high":1}""" });

        await relay.PostAsync(path, body);

        Assert.Equal(effort, (string?)JsonNode.Parse((await relay.ChargesAsync()).Single().Other)!["reasoning_effort"]);
    }

    [Fact]
    public async Task Wildcard_passes_the_callers_headers_but_never_a_credential()
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync([RelayHost.Channel(1, upstream, row => row.HeaderOverride = """{"*":"","X-B":"own"}""")]);
        relay.Http.DefaultRequestHeaders.Add("X-A", "a");
        relay.Http.DefaultRequestHeaders.Add("X-B", "b");
        relay.Http.DefaultRequestHeaders.Add("Cookie", "session=s");

        await relay.ChatAsync();

        var headers = upstream.Requests.Single().Headers;
        Assert.Equal(("a", "own", "Bearer upstream-secret-1", ""),
            (headers["X-A"].ToString(), headers["X-B"].ToString(), headers.Authorization.ToString(), headers.Cookie.ToString()));
    }

    [Theory]
    [InlineData("""{"*":""}""", null)]
    [InlineData(null, """{"operations":[{"mode":"pass_headers","value":"Content-Encoding"}]}""")]
    public async Task Body_that_came_compressed_goes_out_plain_and_says_so(string? headers, string? parameters)
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, upstream, row => (row.HeaderOverride, row.ParamOverride) = (headers, parameters))]);
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write("""{"model":"gpt-4o","messages":[{"role":"user","content":"Hi"}]}"""u8);
        }
        using var content = new ByteArrayContent(packed.ToArray()) { Headers = { ContentEncoding = { "gzip" } } };

        using var response = await relay.Http.PostAsync(Chat, content, Cancel);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var request = upstream.Requests.Single();
        Assert.Equal(("gpt-4o", 0), ((string?)JsonNode.Parse(request.Text)!["model"], request.Headers.ContentEncoding.Count));
    }

    [Theory]
    [InlineData("""{"mode":"copy_header","from":"Authorization","to":"X-Key"}""")]
    [InlineData("""{"mode":"pass_headers","value":"Authorization,X-Copy"}""")]
    [InlineData("""{"mode":"sync_fields","from":"header:Authorization","to":"json:user"}""")]
    [InlineData("""{"mode":"sync_fields","from":"context:request_headers.authorization","to":"json:user"}""")]
    public async Task Parameter_override_never_sends_the_callers_key(string operation)
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, upstream, row => row.ParamOverride = $$"""{"operations":[{{operation}}]}""")]);
        relay.Http.DefaultRequestHeaders.Add("X-Copy", RelayHost.Key);

        Assert.Equal(HttpStatusCode.OK, (await relay.ChatAsync()).Status);

        var request = upstream.Requests.Single();
        Assert.DoesNotContain(RelayHost.Key, request.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(request.Headers, header => header.Value.ToString().Contains(RelayHost.Key, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"operations":[{"mode":"fly"}]}""", null)]
    [InlineData(null, """{"re:(":""}""")]
    public async Task Broken_override_fails_the_channel_and_not_the_call(string? parameters, string? headers)
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync(
        [
            RelayHost.Channel(1, upstream, row => (row.Priority, row.ParamOverride, row.HeaderOverride) = (10, parameters, headers)),
            RelayHost.Channel(2, upstream),
        ]);

        var reply = await relay.ChatAsync();

        Assert.Equal((HttpStatusCode.OK, OpenAIAnswers.Words), (reply.Status, reply.Content));
        Assert.Equal("upstream-secret-2", upstream.Requests.Single().Key);
    }

    [Fact]
    public async Task Override_can_refuse_a_call_in_its_own_words()
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync([RelayHost.Channel(1, upstream, row => row.ParamOverride =
            """{"operations":[{"mode":"return_error","value":{"message":"Closed on Sundays","status_code":451,"code":"closed"},"conditions":{"model":"gpt-4o"}}]}""")]);

        var reply = await relay.ChatAsync();

        Assert.Equal((451, "closed"), ((int)reply.Status, reply.Json.GetProperty("error").GetProperty("code").GetString()));
        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task Pass_through_channel_gets_the_bytes_as_they_came()
    {
        const string Body = """{ "model" : "gpt-4o" , "service_tier":"flex", "messages":[{"role":"user","content":"Hi"}] }""";
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync([RelayHost.Channel(1, upstream, row =>
        {
            row.Setting = """{"pass_through_body_enabled":true,"system_prompt":"no"}""";
            row.ParamOverride = """{"temperature":1}""";
        })]);

        await relay.PostAsync(Chat, Body);

        Assert.Equal(Body, upstream.Requests.Single().Text);
    }

    [Fact]
    public async Task Session_stays_with_the_channel_that_served_it()
    {
        await using var one = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var two = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await StartSessionsAsync(one, two);

        for (var call = 0; call < 12; call++)
        {
            await SessionAsync(relay, "session-a");
        }

        Assert.Equal([0, 12], new[] { one.Requests.Count, two.Requests.Count }.Order());
    }

    [Fact]
    public async Task Session_moves_on_when_its_channel_is_down_and_stays_with_the_next()
    {
        await using var one = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var two = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await StartSessionsAsync(one, two);
        await SessionAsync(relay, "session-a");
        var (home, other) = one.Requests.Count == 1 ? (one, two) : (two, one);
        home.Script = Faults.Status(503);

        Assert.Equal(HttpStatusCode.OK, (await SessionAsync(relay, "session-a")).Status);
        home.Script = OpenAIAnswers.Good;
        Assert.Equal(HttpStatusCode.OK, (await SessionAsync(relay, "session-a")).Status);

        Assert.Equal((2, 2), (home.Requests.Count, other.Requests.Count));
    }

    private static Task<RelayHost> StartSessionsAsync(FakeUpstream one, FakeUpstream two) => RelayHost.StartAsync(
        [RelayHost.Channel(1, one), RelayHost.Channel(2, two)],
        options: new()
        {
            ["channel_affinity_setting.rules"] =
                """[{"name":"session","model_regex":[".*"],"key_sources":[{"type":"gjson","path":"session.id"}],"skip_retry_on_failure":true}]""",
        });

    private static Task<RelayReply> SessionAsync(RelayHost relay, string session) => relay.PostAsync(
        Chat, $$$"""{"model":"gpt-4o","session":{"id":"{{{session}}}"},"messages":[{"role":"user","content":"Hi"}]}""", Cancel);
}
