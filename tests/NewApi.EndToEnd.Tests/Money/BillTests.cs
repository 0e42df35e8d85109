using System.Net;
using System.Text.Json;

namespace NewApi.EndToEnd.Tests.Money;

/// <summary>From the answer to the bill, on the real process and its file.</summary>
public sealed class BillTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("""{"prompt_tokens":1000,"completion_tokens":500,"total_tokens":1500}""", false, 3750)]
    [InlineData("""{"prompt_tokens":1000,"completion_tokens":500,"total_tokens":1500}""", true, 3750)]
    [InlineData("""{"prompt_tokens":1000,"completion_tokens":500,"total_tokens":1500,"prompt_tokens_details":{"cached_tokens":400}}""", true, 3500)]
    public async Task A_chat_costs_the_same_in_every_book(string usage, bool stream, long points)
    {
        await using var upstream = await PacedUpstream.StartAsync();
        upstream.Usage = usage;
        await using var shop = await Shop.OpenAsync(upstream);
        await shop.UseKeyAsync(quota: 1_000_000);
        var before = shop.Read("SELECT quota FROM users WHERE id = 1");

        using var reply = await shop.ChatAsync(stream, cancel: Cancel);
        var body = await reply.Content.ReadAsStringAsync(Cancel);
        Assert.True(reply.StatusCode == HttpStatusCode.OK, body);
        Assert.Contains("Hello", body, StringComparison.Ordinal);

        await shop.UntilAppliedAsync(1);
        Assert.Equal(before - points, shop.Read("SELECT quota FROM users WHERE id = 1"));
        Assert.Equal(points, shop.Read("SELECT used_quota FROM users WHERE id = 1"));
        Assert.Equal(1, shop.Read("SELECT request_count FROM users WHERE id = 1"));
        Assert.Equal(1_000_000 - points, shop.Read("SELECT remain_quota FROM tokens"));
        Assert.Equal(points, shop.Read("SELECT used_quota FROM tokens"));
        Assert.Equal(points, shop.Read("SELECT used_quota FROM channels"));
        Assert.Equal(points, shop.Read("SELECT quota FROM logs WHERE type = 2"));
        Assert.Equal(1000, shop.Read("SELECT prompt_tokens FROM logs WHERE type = 2"));
        Assert.Equal(500, shop.Read("SELECT completion_tokens FROM logs WHERE type = 2"));
        Assert.Equal(reply.Headers.GetValues("X-Oneapi-Request-Id").Single(), shop.ReadText("SELECT request_id FROM logs WHERE type = 2"));
        var other = JsonDocument.Parse(shop.ReadText("SELECT other FROM logs WHERE type = 2")).RootElement;
        Assert.Equal(1.25m, other.GetProperty("model_ratio").GetDecimal());
        Assert.Equal(4m, other.GetProperty("completion_ratio").GetDecimal());
        Assert.Equal(1m, other.GetProperty("group_ratio").GetDecimal());
        Assert.Equal(-1m, other.GetProperty("model_price").GetDecimal());
        Assert.Equal("/v1/chat/completions", other.GetProperty("request_path").GetString());
        Assert.Equal("1", other.GetProperty("admin_info").GetProperty("use_channel")[0].GetString());
        await shop.AssertBooksAreRightAsync();
    }

    [Fact]
    public async Task Two_hundred_calls_at_once_cannot_overdraw_a_key_that_is_good_for_fifty()
    {
        const long Granted = 50 * 3750;
        await using var upstream = await PacedUpstream.StartAsync();
        upstream.Pace = TimeSpan.FromMilliseconds(50);
        await using var shop = await Shop.OpenAsync(upstream);
        await shop.UseKeyAsync(Granted);

        var replies = await BurstAsync(shop, "SELECT remain_quota - newapi_held FROM tokens");

        var served = replies.Count(reply => reply.Status == HttpStatusCode.OK);
        Assert.InRange(served, 40, 50);
        Assert.All(replies.Where(reply => reply.Status != HttpStatusCode.OK), reply =>
        {
            Assert.Equal(HttpStatusCode.Forbidden, reply.Status);
            Assert.Contains("pre_consume_token_quota_failed", reply.Body, StringComparison.Ordinal);
        });
        await shop.UntilAppliedAsync(served);
        Assert.Equal(Granted - served * 3750, shop.Read("SELECT remain_quota FROM tokens"));
        Assert.Equal(served, shop.Read("SELECT count(*) FROM logs WHERE type = 2"));
        Assert.Equal(served, upstream.Calls);
        await shop.AssertBooksAreRightAsync();
    }

    [Fact]
    public async Task Two_hundred_calls_at_once_cannot_overdraw_a_wallet_that_is_good_for_fifty()
    {
        const long Granted = 50 * 3750;
        await using var upstream = await PacedUpstream.StartAsync();
        upstream.Pace = TimeSpan.FromMilliseconds(50);
        await using var shop = await Shop.OpenAsync(upstream);
        await shop.UseKeyAsync(quota: null);
        await shop.SetBalanceAsync(Granted);

        var replies = await BurstAsync(shop, "SELECT quota - newapi_held FROM users WHERE id = 1");

        var served = replies.Count(reply => reply.Status == HttpStatusCode.OK);
        Assert.InRange(served, 40, 50);
        Assert.All(replies.Where(reply => reply.Status != HttpStatusCode.OK), reply =>
        {
            Assert.Equal(HttpStatusCode.Forbidden, reply.Status);
            Assert.Contains("insufficient_user_quota", reply.Body, StringComparison.Ordinal);
        });
        await shop.UntilAppliedAsync(served);
        Assert.Equal(Granted - served * 3750, shop.Read("SELECT quota FROM users WHERE id = 1"));
        Assert.Equal(served, shop.Read("SELECT count(*) FROM logs WHERE type = 2"));
        await shop.AssertBooksAreRightAsync();
    }

    [Fact]
    public async Task An_orderly_stop_gives_everything_back()
    {
        await using var upstream = await PacedUpstream.StartAsync();
        await using var shop = await Shop.OpenAsync(upstream);
        await shop.UseKeyAsync(quota: 1_000_000);
        using var reply = await shop.ChatAsync(cancel: Cancel);
        await reply.Content.ReadAsStringAsync(Cancel);

        Assert.Equal(0, await shop.StopAsync());

        Assert.Equal(1, shop.Read("SELECT count(*) FROM logs WHERE type = 2"));
        Assert.Equal(0, shop.Read("SELECT newapi_held FROM users WHERE id = 1"));
        Assert.Equal(0, shop.Read("SELECT newapi_held FROM tokens"));
        Assert.Equal(0, shop.Read("SELECT count(*) FROM newapi_escrows"));
        await shop.AssertBooksAreRightAsync();
    }

    /// <summary>200 calls at once; meanwhile nothing that the query watches may fall below zero.</summary>
    private static async Task<(HttpStatusCode Status, string Body)[]> BurstAsync(Shop shop, string watched)
    {
        using var done = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var watching = WatchAsync(shop, watched, done.Token);
        var replies = await Task.WhenAll(Enumerable.Range(0, 200).Select(async _ =>
        {
            using var reply = await shop.ChatAsync(cancel: Cancel);
            return (reply.StatusCode, await reply.Content.ReadAsStringAsync(Cancel));
        }));
        await done.CancelAsync();
        Assert.True(await watching >= 0);
        return replies;
    }

    private static async Task<long> WatchAsync(Shop shop, string query, CancellationToken done)
    {
        var lowest = shop.Read(query);
        while (!done.IsCancellationRequested)
        {
            lowest = Math.Min(lowest, shop.Read(query));
            await Task.Delay(TimeSpan.FromMilliseconds(5), done).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        return lowest;
    }
}
