using System.Net;
using System.Text.Json;
using NewApi.Data.Rows;
using NewApi.Testing.Upstreams;

namespace NewApi.RelayService.Tests.Failover;

/// <summary>Whatever the first channel does before its first byte, the caller sees one clean answer from the second.</summary>
public sealed class FailoverTests
{
    /// <summary>1,000 tokens in and 500 out at gpt-4o's ratio 1.25, output four times as dear.</summary>
    private const long Price = 3_750;

    /// <summary>For channels that stall; long enough for a busy machine to bring the request there.</summary>
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(1.5);

    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);

    private static readonly Dictionary<string, UpstreamScript> Faulty = new()
    {
        ["stall before headers"] = Faults.StallBeforeHeaders,
        ["stall before the first event"] = Faults.StallBeforeFirstEvent,
        ["429"] = Faults.TooManyRequests(),
        ["429 with Retry-After"] = Faults.TooManyRequests(TimeSpan.FromSeconds(30)),
        ["401"] = Faults.Status(401, "invalid_api_key"),
        ["403"] = Faults.Status(403),
        ["404"] = Faults.Status(404, "model_not_found"),
        ["500"] = Faults.Status(500),
        ["502"] = Faults.Status(502),
        ["503"] = Faults.Status(503),
        ["529"] = Faults.Status(529, "overloaded_error"),
        ["reset"] = Faults.Reset,
        ["cut before content"] = Faults.CutBeforeContent,
        ["garbage"] = Faults.Garbage,
        ["empty answer"] = Faults.EmptyAnswer,
        ["error inside a 200"] = Faults.ErrorInside,
        ["stream that only comments"] = Faults.OnlyDone,
        ["compressed error"] = Faults.Compressed("gzip", Faults.ErrorInside),
    };

    public static TheoryData<string, bool> EveryFault()
    {
        var data = new TheoryData<string, bool>();
        foreach (var name in Faulty.Keys)
        {
            data.Add(name, true);
            data.Add(name, false);
        }
        return data;
    }

    [Theory, MemberData(nameof(EveryFault))]
    public async Task Caller_sees_nothing_of_a_channel_that_fails(string fault, bool stream)
    {
        await using var bad = await FakeUpstream.StartAsync(Faulty[fault]);
        await using var good = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await StartAsync(bad, good, fault.StartsWith("stall", StringComparison.Ordinal) ? Short : Long);

        var reply = await relay.ChatAsync(stream);

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal(OpenAIAnswers.Words, reply.Content);
        Assert.DoesNotContain(Faults.Marker, reply.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(Faults.Marker, reply.Headers.ToString(), StringComparison.Ordinal);
        Assert.False(reply.Headers.Contains("Retry-After"));
        if (stream)
        {
            Assert.Equal("[DONE]", reply.Events[^1]);
            Assert.DoesNotContain("error", reply.Text, StringComparison.Ordinal);
        }
        Assert.Single(bad.Requests);
        Assert.Single(good.Requests);
        var charge = Assert.Single(await relay.ChargesAsync());
        Assert.Equal((2L, Price), (charge.ChannelId, charge.Quota));
        Assert.Equal(["1", "2"], Tried(charge));
        await relay.LogsAsync(5, 1);
        await relay.AssertBooksAreRightAsync(Price);
    }

    [Theory]
    [InlineData("/v1/chat/completions", 1, """{"model":"gpt-4o","messages":[{"role":"user","content":"\ud800"}]}""")]
    [InlineData("/v1/chat/completions", 1, """{"model":"gpt-4o","messages":[{"role":"user","content":"Hi"}],"x":1,"x":2}""")]
    [InlineData("/v1/chat/completions", 1, """{"model":"gpt-4o","messages":[{"role":"user","content":"Hi","role":"user"}]}""")]
    [InlineData("/v1/chat/completions", 14, """{"model":"gpt-4o","messages":[{"role":"user","content":"\udc00"}]}""")]
    [InlineData("/v1/chat/completions", 11, """{"model":"gpt-4o","messages":[{"role":"user","content":"\ud800 "}]}""")]
    [InlineData("/v1/messages", 14, """{"model":"gpt-4o","max_tokens":5,"messages":[{"role":"user","content":"\ud800"}]}""")]
    public async Task Body_that_cannot_be_taken_apart_is_its_callers_fault_and_no_channels(string path, int type, string body)
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync(
            [Changing(1, upstream, type), Changing(2, upstream, type)],
            options => options with { Breaker = new RelayService.Channels.BreakerRules(1, TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(1)) });

        var reply = await relay.PostAsync(path, body);

        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
        Assert.DoesNotContain("bad_response", reply.Text, StringComparison.Ordinal);
        Assert.Equal(path == "/v1/messages", reply.Json.TryGetProperty("type", out _));
        Assert.Empty(upstream.Requests);
        Assert.DoesNotContain(relay.Output.Lines, line => line.Contains("is left alone", StringComparison.Ordinal));
        await relay.AssertBooksAreRightAsync(0);

        static ChannelRow Changing(long id, FakeUpstream upstream, int type) => RelayHost.Channel(id, upstream, row =>
            (row.Type, row.Setting, row.ParamOverride) = (type, """{"system_prompt":"Be brief.","system_prompt_override":true}""", """{"temperature":0}"""));
    }

    [Theory]
    [InlineData("ftp://127.0.0.1:9")]
    [InlineData("http://no such host")]
    [InlineData("http://127.0.0.1:99999")]
    public async Task Channel_whose_proxy_cannot_be_used_is_passed_over(string proxy)
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync(
        [
            RelayHost.Channel(1, upstream, row => (row.Priority, row.Setting) = (10, $$"""{"proxy":"{{proxy}}"}""")),
            RelayHost.Channel(2, upstream),
        ]);

        var reply = await relay.ChatAsync();

        Assert.Equal(OpenAIAnswers.Words, reply.Content);
        var charge = Assert.Single(await relay.ChargesAsync());
        Assert.Equal(["1", "2"], Tried(charge));
        Assert.Equal("channel:invalid_settings", ChannelHealthTests.Attempts(charge)[0].GetProperty("code").GetString());
    }

    [Fact]
    public async Task Exception_that_nobody_expected_is_a_failed_attempt_and_its_text_is_not_told()
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        // A region that no host can have.
        await using var relay = await RelayHost.StartAsync(
        [
            RelayHost.Channel(1, upstream, row =>
                (row.Type, row.Priority, row.BaseUrl, row.Other, row.Settings) = (41, 10, null, "a b/:secret", """{"vertex_key_type":"api_key"}""")),
            RelayHost.Channel(2, upstream, row => row.Models = "gpt-4o"),
        ]);

        var reply = await relay.PostAsync("/v1beta/models/gpt-4o:generateContent", """{"contents":[{"role":"user","parts":[{"text":"Hi"}]}]}""");

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        var charge = Assert.Single(await relay.ChargesAsync());
        Assert.Equal(["1", "2"], Tried(charge));
        Assert.Contains(relay.Output.Lines, line => line.Contains("fails inside the gateway with System.UriFormatException", StringComparison.Ordinal));
        await relay.AssertBooksAreRightAsync(Price);
    }

    [Fact]
    public async Task Event_that_is_too_large_is_an_answer_that_cannot_be_read()
    {
        await using var upstream = await FakeUpstream.StartAsync(async (http, _) =>
        {
            http.Response.ContentType = "text/event-stream";
            await Faults.WriteAsync(http, OpenAIAnswers.Chunk(new string('x', 100_000)));
        });
        await using var relay = await RelayHost.StartAsync([RelayHost.Channel(1, upstream)], options => options with { MaxFrame = 65_536 });

        var reply = await relay.ChatAsync(stream: true);

        Assert.Equal(HttpStatusCode.BadGateway, reply.Status);
        Assert.Equal("bad_response_body", reply.Json.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task Stream_that_only_names_its_role_and_stalls_is_no_answer()
    {
        await using var bad = await FakeUpstream.StartAsync(Faults.StallAfterComments);
        await using var good = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await StartAsync(bad, good, Short);

        var reply = await relay.ChatAsync(stream: true);

        Assert.Equal(OpenAIAnswers.Words, reply.Content);
        Assert.DoesNotContain(Faults.Marker, reply.Text, StringComparison.Ordinal);
        Assert.Equal(["1", "2"], Tried((await relay.ChargesAsync()).Single()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Slow_first_byte_within_the_bound_is_waited_for(bool stream)
    {
        await using var slow = await FakeUpstream.StartAsync(async (http, request) =>
        {
            await Task.Delay(150, http.RequestAborted);
            await OpenAIAnswers.Good(http, request);
        });
        await using var other = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await StartAsync(slow, other, Long);

        var reply = await relay.ChatAsync(stream);

        Assert.Equal(OpenAIAnswers.Words, reply.Content);
        Assert.Empty(other.Requests);
    }

    [Theory]
    [InlineData("gzip", true)]
    [InlineData("br", true)]
    [InlineData("zstd", true)]
    [InlineData("deflate", true)]
    [InlineData("gzip", false)]
    [InlineData("br", false)]
    [InlineData("zstd", false)]
    public async Task Answer_that_is_compressed_unasked_is_understood(string encoding, bool stream)
    {
        await using var packed = await FakeUpstream.StartAsync(Faults.Compressed(encoding, OpenAIAnswers.Good));
        await using var other = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await StartAsync(packed, other, Long);

        var reply = await relay.ChatAsync(stream);

        Assert.Equal(OpenAIAnswers.Words, reply.Content);
        Assert.Empty(other.Requests);
        Assert.Equal(Price, (await relay.ChargesAsync()).Single().Quota);
    }

    [Fact]
    public async Task Channel_that_nobody_listens_on_is_left_at_once()
    {
        var gone = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        var address = gone.Address;
        await gone.DisposeAsync();
        await using var good = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync(
        [
            RelayHost.Channel(1, good, row => (row.Priority, row.BaseUrl) = (10, address)),
            RelayHost.Channel(2, good),
        ]);

        var reply = await relay.ChatAsync();

        Assert.Equal(OpenAIAnswers.Words, reply.Content);
        Assert.Equal(["1", "2"], Tried((await relay.ChargesAsync()).Single()));
    }

    [Fact]
    public async Task Fault_of_the_request_itself_is_not_tried_elsewhere()
    {
        await using var strict = await FakeUpstream.StartAsync(Faults.Status(400, "invalid_request_error"));
        await using var other = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await StartAsync(strict, other, Long);

        var reply = await relay.ChatAsync();

        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
        Assert.Empty(other.Requests);
        await relay.AssertBooksAreRightAsync(0);
    }

    [Fact]
    public async Task Last_fault_is_told_when_every_channel_fails_and_nothing_is_charged()
    {
        await using var one = await FakeUpstream.StartAsync(Faults.Status(503));
        await using var two = await FakeUpstream.StartAsync(Faults.TooManyRequests(TimeSpan.FromSeconds(7)));
        await using var relay = await StartAsync(one, two, Long);

        var reply = await relay.ChatAsync(stream: true);

        Assert.Equal(HttpStatusCode.TooManyRequests, reply.Status);
        Assert.Equal("application/json", reply.ContentType);
        Assert.Equal(TimeSpan.FromSeconds(7), reply.Headers.RetryAfter!.Delta);
        Assert.Equal("rate_limit_exceeded", reply.Json.GetProperty("error").GetProperty("code").GetString());
        await relay.LogsAsync(5, 2);
        await relay.AssertBooksAreRightAsync(0);
    }

    [Fact]
    public async Task Number_of_attempts_is_bounded()
    {
        await using var bad = await FakeUpstream.StartAsync(Faults.Status(500));
        await using var relay = await RelayHost.StartAsync(
            Enumerable.Range(1, 6).Select(id => RelayHost.Channel(id, bad)), options => options with { MaxAttempts = 3 });

        var reply = await relay.ChatAsync();

        Assert.Equal(HttpStatusCode.InternalServerError, reply.Status);
        Assert.Equal(3, bad.Requests.Count);
        Assert.Equal(3, bad.Requests.Select(request => request.Key).Distinct().Count());
    }

    [Fact]
    public async Task Retry_times_of_the_operator_count_where_they_allow_more()
    {
        await using var bad = await FakeUpstream.StartAsync(Faults.Status(500));
        await using var relay = await RelayHost.StartAsync(
            Enumerable.Range(1, 6).Select(id => RelayHost.Channel(id, bad)),
            options => options with { MaxAttempts = 1 },
            new() { ["RetryTimes"] = "4" });

        await relay.ChatAsync();

        Assert.Equal(5, bad.Requests.Count);
    }

    [Fact]
    public async Task No_attempt_begins_after_the_time_budget()
    {
        await using var slow = await FakeUpstream.StartAsync(async (http, request) =>
        {
            await Task.Delay(300, http.RequestAborted);
            await Faults.Status(500)(http, request);
        });
        await using var relay = await RelayHost.StartAsync(
            Enumerable.Range(1, 4).Select(id => RelayHost.Channel(id, slow)),
            options => options with { AttemptBudget = TimeSpan.FromMilliseconds(200) });

        var reply = await relay.ChatAsync();

        Assert.Equal(HttpStatusCode.InternalServerError, reply.Status);
        Assert.Single(slow.Requests);
    }

    internal static string[] Tried(LogRow row)
    {
        using var other = JsonDocument.Parse(row.Other);
        return [.. other.RootElement.GetProperty("admin_info").GetProperty("use_channel").EnumerateArray().Select(id => id.GetString()!)];
    }

    /// <summary>Two channels, of which the first is always asked first.</summary>
    private static Task<RelayHost> StartAsync(FakeUpstream first, FakeUpstream second, TimeSpan firstByte) => RelayHost.StartAsync(
        [RelayHost.Channel(1, first, row => row.Priority = 10), RelayHost.Channel(2, second)],
        options => options with { FirstByteTimeout = firstByte, CallTimeout = firstByte });
}
