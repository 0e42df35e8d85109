using System.Net;
using System.Text.Json;
using NewApi.Data.Rows;
using NewApi.RelayService.Channels;
using NewApi.Testing;
using NewApi.Testing.Upstreams;

namespace NewApi.RelayService.Tests.Failover;

/// <summary>What fails is left alone, found out about by live calls, and asked as a last resort; and the log says why.</summary>
public sealed class ChannelHealthTests
{
    private static readonly BreakerRules Rules = new(2, TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(1));

    [Fact]
    public async Task Channel_that_keeps_failing_is_not_asked_until_its_pause_is_over()
    {
        await using var flaky = await FakeUpstream.StartAsync(Faults.Status(500));
        await using var good = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        var clock = new ShiftedClock();
        await using var relay = await StartAsync(flaky, good, clock);

        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await relay.ChatAsync()).Status);
        }
        Assert.Equal(2, flaky.Requests.Count);
        flaky.Script = OpenAIAnswers.Good;
        clock.Offset += TimeSpan.FromMinutes(2);
        Assert.Equal(HttpStatusCode.OK, (await relay.ChatAsync()).Status);

        Assert.Equal(3, flaky.Requests.Count);
        Assert.Contains(relay.Output.Lines, line => line.Contains("Channel 1 answers again", StringComparison.Ordinal));
        var before = good.Requests.Count;
        await relay.ChatAsync();
        Assert.Equal(before, good.Requests.Count);
    }

    [Fact]
    public async Task Retry_after_of_the_upstream_is_respected()
    {
        await using var limited = await FakeUpstream.StartAsync(Faults.TooManyRequests(TimeSpan.FromMinutes(10)));
        await using var good = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await StartAsync(limited, good);

        for (var i = 0; i < 4; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await relay.ChatAsync()).Status);
        }

        Assert.Single(limited.Requests);
        Assert.Equal(4, good.Requests.Count);
    }

    [Fact]
    public async Task Paused_channel_is_asked_when_nothing_else_is_left()
    {
        await using var limited = await FakeUpstream.StartAsync(Faults.InTurn(Faults.TooManyRequests(TimeSpan.FromMinutes(10)), OpenAIAnswers.Good));
        await using var relay = await RelayHost.StartAsync([RelayHost.Channel(1, limited)]);

        Assert.Equal(HttpStatusCode.TooManyRequests, (await relay.ChatAsync()).Status);
        var second = await relay.ChatAsync();

        Assert.Equal(HttpStatusCode.OK, second.Status);
        Assert.Equal("last_resort", Attempts((await relay.ChargesAsync()).Single())[0].GetProperty("choice").GetString());
    }

    [Fact]
    public async Task Another_key_of_the_channel_is_tried_when_one_is_refused()
    {
        await using var upstream = await FakeUpstream.StartAsync((http, request) =>
            request.Key == "key-b" ? OpenAIAnswers.Good(http, request) : Faults.Status(401, "invalid_api_key")(http, request));
        await using var other = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync(
        [
            RelayHost.Channel(1, upstream, row =>
            {
                row.Priority = 10;
                row.Key = "key-a\nkey-b\nkey-c";
                row.ChannelInfo = """{"is_multi_key":true,"multi_key_size":3,"multi_key_mode":"polling"}""";
            }),
            RelayHost.Channel(2, other),
        ]);

        Assert.Equal(HttpStatusCode.OK, (await relay.ChatAsync()).Status);

        Assert.Equal(["key-a", "key-b"], upstream.Requests.Select(request => request.Key));
        Assert.Empty(other.Requests);
        var row = (await relay.ChargesAsync()).Single();
        var attempts = Attempts(row);
        Assert.Equal((0, 401), (attempts[0].GetProperty("key").GetInt32(), attempts[0].GetProperty("status").GetInt32()));
        Assert.Equal((1, "other_key"), (attempts[1].GetProperty("key").GetInt32(), attempts[1].GetProperty("choice").GetString()));
        Assert.Equal(["1", "1"], FailoverTests.Tried(row));
    }

    [Fact]
    public async Task Key_that_is_limited_rests_while_the_others_work()
    {
        await using var upstream = await FakeUpstream.StartAsync((http, request) => request.Key == "key-a"
            ? Faults.TooManyRequests(TimeSpan.FromMinutes(5))(http, request)
            : OpenAIAnswers.Good(http, request));
        await using var relay = await RelayHost.StartAsync(
        [
            RelayHost.Channel(1, upstream, row =>
            {
                row.Key = "key-a\nkey-b";
                row.ChannelInfo = """{"is_multi_key":true,"multi_key_size":2,"multi_key_mode":"polling"}""";
            }),
        ]);

        for (var i = 0; i < 6; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await relay.ChatAsync()).Status);
        }

        Assert.Single(upstream.Requests, request => request.Key == "key-a");
    }

    [Fact]
    public async Task Log_says_of_each_attempt_where_why_and_what_came_of_it()
    {
        await using var bad = await FakeUpstream.StartAsync(Faults.Status(503, "overloaded"));
        await using var good = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync(
        [
            RelayHost.Channel(1, bad, row => row.Priority = 10),
            RelayHost.Channel(2, good),
            RelayHost.Channel(3, good),
        ]);

        await relay.ChatAsync(stream: true);

        var attempts = Attempts((await relay.ChargesAsync()).Single());
        Assert.Equal(2, attempts.Length);
        Assert.Equal((1, "only"), (attempts[0].GetProperty("channel").GetInt32(), attempts[0].GetProperty("choice").GetString()));
        Assert.Equal((503, "overloaded"), (attempts[0].GetProperty("status").GetInt32(), attempts[0].GetProperty("code").GetString()));
        Assert.Equal("weight", attempts[1].GetProperty("choice").GetString());
        Assert.False(attempts[1].TryGetProperty("status", out _));
        Assert.True(attempts[1].GetProperty("ms").GetInt64() >= 0);
        Assert.Single(Attempts((await relay.LogsAsync(5, 1)).Single()));
    }

    internal static JsonElement[] Attempts(LogRow row) =>
        [.. JsonDocument.Parse(row.Other).RootElement.GetProperty("admin_info").GetProperty("attempts").EnumerateArray()];

    private static Task<RelayHost> StartAsync(FakeUpstream first, FakeUpstream second, TimeProvider? clock = null) => RelayHost.StartAsync(
        [RelayHost.Channel(1, first, row => row.Priority = 10), RelayHost.Channel(2, second)],
        options => options with { Breaker = Rules },
        clock: clock);
}
