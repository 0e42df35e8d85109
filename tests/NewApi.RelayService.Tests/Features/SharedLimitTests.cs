using System.Net;
using Microsoft.Extensions.DependencyInjection;
using NewApi.RelayService.Limits;
using NewApi.Testing;
using NewApi.Testing.Databases;
using NewApi.Testing.Upstreams;

namespace NewApi.RelayService.Tests.Features;

/// <summary>Relays that share a Redis keep limits together. The exchange is called here; in a relay it happens twice a second.</summary>
public sealed class SharedLimitTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("""{"user":{"*":{"rpm":2}}}""")]
    [InlineData("""{"key":{"1":{"rpd":2}}}""")]
    public async Task What_one_relay_has_counted_fills_the_limit_of_another(string rules)
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        var redis = (await TestServers.RedisAsync()).NewConnectionString();
        await using var one = await StartAsync(rules, redis, upstream);
        await using var two = await StartAsync(rules, redis, upstream);

        Assert.Equal(HttpStatusCode.OK, (await one.ChatAsync()).Status);
        Assert.Equal(HttpStatusCode.OK, (await two.ChatAsync()).Status);
        await ExchangeAsync(one);
        await ExchangeAsync(two);
        await ExchangeAsync(one);

        Assert.Equal(HttpStatusCode.TooManyRequests, (await one.ChatAsync()).Status);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await two.ChatAsync()).Status);
    }

    [Fact]
    public async Task Successes_of_a_user_count_on_every_relay()
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        var redis = (await TestServers.RedisAsync()).NewConnectionString();
        Dictionary<string, string> options = new() { ["ModelRequestRateLimitEnabled"] = "true", ["ModelRequestRateLimitSuccessCount"] = "2" };
        await using var one = await StartAsync(options, redis, upstream);
        await using var two = await StartAsync(options, redis, upstream);

        await one.ChatAsync();
        await two.ChatAsync();
        await ExchangeAsync(one);
        await ExchangeAsync(two);

        Assert.Equal(HttpStatusCode.TooManyRequests, (await two.ChatAsync()).Status);
    }

    [Fact]
    public async Task A_call_that_runs_on_one_relay_takes_a_place_on_another_until_it_has_ended()
    {
        var arrived = new TaskCompletionSource();
        var go = new TaskCompletionSource();
        await using var upstream = await FakeUpstream.StartAsync(async (http, request) =>
        {
            arrived.TrySetResult();
            await go.Task;
            await OpenAIAnswers.Good(http, request);
        });
        const string Rules = """{"key":{"*":{"concurrency":1}}}""";
        var redis = (await TestServers.RedisAsync()).NewConnectionString();
        await using var one = await StartAsync(Rules, redis, upstream);
        await using var two = await StartAsync(Rules, redis, upstream);

        var first = one.ChatAsync();
        await arrived.Task;
        await ExchangeAsync(one);
        await ExchangeAsync(two);
        var refused = await two.ChatAsync();
        go.SetResult();
        await first;
        await ExchangeAsync(one);
        await ExchangeAsync(two);

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.Status);
        Assert.Equal(HttpStatusCode.OK, (await two.ChatAsync()).Status);
    }

    [Fact]
    public async Task Tokens_of_an_attempt_that_failed_on_one_relay_do_not_fill_the_channel_on_another()
    {
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = await FakeUpstream.StartAsync(Faults.InTurn(
            Faults.Status(400),
            async (http, request) =>
            {
                arrived.TrySetResult();
                await go.Task;
                await Faults.Status(400)(http, request);
            },
            OpenAIAnswers.Good));
        var options = new Dictionary<string, string> { ["limit_setting.rules"] = """{"channel":{"1":{"tpm":5}}}""" };
        var redis = (await TestServers.RedisAsync()).NewConnectionString();
        // A minute that ends meanwhile would be another story.
        var clock = new ShiftedClock();
        clock.Offset += TimeSpan.FromSeconds(60 - clock.GetUtcNow().Second);
        await using var one = await StartAsync(options, redis, upstream, clock);
        await using var two = await StartAsync(options, redis, upstream, clock);

        await two.ChatAsync();
        var failing = one.ChatAsync();
        await arrived.Task;
        await ExchangeAsync(one);
        await ExchangeAsync(two);
        var refused = await two.ChatAsync();
        go.SetResult();
        await failing;
        await ExchangeAsync(one);
        await ExchangeAsync(two);

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.Status);
        Assert.Equal(HttpStatusCode.OK, (await two.ChatAsync()).Status);
    }

    private static Task<RelayHost> StartAsync(string rules, string redis, FakeUpstream upstream) =>
        StartAsync(new Dictionary<string, string> { ["limit_setting.rules"] = rules }, redis, upstream);

    private static Task<RelayHost> StartAsync(
        Dictionary<string, string> options, string redis, FakeUpstream upstream, TimeProvider? clock = null) =>
        RelayHost.StartAsync([RelayHost.Channel(1, upstream)], options: options, redis: redis, clock: clock);

    private static Task ExchangeAsync(RelayHost relay) => relay.Services.GetRequiredService<SharedLimits>().ExchangeAsync(Cancel);
}
