using System.Collections.Concurrent;

namespace NewApi.EndToEnd.Tests.Money;

/// <summary>What is left of the books when the process is killed in the middle of its work.</summary>
public sealed class KillTests(ITestOutputHelper output)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Killed_with_a_hundred_calls_in_flight_every_delivered_answer_is_charged_once(int round)
    {
        var seed = Environment.TickCount * 31 + round;
        var random = new Random(seed);
        output.WriteLine($"seed {seed}");
        await using var upstream = await PacedUpstream.StartAsync();
        upstream.Pace = TimeSpan.FromMilliseconds(60);
        await using var shop = await Shop.OpenAsync(upstream);
        await shop.UseKeyAsync(quota: 100_000_000);
        var complete = new ConcurrentBag<string>();
        var begun = new ConcurrentBag<string>();

        var calls = Enumerable.Range(0, 100).Select(i => CallAsync(shop, i, complete, begun)).ToArray();
        await shop.UntilAsync("SELECT count(*) FROM newapi_escrows", rows => rows > 0);
        await Task.Delay(random.Next(50, 900), Cancel);
        await shop.KillAsync();
        await Task.WhenAll(calls);
        await shop.StartAsync();

        // What the callers saw is charged, once; the rest is charged at most once, and nothing stays held by the dead process.
        await shop.UntilAsync("SELECT newapi_held FROM users WHERE id = 1", held => held == 0);
        await shop.UntilAsync("SELECT newapi_held FROM tokens", held => held == 0);
        output.WriteLine($"{complete.Count} complete, {begun.Count} begun, {shop.Read("SELECT count(*) FROM logs WHERE type = 2")} charged");
        foreach (var id in complete.Concat(begun).Distinct())
        {
            Assert.Equal(1, shop.Read($"SELECT count(*) FROM newapi_ledger WHERE entry_key = '{id}:consume'"));
            Assert.Equal(1, shop.Read($"SELECT count(*) FROM logs WHERE type = 2 AND request_id = '{id}'"));
        }
        foreach (var id in complete)
        {
            Assert.Equal(3750, shop.Read($"SELECT quota FROM logs WHERE request_id = '{id}'"));
        }
        Assert.Equal(0, shop.Read("SELECT count(*) FROM (SELECT request_id FROM logs WHERE type = 2 GROUP BY request_id HAVING count(*) > 1)"));
        Assert.Equal(
            100_000_000 - shop.Read("SELECT sum(quota) FROM logs WHERE type = 2"),
            shop.Read("SELECT remain_quota FROM tokens"));
        await shop.AssertBooksAreRightAsync();
    }

    /// <summary>Half of the calls are streams; a call notes its id when content has come, and again when the answer was complete.</summary>
    private static async Task CallAsync(Shop shop, int number, ConcurrentBag<string> complete, ConcurrentBag<string> begun)
    {
        var stream = number % 2 == 0;
        try
        {
            using var reply = await shop.ChatAsync(stream, cancel: Cancel);
            var id = reply.Headers.GetValues("X-Oneapi-Request-Id").Single();
            using var reader = new StreamReader(await reply.Content.ReadAsStreamAsync(Cancel));
            while (await reader.ReadLineAsync(Cancel) is { } line)
            {
                if (line.Contains("Hello", StringComparison.Ordinal))
                {
                    begun.Add(id);
                }
                if (line.Contains("[DONE]", StringComparison.Ordinal) || (!stream && line.EndsWith('}')))
                {
                    complete.Add(id);
                }
            }
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            // The process died under the call.
        }
    }
}
