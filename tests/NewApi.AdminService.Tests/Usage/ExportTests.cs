using System.Text.Json.Nodes;
using LinqToDB;
using LinqToDB.Data;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Tests.Usage;

public class ExportTests
{
    [Theory]
    [InlineData("=HYPERLINK(\"http://x\")")]
    [InlineData("+1")]
    [InlineData("-1")]
    [InlineData("@SUM(A1)")]
    [InlineData("\tx")]
    [InlineData("|cmd")]
    public async Task Text_that_a_spreadsheet_would_run_is_only_a_text(string name)
    {
        var (host, root, alice) = await StartAsync(name, rows: 1);
        await using var _ = host;

        var table = (await alice.GetAsync("/api/log/self/export")).Text;

        Assert.Contains($"\"'{name.Replace("\"", "\"\"")}\"", table, StringComparison.Ordinal);
        Assert.DoesNotContain($",{name}", table, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_row_of_a_long_log_is_exported_once()
    {
        var (host, root, alice) = await StartAsync("a, \"b\"\nc", rows: 2500);
        await using var _ = host;

        var reply = await root.GetAsync("/api/log/export?type=2");

        Assert.Equal("text/csv", reply.ContentHeaders.ContentType!.MediaType);
        Assert.Equal("attachment", reply.ContentHeaders.ContentDisposition!.DispositionType);
        var ids = reply.Text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => line.Split(',')[^2]).ToList();
        Assert.Equal(2500, ids.Count);
        Assert.Equal(2500, ids.Distinct().Count());
        Assert.Contains("\"a, \"\"b\"\"\nc\"", reply.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Owner_exports_own_rows_and_sees_no_channels()
    {
        var (host, root, alice) = await StartAsync("key", rows: 3);
        await using var _ = host;
        await AddLogAsync(host, 1, "root's", "key", type: 2, quota: 9);
        await AddLogAsync(host, alice.UserId, "alice", "key", type: 6, quota: 5);

        var own = await alice.GetAsync("/api/log/self/export?username=root");

        Assert.Equal(5, own.Text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.DoesNotContain("root's", own.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("channel", own.Text, StringComparison.Ordinal);
        // What was given back counts against what was charged.
        Assert.Contains(",-5,-0.00001,", own.Text, StringComparison.Ordinal);
        Assert.False((await alice.GetAsync("/api/log/export")).Success);
        Assert.False((await alice.GetAsync("/api/data/export")).Success);
        Assert.Contains("root's", (await root.GetAsync("/api/log/export")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cost_and_margin_are_the_operators_to_see()
    {
        var (host, root, alice) = await StartAsync("key", rows: 0);
        await using var _ = host;
        await host.Database.WriteAsync(
            (db, ct) => db.InsertAsync(
                new QuotaDataRow
                {
                    UserId = alice.UserId,
                    Username = "alice",
                    ModelName = "m",
                    CreatedAt = 3600,
                    Count = 1,
                    Quota = 100,
                    Cost = 60,
                    Margin = 40,
                    ChannelId = 7,
                },
                token: ct),
            TestContext.Current.CancellationToken);

        const string Range = "?start_timestamp=0&end_timestamp=7200";
        Assert.DoesNotContain("margin", (await alice.GetAsync("/api/data/self" + Range)).Text, StringComparison.Ordinal);
        Assert.DoesNotContain("margin", (await alice.GetAsync("/api/data/self/export" + Range)).Text, StringComparison.Ordinal);
        Assert.Contains("margin", (await root.GetAsync("/api/data/export" + Range)).Text, StringComparison.Ordinal);
        foreach (var path in (string[])["/api/data/", "/api/data/users", "/api/data/channels"])
        {
            var row = ((JsonArray)(await root.GetAsync(path + Range)).Data!)[0]!;
            Assert.Equal((60, 40), (row["cost"]!.GetValue<int>(), row["margin"]!.GetValue<int>()));
            Assert.False(path != "/api/data/" && (await alice.GetAsync(path + Range)).Success);
        }
    }

    [Fact]
    public async Task Log_is_followed_by_cursor_without_counting()
    {
        var (host, root, alice) = await StartAsync("key", rows: 25);
        await using var _ = host;
        foreach (var (session, path) in ((Session, string)[])[(root, "/api/log/"), (alice, "/api/log/self")])
        {
            var seen = new List<string>();
            var cursor = "";
            do
            {
                var page = (await session.GetAsync($"{path}?cursor={cursor}&page_size=10&type=2")).Data!;
                seen.AddRange(((JsonArray)page["items"]!).Select(item => item!["request_id"]!.GetValue<string>()));
                cursor = page["next_cursor"]!.GetValue<string>();
            }
            while (cursor.Length > 0);
            Assert.Equal(25, seen.Distinct().Count());
            Assert.Equal(25, seen.Count);
        }
    }

    private static async Task<(AdminHost Host, Session Root, Session Alice)> StartAsync(string tokenName, int rows)
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        var alice = await host.CreateUserAsync(root, "alice");
        await host.Database.WriteAsync(
            (db, ct) => db.Logs.BulkCopyAsync(
                new BulkCopyOptions { BulkCopyType = BulkCopyType.MultipleRows },
                Enumerable.Range(0, rows).Select(i => Row(alice.UserId, "alice", tokenName, 2, i)),
                ct),
            TestContext.Current.CancellationToken);
        return (host, root, alice);
    }

    private static Task AddLogAsync(AdminHost host, long userId, string username, string tokenName, long type, long quota) =>
        host.Database.WriteAsync((db, ct) => db.InsertAsync(Row(userId, username, tokenName, type, quota), token: ct), TestContext.Current.CancellationToken);

    private static LogRow Row(long userId, string username, string tokenName, long type, long quota) => new()
    {
        UserId = userId,
        Username = username,
        TokenName = tokenName,
        ModelName = "gpt-4o",
        Type = type,
        Quota = quota,
        CreatedAt = 1000 + quota,
        ChannelId = 1,
        RequestId = $"r{userId}-{type}-{quota}",
    };
}
