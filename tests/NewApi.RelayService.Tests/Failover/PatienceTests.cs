using System.Net;
using System.Text.Json;
using NewApi.Testing.Upstreams;

namespace NewApi.RelayService.Tests.Failover;

/// <summary>How long a call waits, for whom, and what it does meanwhile: first-token timeouts, hedges, pings, drains.</summary>
public sealed class PatienceTests
{
    /// <summary>The caller has had a ping.</summary>
    private readonly TaskCompletionSource _pinged = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    public async Task Channel_may_have_a_first_token_timeout_of_its_own()
    {
        await using var slow = await FakeUpstream.StartAsync(Faults.StallBeforeFirstEvent);
        await using var good = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync(
        [
            RelayHost.Channel(1, slow, row => (row.Priority, row.Settings) = (10, """{"first_token_timeout_seconds":0.3}""")),
            RelayHost.Channel(2, good),
        ]);

        var reply = await relay.ChatAsync(stream: true);

        Assert.Equal(OpenAIAnswers.Words, reply.Content);
        Assert.Equal(["1", "2"], FailoverTests.Tried((await relay.ChargesAsync()).Single()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Hedge_answers_when_the_first_channel_is_slow_and_the_loser_is_ended_and_not_billed(bool stream)
    {
        await using var slow = await FakeUpstream.StartAsync(Faults.StallBeforeHeaders);
        await using var quick = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, slow, row => row.Priority = 10), RelayHost.Channel(2, quick)],
            options => options with { HedgeAfter = TimeSpan.FromMilliseconds(150) });

        var reply = await relay.ChatAsync(stream);

        Assert.Equal(OpenAIAnswers.Words, reply.Content);
        await slow.Requests.Single().Abandoned.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        var row = (await relay.ChargesAsync()).Single();
        Assert.Equal((2L, 3_750L), (row.ChannelId, row.Quota));
        var attempts = ChannelHealthTests.Attempts(row);
        Assert.True(attempts[0].GetProperty("outrun").GetBoolean());
        Assert.Equal("hedge", attempts[1].GetProperty("choice").GetString());
        await relay.AssertBooksAreRightAsync(3_750);
    }

