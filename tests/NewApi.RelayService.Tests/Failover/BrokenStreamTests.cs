using System.Net;
using System.Text.Json;
using NewApi.Data.Rows;
using NewApi.Testing.Upstreams;

namespace NewApi.RelayService.Tests.Failover;

/// <summary>What breaks after the first byte cannot be tried again: the stream says so in the caller's dialect, and what came is charged.</summary>
public sealed class BrokenStreamTests
{
    private static readonly Dictionary<string, UpstreamScript> Breaking = new()
    {
        ["cut"] = (http, _) => Task.CompletedTask,
        ["reset"] = Faults.Reset,
        ["silence"] = Faults.Hang,
        ["error event"] = Faults.Send("data: {\"error\":{\"message\":\"overloaded\",\"type\":\"server_error\",\"code\":\"overloaded\"}}\n\n"),
        ["event that is too large"] = Faults.Send("data: {\"x\":\"" + new string('x', 200_000) + "\"}\n\n"),
        ["half an event"] = Faults.Send("data: {\"choices\":[{\"index\":0,\"del"),
    };

    public static TheoryData<string> EveryBreak => [.. Breaking.Keys];

    [Theory, MemberData(nameof(EveryBreak))]
    public async Task Stream_that_breaks_ends_with_an_error_frame_and_is_charged_for_what_came(string fault)
    {
        var delivered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var breaking = await FakeUpstream.StartAsync(Faults.After(3, Faults.Once(delivered.Task, Breaking[fault])));
        await using var other = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, breaking, row => row.Priority = 10), RelayHost.Channel(2, other)],
            options => options with { IdleTimeout = TimeSpan.FromMilliseconds(400), MaxFrame = 65_536 });

        var reply = await relay.StreamAsync("/v1/chat/completions", Chat(stream: true), "word ", times: 3, delivered);

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal("word word word ", reply.Content);
        using var last = JsonDocument.Parse(reply.Events[^1]);
        Assert.NotEmpty(last.RootElement.GetProperty("error").GetProperty("message").GetString()!);
        Assert.DoesNotContain("[DONE]", reply.Text, StringComparison.Ordinal);
        Assert.Empty(other.Requests);
        var charge = Assert.Single(await relay.ChargesAsync());
        Assert.InRange(charge.Quota, 1, 500);
        Assert.InRange(charge.CompletionTokens, 3, 6);
        Assert.Equal(["1"], FailoverTests.Tried(charge));
        Assert.NotEqual("", EndOf(charge));
        await relay.AssertBooksAreRightAsync(charge.Quota);
    }

    [Fact]
    public async Task Malformed_event_is_skipped_and_the_stream_goes_on()
    {
        await using var odd = await FakeUpstream.StartAsync(
            Faults.After(1, Faults.Send("data: {not json\n\n").Then(Faults.Send(OpenAIAnswers.Chunk("on") + OpenAIAnswers.End()))));
        await using var relay = await RelayHost.StartAsync([RelayHost.Channel(1, odd)]);

        var reply = await relay.ChatAsync(stream: true);

        Assert.Equal("word on", reply.Content);
        Assert.DoesNotContain("not json", reply.Text, StringComparison.Ordinal);
        Assert.Equal("[DONE]", reply.Events[^1]);
        Assert.Equal(3_750, (await relay.ChargesAsync()).Single().Quota);
    }

    [Theory]
    [InlineData("anthropic")]
    [InlineData("gemini")]
    [InlineData("responses")]
    public async Task Error_frame_speaks_the_dialect_of_the_caller(string dialect)
    {
        var (type, path, body, firstEvents) = dialect switch
        {
            "anthropic" => (
                14,
                "/v1/messages",
                """{"model":"gpt-4o","stream":true,"max_tokens":50,"messages":[{"role":"user","content":"Hello"}]}""",
                "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m1\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[],\"model\":\"c\",\"usage\":{\"input_tokens\":10,\"output_tokens\":1}}}\n\n"
                + "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"
                + "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"word \"}}\n\n"),
            "gemini" => (
                24,
                "/v1beta/models/gpt-4o:streamGenerateContent?alt=sse",
                """{"contents":[{"role":"user","parts":[{"text":"Hello"}]}]}""",
                "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"word \"}]},\"index\":0}]}\n\n"),
            _ => (
                1,
                "/v1/responses",
                """{"model":"gpt-4o","stream":true,"input":"Hello"}""",
                "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":4,\"item_id\":\"i\",\"output_index\":0,\"content_index\":0,\"delta\":\"word \"}\n\n"),
        };
        var delivered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var breaking = await FakeUpstream.StartAsync(async (http, request) =>
        {
            http.Response.ContentType = "text/event-stream";
            await Faults.WriteAsync(http, firstEvents);
            await Faults.Once(delivered.Task, Faults.Reset)(http, request);
        });
        await using var relay = await RelayHost.StartAsync([RelayHost.Channel(1, breaking, row => row.Type = type)]);

        var reply = await relay.StreamAsync(path, body, "word ", times: 1, delivered);

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Contains("word ", reply.Text, StringComparison.Ordinal);
        var error = JsonDocument.Parse(reply.Events[^1]).RootElement;
        switch (dialect)
        {
            case "anthropic":
                Assert.Contains("event: error\n", reply.Text, StringComparison.Ordinal);
                Assert.Equal("error", error.GetProperty("type").GetString());
                Assert.NotEmpty(error.GetProperty("error").GetProperty("type").GetString()!);
                break;
            case "gemini":
                Assert.Equal(502, error.GetProperty("error").GetProperty("code").GetInt32());
                Assert.NotEmpty(error.GetProperty("error").GetProperty("status").GetString()!);
                break;
            default:
                Assert.Equal(("error", 5), (error.GetProperty("type").GetString(), error.GetProperty("sequence_number").GetInt32()));
                break;
        }
        Assert.InRange((await relay.ChargesAsync()).Single().Quota, 1, 500);
    }

    [Fact]
    public async Task Caller_who_leaves_ends_the_upstream_at_once_and_is_charged_for_what_came()
    {
        await using var endless = await FakeUpstream.StartAsync(Faults.After(5, Faults.Hang));
        await using var other = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, endless, row => row.Priority = 10), RelayHost.Channel(2, other)]);

        using (var response = await relay.OpenAsync("/v1/chat/completions", Chat(stream: true)))
        {
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
            await RelayHost.ReadUntilAsync(reader, "word ", times: 5);
        }

        await endless.Requests.Single().Abandoned.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        var charge = Assert.Single(await relay.ChargesAsync());
        Assert.Equal("client_gone", EndOf(charge));
        Assert.InRange(charge.CompletionTokens, 5, 10);
        Assert.Empty(other.Requests);
        await relay.AssertBooksAreRightAsync(charge.Quota);
    }

    [Fact]
    public async Task Key_that_leaves_too_many_answers_is_refused()
    {
        await using var upstream = await FakeUpstream.StartAsync(Faults.After(5, Faults.Hang));
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, upstream)], options: new() { ["limit_setting.aborted_points_per_hour"] = "1" });
        using (var response = await relay.OpenAsync("/v1/chat/completions", Chat(stream: true)))
        {
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
            await RelayHost.ReadUntilAsync(reader, "word ", times: 5);
        }
        await relay.ChargesAsync();

        var refused = await relay.ChatAsync();

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.Status);
        Assert.Equal("aborted_spend_limit", refused.Json.GetProperty("error").GetProperty("code").GetString());
        Assert.Single(upstream.Requests);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Caller_who_leaves_before_the_first_byte_is_not_retried_and_pays_nothing(bool stream)
    {
        await using var stalling = await FakeUpstream.StartAsync(Faults.StallBeforeHeaders);
        await using var other = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, stalling, row => row.Priority = 10), RelayHost.Channel(2, other)]);
        using var leaving = new CancellationTokenSource();

        var call = relay.ChatAsync(stream, cancel: leaving.Token);
        await RelayHost.UntilAsync(() => Task.FromResult(stalling.Requests.Count == 1), "the call reaches its upstream");
        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await stalling.Requests.Single().Abandoned.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Empty(other.Requests);
        await relay.AssertBooksAreRightAsync(0);
    }

    internal static string Chat(bool stream = false, string prompt = "Hello", string model = RelayHost.Model) =>
        JsonSerializer.Serialize(new { model, stream, messages = new[] { new { role = "user", content = prompt } } });

    internal static string EndOf(LogRow row)
    {
        using var other = JsonDocument.Parse(row.Other);
        return other.RootElement.TryGetProperty("stream_status", out var status) ? status.GetProperty("end_reason").GetString()! : "";
    }
}
