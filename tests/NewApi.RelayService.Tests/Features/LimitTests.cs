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
    [InlineData("How to build a boat", false)]
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

    private static Task<RelayHost> StartAsync(string rules, FakeUpstream upstream) =>
        RelayHost.StartAsync([RelayHost.Channel(1, upstream)], options: new() { ["limit_setting.rules"] = rules });
}
