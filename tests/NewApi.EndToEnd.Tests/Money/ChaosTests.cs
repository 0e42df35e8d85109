using System.Collections.Concurrent;
using System.Data.Common;
using System.Net;
using System.Net.Sockets;
using NewApi.Testing.Databases;

namespace NewApi.EndToEnd.Tests.Money;

/// <summary>
/// Sixty-four callers on ten accounts near zero, while relays and database servers are killed at random: nobody spends more than what is
/// there beyond a recorded excess (one call in four asks for fewer tokens than it is given, so that its hold is too small), every delivered answer is charged once, nothing stays held, and the books agree. Twenty seconds by default;
/// <c>CHAOS_SECONDS=120</c> for the whole.
/// </summary>
public sealed class ChaosTests(ITestOutputHelper output)
{
    private const int Callers = 64;

    private static readonly int Seconds = int.TryParse(Environment.GetEnvironmentVariable("CHAOS_SECONDS"), out var seconds) ? seconds : 20;

    private readonly ConcurrentDictionary<string, bool> _complete = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _begun = new(StringComparer.Ordinal);
    private int _refused;
    private int _broken;
    private int _topUps;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory, AllDatabases]
    public async Task Whatever_is_killed_the_books_are_right(DatabaseEngine engine)
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        await using var upstream = await PacedUpstream.StartAsync();
        upstream.Pace = TimeSpan.FromMilliseconds(15);
        await using var cluster = await Cluster.StartAsync(engine, engine == DatabaseEngine.Sqlite ? 1 : 3, upstream);

        using var over = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var calling = Enumerable.Range(0, Callers).Select(i => CallAsync(cluster, new Random(seed + i), over.Token)).ToArray();
        var paying = TopUpAsync(cluster, new Random(~seed), over.Token);
        var watching = WatchAsync(cluster, over.Token);
        var kills = await KillAsync(cluster, new Random(seed), TimeSpan.FromSeconds(Seconds));
        await over.CancelAsync();
        await Task.WhenAll(calling);
        await Task.WhenAll(paying, watching);

        await AssertNothingStaysHeldAsync(cluster);
        await AssertChargedOnceAsync(cluster);
        var report = await cluster.AssertBooksAreRightAsync();
        output.WriteLine(
            $"{Seconds} s, {kills} kills, {_complete.Count} answers complete, {_begun.Count} streams begun, {_refused} refusals, {_broken} broken, "
            + $"{_topUps} top-ups, {upstream.Calls} upstream calls; lowest wallet {await cluster.ReadAsync("SELECT min(quota) FROM users")}, "
            + $"excess {await cluster.ReadAsync("SELECT sum(excess) FROM newapi_ledger")}; {report.ReplaceLineEndings(" ")}");
        Assert.True(_complete.Count > Seconds, $"Only {_complete.Count} answers came through.");
        Assert.True(_refused > 0, "No balance was ever short: this proves nothing.");
    }

    /// <summary>A caller: account, gateway and kind of answer by chance, one call after the other.</summary>
    private async Task CallAsync(Cluster cluster, Random random, CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            var stream = random.Next(2) == 0;
            var node = random.Next(cluster.Nodes);
            var account = random.Next(Cluster.Accounts);
            try
            {
                using var reply = await cluster.ChatAsync(node, account, stream, random.Next(4) == 0 ? 20 : 800, Cancel);
                if (reply.StatusCode == HttpStatusCode.OK)
                {
                    await ReadAsync(reply, stream);
                    continue;
                }
                Interlocked.Increment(ref reply.StatusCode == HttpStatusCode.Forbidden ? ref _refused : ref _broken);
            }
            catch (Exception error) when (error is HttpRequestException or IOException or TaskCanceledException)
            {
                // The gateway died under the call, or is down.
                Interlocked.Increment(ref _broken);
            }
            await Task.Delay(random.Next(20, 200), CancellationToken.None);
        }
    }

    /// <summary>Notes a call when content has come, and again when the answer was complete.</summary>
    private async Task ReadAsync(HttpResponseMessage reply, bool stream)
    {
        var id = reply.Headers.GetValues("X-Oneapi-Request-Id").Single();
        using var reader = new StreamReader(await reply.Content.ReadAsStreamAsync(Cancel));
        while (await reader.ReadLineAsync(Cancel) is { } line)
        {
            if (line.Contains("Hello", StringComparison.Ordinal))
            {
                _begun[id] = true;
            }
            if (line.Contains("[DONE]", StringComparison.Ordinal) || (!stream && line.EndsWith('}')))
            {
                _complete[id] = true;
            }
        }
    }

    /// <summary>Pays a little in now and then, so that the accounts stay near zero without staying empty.</summary>
    private async Task TopUpAsync(Cluster cluster, Random random, CancellationToken over)
    {
        for (var number = 0; !over.IsCancellationRequested; number++)
        {
            try
            {
                await cluster.TopUpAsync(random.Next(Cluster.Accounts), random.Next(1, 4) * Cluster.Price + random.Next(1000), $"{number}");
                _topUps++;
            }
            catch (Exception error) when (IsDown(error))
            {
                // The database is down; nothing was paid in, or everything was.
            }
            await Task.Delay(50, CancellationToken.None);
        }
    }

    /// <summary>M1 at every instant anybody looks.</summary>
    private static async Task WatchAsync(Cluster cluster, CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            try
            {
                var overdrawn = await cluster.ReadAsync(
                    """
                    SELECT count(*) FROM users WHERE quota - newapi_held
                        + (SELECT coalesce(sum(excess), 0) FROM newapi_ledger WHERE newapi_ledger.user_id = users.id) < 0
                    """);
                Assert.Equal(0, overdrawn);
                Assert.Equal(0, await cluster.ReadAsync("SELECT count(*) FROM tokens WHERE remain_quota - newapi_held < 0"));
            }
            catch (Exception error) when (IsDown(error))
            {
                // The database is down.
            }
            await Task.Delay(200, CancellationToken.None);
        }
    }

    /// <summary>The drivers do not wrap everything that a dying server does to a connection.</summary>
    private static bool IsDown(Exception error) => error is DbException or IOException or SocketException or TimeoutException;

    private static async Task<int> KillAsync(Cluster cluster, Random random, TimeSpan duration)
    {
        using var over = new CancellationTokenSource(duration);
        var kills = 0;
        while (!over.IsCancellationRequested)
        {
            await Task.Delay(random.Next(500, 4000), Cancel);
            var victim = random.Next(cluster.Nodes + 1);
            if (victim < cluster.Nodes)
            {
                await cluster.KillNodeAsync(victim);
                await Task.Delay(random.Next(0, 500), Cancel);
                await cluster.StartNodeAsync(victim);
            }
            else if (cluster.Server is { } server)
            {
                await server.KillAsync();
                await Task.Delay(random.Next(0, 500), Cancel);
                await server.StartAsync();
            }
            kills++;
        }
        return kills;
    }

    /// <summary>M3: one gateway stays dead when there is time for it, and what it held comes back all the same.</summary>
    private static async Task AssertNothingStaysHeldAsync(Cluster cluster)
    {
        var leaveDead = Seconds >= 60 && cluster.Nodes > 1;
        if (leaveDead)
        {
            await cluster.KillNodeAsync(cluster.Nodes - 1);
        }
        foreach (var held in (string[])["newapi_held) FROM users", "newapi_held) FROM tokens", "newapi_held) FROM user_subscriptions"])
        {
            await cluster.UntilAsync($"SELECT sum({held}", points => points == 0);
        }
        if (leaveDead)
        {
            // Its journal may have charges of answers that were delivered.
            await cluster.StartNodeAsync(cluster.Nodes - 1);
        }
    }

    private async Task AssertChargedOnceAsync(Cluster cluster)
    {
        var delivered = _complete.Keys.Concat(_begun.Keys).Distinct(StringComparer.Ordinal).ToList();
        var charged = await cluster.ReadTextsAsync("SELECT entry_key FROM newapi_ledger WHERE kind = 2");
        var logged = await cluster.ReadTextsAsync("SELECT request_id FROM logs WHERE type = 2");
        Assert.DoesNotContain(delivered, id => !charged.Contains(id + ":consume"));
        Assert.DoesNotContain(delivered, id => !logged.Contains(id));
        var atFullPrice = await cluster.ReadTextsAsync($"SELECT request_id FROM logs WHERE type = 2 AND quota = {Cluster.Price}");
        Assert.DoesNotContain(_complete.Keys, id => !atFullPrice.Contains(id));
    }
}