    [Fact]
    public async Task Hedge_that_fails_leaves_the_first_channel_its_time()
    {
        var failed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var slow = await FakeUpstream.StartAsync(Faults.Once(failed.Task, OpenAIAnswers.Good));
        await using var bad = await FakeUpstream.StartAsync(async (http, request) =>
        {
            await Faults.Status(500)(http, request);
            failed.TrySetResult();
        });
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, slow, row => row.Priority = 10), RelayHost.Channel(2, bad)],
            options => options with { HedgeAfter = TimeSpan.FromMilliseconds(100) });

        var reply = await relay.ChatAsync(stream: true);

        Assert.Equal(OpenAIAnswers.Words, reply.Content);
        Assert.Single(bad.Requests);
        Assert.Equal(1, (await relay.ChargesAsync()).Single().ChannelId);
    }

    [Fact]
    public async Task Quick_channel_is_never_hedged()
    {
        await using var quick = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var other = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, quick, row => row.Priority = 10), RelayHost.Channel(2, other)],
            options => options with { HedgeAfter = TimeSpan.FromSeconds(20) });

        await relay.ChatAsync();

        Assert.Empty(other.Requests);
    }

    [Fact]
    public async Task Pings_keep_the_caller_waiting_while_attempts_go_on_behind_them()
    {
        await using var slow = await FakeUpstream.StartAsync(Faults.Once(_pinged.Task, Faults.Status(500)));
        await using var good = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await StartPingingAsync(slow, good);

        var reply = await ReadAsync(relay);

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.StartsWith(": PING\n\n", reply.Text, StringComparison.Ordinal);
        Assert.Equal(OpenAIAnswers.Words, reply.Content);
        Assert.DoesNotContain(Faults.Marker, reply.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_that_fails_after_pings_says_so_in_the_stream()
    {
        await using var slow = await FakeUpstream.StartAsync(Faults.Once(_pinged.Task, Faults.Status(500, "broken")));
        await using var relay = await StartPingingAsync(slow, slow);

        var reply = await ReadAsync(relay);

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal("broken", JsonDocument.Parse(reply.Events.Single()).RootElement.GetProperty("error").GetProperty("code").GetString());
        await relay.AssertBooksAreRightAsync(0);
    }

    [Fact]
    public async Task Whole_answer_after_pings_is_told_as_events()
    {
        await using var slow = await FakeUpstream.StartAsync(Faults.Once(_pinged.Task, async (http, _) =>
        {
            http.Response.ContentType = "application/json";
            await Faults.WriteAsync(http, OpenAIAnswers.Whole("Told late."));
        }));
        await using var relay = await StartPingingAsync(slow, slow);

        var reply = await ReadAsync(relay);

        Assert.Equal("Told late.", reply.Content);
        Assert.Equal(3_750, (await relay.ChargesAsync()).Single().Quota);
    }

    [Fact]
    public async Task Channel_that_drains_learns_the_real_usage_after_its_caller_left()
    {
        var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = await FakeUpstream.StartAsync(
            Faults.After(2, Faults.Once(left.Task, Faults.Send(OpenAIAnswers.Chunk("more ") + OpenAIAnswers.End()))));
        await using var relay = await StartDrainingAsync(upstream, """{"drain_on_abort":true}""");

        await LeaveAsync(relay);
        await RelayHost.UntilAsync(() => Task.FromResult(relay.Departures == 1), "the relay knows that the caller has left");
        left.SetResult();

        var row = (await relay.ChargesAsync()).Single();
        Assert.Equal((3_750L, 500L), (row.Quota, row.CompletionTokens));
        Assert.Contains("client_gone", row.Other, StringComparison.Ordinal);
        Assert.False(upstream.Requests.Single().Abandoned.IsCompleted);
    }

    [Theory]
    [InlineData("""{"drain_on_abort":true,"drain_max_seconds":0.3}""")]
    [InlineData("""{"drain_on_abort":true,"drain_max_tokens":20}""")]
    public async Task Drain_ends_at_its_bounds(string settings)
    {
        await using var upstream = await FakeUpstream.StartAsync(Faults.After(2, async (http, _) =>
        {
            while (true)
            {
                await Faults.WriteAsync(http, OpenAIAnswers.Chunk("endless "));
                await Task.Delay(20, http.RequestAborted);
            }
        }));
        await using var relay = await StartDrainingAsync(upstream, settings);

        await LeaveAsync(relay);

        await upstream.Requests.Single().Abandoned.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.InRange((await relay.ChargesAsync()).Single().CompletionTokens, 2, 200);
    }

    [Fact]
    public async Task Whole_answer_of_a_channel_that_drains_is_charged_though_nobody_reads_it()
    {
        var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = await FakeUpstream.StartAsync(Faults.Once(left.Task, OpenAIAnswers.Good));
        await using var relay = await StartDrainingAsync(upstream, """{"drain_on_abort":true}""");
        using var leaving = new CancellationTokenSource();
        var call = relay.ChatAsync(cancel: leaving.Token);
        await RelayHost.UntilAsync(() => Task.FromResult(upstream.Requests.Count == 1), "the call reaches its upstream");

        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await RelayHost.UntilAsync(() => Task.FromResult(relay.Departures == 1), "the relay knows that the caller has left");
        left.SetResult();

        Assert.Equal(3_750, (await relay.ChargesAsync()).Single().Quota);
    }

    [Theory]
    [InlineData("/v1/chat/completions", "text/event-stream")]
    [InlineData("/v1/messages", "text/event-stream")]
    [InlineData("/v1/audio/speech", "audio/mpeg")]
    public async Task Caller_who_pauses_is_no_silent_upstream(string path, string type)
    {
        const int Pieces = 1_500;
        var text = new string('x', 16 * 1024);
        await using var upstream = await FakeUpstream.StartAsync(async (http, _) =>
        {
            http.Response.ContentType = type;
            for (var i = 0; i < Pieces; i++)
            {
                await Faults.WriteAsync(http, type == "audio/mpeg" ? text : OpenAIAnswers.Chunk(text));
            }
            await Faults.WriteAsync(http, type == "audio/mpeg" ? text : OpenAIAnswers.End());
        });
        var idle = TimeSpan.FromSeconds(0.8);
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, upstream)], options => options with { IdleTimeout = idle });

        using var response = await relay.OpenAsync(path, path == "/v1/audio/speech"
            ? """{"model":"gpt-4o","input":"Hi","voice":"alloy"}"""
            : """{"model":"gpt-4o","stream":true,"max_tokens":9,"messages":[{"role":"user","content":"Hi"}]}""");
        // More is on its way than all the buffers between the two can hold.
        await Task.Delay(idle * 3, TestContext.Current.CancellationToken);
        var read = await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);

        Assert.True(read.Length > Pieces * text.Length, $"The answer broke off after {read.Length} bytes.");
        Assert.Equal("", BrokenStreamTests.EndOf(Assert.Single(await relay.ChargesAsync())));
    }

    private Task<RelayReply> ReadAsync(RelayHost relay) =>
        relay.StreamAsync("/v1/chat/completions", BrokenStreamTests.Chat(stream: true), ": PING", times: 1, _pinged);

    private static async Task LeaveAsync(RelayHost relay)
    {
        using var response = await relay.OpenAsync("/v1/chat/completions", BrokenStreamTests.Chat(stream: true));
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        await RelayHost.ReadUntilAsync(reader, "word ", times: 2);
    }

    private static Task<RelayHost> StartDrainingAsync(FakeUpstream upstream, string settings) =>
        RelayHost.StartAsync([RelayHost.Channel(1, upstream, row => row.Settings = settings)]);

    private static Task<RelayHost> StartPingingAsync(FakeUpstream first, FakeUpstream second) => RelayHost.StartAsync(
        [RelayHost.Channel(1, first, row => row.Priority = 10), RelayHost.Channel(2, second)],
        options: new() { ["general_setting.ping_interval_enabled"] = "true", ["general_setting.ping_interval_seconds"] = "1" });
}
