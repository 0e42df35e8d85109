using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using NewApi.Testing.Databases;
using NewApi.Testing.Upstreams;

namespace NewApi.EndToEnd.Tests.Money;

/// <summary>A film from its order to its file on the real process, and what is left of an order whose process is killed.</summary>
public sealed class FilmTests(ITestOutputHelper output)
{
    private const long Balance = 10_000_000;
    private const long Price = 1_200_000;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_film_is_ordered_followed_and_fetched()
    {
        await using var upstream = await FakeUpstream.StartAsync((http, request) => request.Path switch
        {
            "/v1/videos" => SayAsync(http, "queued"),
            "/v1/videos/up-1" => SayAsync(http, "completed"),
            _ => http.Response.WriteAsync("the film", Cancel),
        });
        await using var shop = await OpenAsync(upstream.Address);

        using var reply = await OrderAsync(shop);
        var id = (await reply.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("id").GetString();
        Assert.Equal(Balance - Price, shop.Read("SELECT quota FROM users WHERE id = 1"));

        await shop.UntilAsync("SELECT count(*) FROM tasks WHERE status = 'SUCCESS'", count => count == 1);
        Assert.Equal("the film", await shop.Caller.GetStringAsync($"/v1/videos/{id}/content", Cancel));
        Assert.Equal(Price, shop.Read("SELECT quota FROM logs WHERE type = 2"));
        await shop.AssertBooksAreRightAsync();
    }

    [Fact]
    public async Task A_film_comes_through_a_gateway_behind_a_gateway()
    {
        await using var upstream = await FakeUpstream.StartAsync((http, request) => request.Path switch
        {
            "/v1/videos" => SayAsync(http, "queued"),
            "/v1/videos/up-1" => SayAsync(http, "completed"),
            _ => http.Response.WriteAsync("the film", Cancel),
        });
        await using var inner = await OpenAsync(upstream.Address);
        await using var outer = await OpenAsync(inner.Caller.BaseAddress!.ToString().TrimEnd('/'), inner.Key);

        using var reply = await OrderAsync(outer);
        var id = (await reply.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("id").GetString();
        await outer.UntilAsync("SELECT count(*) FROM tasks WHERE status = 'SUCCESS'", count => count == 1);

        Assert.Equal("the film", await outer.Caller.GetStringAsync($"/v1/videos/{id}/content", Cancel));
        foreach (var shop in (Shop[])[inner, outer])
        {
            Assert.Equal(Balance - Price, shop.Read("SELECT quota FROM users WHERE id = 1"));
            await shop.AssertBooksAreRightAsync();
        }
    }

    [Fact]
    public async Task An_order_whose_process_is_killed_before_anybody_accepted_it_is_given_back()
    {
        await using var upstream = await FakeUpstream.StartAsync(Faults.StallBeforeHeaders);
        await using var shop = await OpenAsync(upstream.Address);

        var order = OrderAsync(shop);
        await shop.UntilAsync("SELECT count(*) FROM tasks WHERE status = 'NOT_START'", count => count == 1);
        Assert.Equal(Balance - Price, shop.Read("SELECT quota FROM users WHERE id = 1"));
        await shop.UntilAsync("SELECT 1", _ => upstream.Requests.Count == 1);
        await shop.KillAsync();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => order);
        await shop.StartAsync();
        // Its patience is a quarter of an hour: the test's is over now.
        shop.Execute("UPDATE newapi_task_polls SET next_poll = 0");

        await shop.UntilAsync("SELECT count(*) FROM tasks WHERE status = 'FAILURE'", count => count == 1);
        Assert.Equal(Balance, shop.Read("SELECT quota FROM users WHERE id = 1"));
        Assert.Equal(0, shop.Read("SELECT count(*) FROM logs WHERE type IN (2, 6)"));
        Assert.Single(upstream.Requests);
        await shop.AssertBooksAreRightAsync();
    }

    [Theory, AllDatabases]
    public async Task Relays_killed_among_orders_leave_none_paid_for_nothing_and_none_forgotten(DatabaseEngine engine)
    {
        const int Orders = 60;
        await using var upstream = await PacedUpstream.StartAsync();
        upstream.Pace = TimeSpan.FromMilliseconds(40);
        await using var cluster = await Cluster.StartAsync(engine, engine == DatabaseEngine.Sqlite ? 1 : 3, upstream);
        var accepted = new ConcurrentBag<string>();

        var orders = Enumerable.Range(0, Orders).Select(i => OrderAsync(cluster, i, accepted)).ToArray();
        await cluster.UntilAsync("SELECT count(*) FROM tasks WHERE status <> 'NOT_START'", count => count >= Orders / 6);
        await cluster.KillNodeAsync(0);
        await Task.WhenAll(orders);
        await cluster.StartNodeAsync(0);
        // Patience is a quarter of an hour: the test's is over now.
        await cluster.ExecuteAsync("UPDATE newapi_task_polls SET next_poll = 0");
        await cluster.UntilAsync("SELECT count(*) FROM tasks WHERE status NOT IN ('SUCCESS', 'FAILURE')", open => open == 0);

        var done = await cluster.ReadTextsAsync("SELECT task_id FROM tasks WHERE status IN ('SUCCESS', 'FAILURE')");
        Assert.All(accepted, id => Assert.Contains(id, done));
        var good = await cluster.ReadAsync("SELECT count(*) FROM tasks WHERE status = 'SUCCESS'");
        output.WriteLine($"{accepted.Count} of {Orders} told to be accepted, {done.Count} stored, {good} good, {upstream.Calls} ordered upstream");
        Assert.InRange(good, 1, Orders - 1);
        Assert.Equal(
            -good * Cluster.Price,
            await cluster.ReadAsync("SELECT sum(points + subscription_points) FROM newapi_ledger WHERE entry_key LIKE '%:consume' OR entry_key LIKE '%:end'"));
        await cluster.AssertBooksAreRightAsync();
    }

    private static async Task OrderAsync(Cluster cluster, int number, ConcurrentBag<string> accepted)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(10 * number), Cancel);
        try
        {
            using var reply = await cluster.OrderAsync(number % cluster.Nodes, number % Cluster.Accounts);
            if (reply.IsSuccessStatusCode)
            {
                accepted.Add((await reply.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("id").GetString()!);
            }
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            // The relay died under the order, or is down.
        }
    }

    private static async Task<Shop> OpenAsync(string upstream, string key = "sk-stub")
    {
        var shop = await Shop.OpenAsync();
        await shop.SetOptionAsync("ModelPrice", """{"sora-2":0.3}""");
        await shop.AddChannelAsync(type: 55, upstream, "sora-2", key);
        await shop.SetBalanceAsync(Balance);
        await shop.UseKeyAsync(quota: null);
        return shop;
    }

    private static Task<HttpResponseMessage> OrderAsync(Shop shop) =>
        shop.Caller.PostAsJsonAsync("/v1/videos", new { model = "sora-2", prompt = "A cat on the moon", seconds = "8" }, Cancel);

    private static async Task SayAsync(HttpContext http, string status)
    {
        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync($$"""{"id":"up-1","object":"video","status":"{{status}}"}""", Cancel);
    }
}
