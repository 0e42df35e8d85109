using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using NewApi.AdminService.Access;

namespace NewApi.AdminService.Tests.Access;

public class RateLimitTests
{
    [Fact]
    public async Task Critical_routes_share_one_counter_and_answer_429_without_a_body()
    {
        await using var host = await AdminHost.StartAsync(new() { ["CRITICAL_RATE_LIMIT_ENABLE"] = "true", ["CRITICAL_RATE_LIMIT"] = "3" });
        var body = new JsonObject { ["username"] = "nobody", ["password"] = "wrong-pass" };
        Assert.Equal(HttpStatusCode.OK, (await host.Anonymous.PostAsync("/api/user/login", body)).Status);
        Assert.Equal(HttpStatusCode.OK, (await host.Anonymous.PostAsync("/api/user/register", body)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.Anonymous.GetAsync("/api/usage/token/")).Status);

        var reply = await host.Anonymous.PostAsync("/api/user/login", body);

        Assert.Equal(HttpStatusCode.TooManyRequests, reply.Status);
        Assert.Equal("", reply.Text);
        Assert.Equal(HttpStatusCode.OK, (await host.Anonymous.GetAsync("/api/status")).Status);
    }

    [Fact]
    public async Task The_general_limit_counts_every_route_of_the_api()
    {
        await using var host = await AdminHost.StartAsync(new() { ["GLOBAL_API_RATE_LIMIT_ENABLE"] = "true", ["GLOBAL_API_RATE_LIMIT"] = "2" });
        await host.Anonymous.GetAsync("/api/status");
        await host.Anonymous.GetAsync("/api/nope");

        Assert.Equal(HttpStatusCode.TooManyRequests, (await host.Anonymous.GetAsync("/api/status")).Status);
        Assert.Equal(HttpStatusCode.OK, (await host.Anonymous.GetAsync("/")).Status);
    }

    [Fact]
    public void Requests_come_back_as_the_window_slides()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(56));
        var counters = new SlidingCounters(new RateLimit(10, TimeSpan.FromSeconds(100)), clock);
        for (var i = 0; i < 10; i++)
        {
            Assert.True(counters.Admit("somebody"));
        }
        Assert.False(counters.Admit("somebody"));
        Assert.True(counters.Admit("somebody else"));

        clock.Advance(TimeSpan.FromSeconds(150));
        var admitted = Enumerable.Range(0, 20).Count(_ => counters.Admit("somebody"));
        Assert.Equal(5, admitted);
    }

    [Fact]
    public void A_burst_across_the_edge_of_a_window_does_not_double_the_limit()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(56));
        var counters = new SlidingCounters(new RateLimit(10, TimeSpan.FromSeconds(100)), clock);
        clock.Advance(TimeSpan.FromSeconds(99));
        var before = Enumerable.Range(0, 20).Count(_ => counters.Admit("somebody"));
        clock.Advance(TimeSpan.FromSeconds(2));
        var after = Enumerable.Range(0, 20).Count(_ => counters.Admit("somebody"));

        Assert.Equal(10, before);
        Assert.InRange(after, 0, 1);
    }

    [Fact]
    public void Silent_keys_are_forgotten()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(56));
        var counters = new SlidingCounters(new RateLimit(10, TimeSpan.FromSeconds(100)), clock);
        for (var i = 0; i < 1000; i++)
        {
            counters.Admit($"visitor {i}");
        }

        clock.Advance(TimeSpan.FromSeconds(300));
        counters.Admit("somebody");

        Assert.Equal(1, counters.Keys);
    }

    [Fact]
    public void A_limit_of_nothing_is_no_limit()
    {
        var counters = new SlidingCounters(RateLimit.Off, TimeProvider.System);

        Assert.All(Enumerable.Range(0, 1000), _ => Assert.True(counters.Admit("somebody")));
    }
}
