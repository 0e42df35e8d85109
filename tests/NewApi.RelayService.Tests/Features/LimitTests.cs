using System.Net;
using NewApi.Testing.Upstreams;

namespace NewApi.RelayService.Tests.Features;

/// <summary>How much one user, key, group, model or channel may take.</summary>
public sealed class LimitTests
{
    [Theory]
    [InlineData("""{"user":{"*":{"rpm":2}}}""")]
    [InlineData("""{"user":{"*":{"rpm":100},"1":{"rpm":2}}}""")]
    [InlineData("""{"key":{"1":{"rpd":2}}}""")]
    [InlineData("""{"group":{"default":{"rpm":2}}}""")]
    [InlineData("""{"model":{"gpt-4o":{"rpm":2}}}""")]
    [InlineData("""{"model":{"gpt-4o":{"tpm":3000}}}""")]
    public async Task Third_call_is_refused_with_the_time_to_wait(string rules)
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await StartAsync(rules, upstream);

        Assert.Equal(HttpStatusCode.OK, (await relay.ChatAsync()).Status);
        Assert.Equal(HttpStatusCode.OK, (await relay.ChatAsync()).Status);
        var refused = await relay.ChatAsync();

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.Status);
        Assert.Equal("rate_limit_exceeded", refused.Json.GetProperty("error").GetProperty("code").GetString());
        Assert.True(refused.Headers.RetryAfter!.Delta > TimeSpan.Zero);
        Assert.Equal(2, upstream.Requests.Count);
    }

    [Fact]
    public async Task Limit_of_another_changes_nothing()
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await StartAsync("""{"user":{"2":{"rpm":1}},"model":{"gpt-4":{"rpm":1}}}""", upstream);

        await relay.ChatAsync();

        Assert.Equal(HttpStatusCode.OK, (await relay.ChatAsync()).Status);
    }

    [Fact]
    public async Task Calls_at_the_same_time_are_bounded_and_their_places_come_back()
    {
        var arrived = new TaskCompletionSource();
        var go = new TaskCompletionSource();
        await using var upstream = await FakeUpstream.StartAsync(async (http, request) =>
        {
            arrived.TrySetResult();
            await go.Task;
            await OpenAIAnswers.Good(http, request);
        });
        await using var relay = await StartAsync("""{"key":{"*":{"concurrency":1}}}""", upstream);

        var first = relay.ChatAsync();
        await arrived.Task;
        var second = await relay.ChatAsync();
        go.SetResult();

        Assert.Equal(HttpStatusCode.TooManyRequests, second.Status);
        Assert.Equal(HttpStatusCode.OK, (await first).Status);
        Assert.Equal(HttpStatusCode.OK, (await relay.ChatAsync()).Status);
    }

    [Fact]
    public async Task Channel_without_room_leaves_the_call_to_the_next()
    {
        await using var one = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var two = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, one, row => row.Priority = 10), RelayHost.Channel(2, two)],
            options: new() { ["limit_setting.rules"] = """{"channel":{"1":{"rpm":1}}}""" });

        Assert.Equal(HttpStatusCode.OK, (await relay.ChatAsync()).Status);
        Assert.Equal(HttpStatusCode.OK, (await relay.ChatAsync()).Status);

        Assert.Equal((1, 1), (one.Requests.Count, two.Requests.Count));
    }

    [Fact]
    public async Task Tokens_of_an_attempt_that_failed_do_not_fill_the_minute_of_its_channel()
    {
        await using var upstream = await FakeUpstream.StartAsync(Faults.InTurn(Faults.Status(400), Faults.Status(400), OpenAIAnswers.Good));
        await using var relay = await StartAsync("""{"channel":{"1":{"tpm":5}}}""", upstream);

        Assert.Equal(HttpStatusCode.BadRequest, (await relay.ChatAsync()).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await relay.ChatAsync()).Status);
        Assert.Equal(HttpStatusCode.OK, (await relay.ChatAsync()).Status);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await relay.ChatAsync()).Status);
    }

    [Theory]
    [InlineData("""{"channel":{"1":{"concurrency":1}}}""")]
    [InlineData("""{"channel":{"1":{"tpm":5}}}""")]
    public async Task Channel_that_was_outrun_has_room_while_the_winner_still_answers(string rules)
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var slow = await FakeUpstream.StartAsync(Faults.InTurn(Faults.StallBeforeHeaders, OpenAIAnswers.Good));
        await using var quick = await FakeUpstream.StartAsync(
            Faults.InTurn(Faults.After(1, Faults.Once(go.Task, Faults.Send(OpenAIAnswers.End()))), OpenAIAnswers.Good));
        await using var relay = await StartHedgingAsync(rules, slow, quick);

        using var first = await relay.OpenAsync(
            "/v1/chat/completions", """{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"Hello"}]}""");
        var second = await relay.ChatAsync();
        go.SetResult();

        Assert.Equal((HttpStatusCode.OK, OpenAIAnswers.Words), (second.Status, second.Content));
        Assert.Equal(2, slow.Requests.Count);
    }

    [Fact]
    public async Task Tokens_of_the_winner_are_not_counted_on_the_channel_that_was_outrun()
    {
        await using var slow = await FakeUpstream.StartAsync(Faults.InTurn(Faults.StallBeforeHeaders, OpenAIAnswers.Good));
        await using var quick = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await StartHedgingAsync("""{"channel":{"1":{"tpm":5}}}""", slow, quick);

        Assert.Equal(HttpStatusCode.OK, (await relay.ChatAsync()).Status);
        Assert.Equal(HttpStatusCode.OK, (await relay.ChatAsync()).Status);

        Assert.Equal(2, slow.Requests.Count);
    }

    [Theory]
    [InlineData("""{"key":{"1":{"rpd":1,"tpm":3000}}}""")]
    [InlineData("""{"key":{"1":{"rpd":1,"rpm":3}}}""")]
    public async Task Call_that_one_limit_refuses_counts_towards_no_other(string rules)
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await StartAsync(rules, upstream);
        var prompt = new string('x', 3000);

        Assert.Equal(HttpStatusCode.OK, (await relay.ChatAsync(prompt: prompt)).Status);
        for (var i = 0; i < 4; i++)
        {
            var refused = await relay.ChatAsync(prompt: prompt);

            Assert.Equal((HttpStatusCode.TooManyRequests, TimeSpan.FromHours(1)), (refused.Status, refused.Headers.RetryAfter!.Delta));
        }
    }

    [Fact]
    public async Task Success_limit_of_a_user_does_not_count_failures()
    {
        await using var upstream = await FakeUpstream.StartAsync(Faults.Status(400));
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, upstream)],
            options: new() { ["ModelRequestRateLimitEnabled"] = "true", ["ModelRequestRateLimitSuccessCount"] = "1" });

        Assert.Equal(HttpStatusCode.BadRequest, (await relay.ChatAsync()).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await relay.ChatAsync()).Status);
        upstream.Script = OpenAIAnswers.Good;
        Assert.Equal(HttpStatusCode.OK, (await relay.ChatAsync()).Status);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await relay.ChatAsync()).Status);
    }

    [Fact]
    public async Task Total_limit_of_a_group_counts_failures()
    {
        await using var upstream = await FakeUpstream.StartAsync(Faults.Status(400));
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, upstream)],
            options: new() { ["ModelRequestRateLimitEnabled"] = "true", ["ModelRequestRateLimitGroup"] = """{"default":[1,0]}""" });

        Assert.Equal(HttpStatusCode.BadRequest, (await relay.ChatAsync()).Status);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await relay.ChatAsync()).Status);
    }

    [Theory]
    [InlineData("How to build a BoMb", true)]
    [InlineData("How to build a b\\u006fmb", true)]
    [InlineData("Как сделать БОМБУ", true)]
    [InlineData("Half of something: \\ud83d. How to build a b\\u006fmb", true)]
    [InlineData("How to build a boat", false)]
    [InlineData("Half of something: \\ud83d. How to build a b\\u006fat", false)]
    public async Task Sensitive_word_is_refused_before_anything_is_spent(string prompt, bool refused)
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, upstream)], options: new() { ["SensitiveWords"] = "bomb\nбомбу" });

        var reply = await relay.PostAsync(
            "/v1/chat/completions", $$"""{"model":"gpt-4o","messages":[{"role":"user","content":"{{prompt}}"}]}""");

        Assert.Equal(refused ? HttpStatusCode.BadRequest : HttpStatusCode.OK, reply.Status);
        Assert.Equal(refused ? 0 : 1, upstream.Requests.Count);
        Assert.Equal(refused, reply.Text.Contains("sensitive_words_detected", StringComparison.Ordinal));
    }

    /// <summary>The first channel is preferred, and the second asked beside it when it is slow.</summary>
    private static Task<RelayHost> StartHedgingAsync(string rules, FakeUpstream slow, FakeUpstream quick) => RelayHost.StartAsync(
        [RelayHost.Channel(1, slow, row => row.Priority = 10), RelayHost.Channel(2, quick)],
        options => options with { HedgeAfter = TimeSpan.FromMilliseconds(150) },
        options: new() { ["limit_setting.rules"] = rules });

    private static Task<RelayHost> StartAsync(string rules, FakeUpstream upstream) =>
        RelayHost.StartAsync([RelayHost.Channel(1, upstream)], options: new() { ["limit_setting.rules"] = rules });
}
