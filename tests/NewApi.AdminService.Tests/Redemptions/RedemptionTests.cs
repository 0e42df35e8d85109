using System.Text.Json.Nodes;
using LinqToDB;
using LinqToDB.Async;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Tests.Redemptions;

public class RedemptionTests
{
    [Fact]
    public async Task One_code_is_made_when_no_number_is_given()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;

        var codes = (JsonArray)(await root.PostAsync("/api/redemption/", new JsonObject { ["name"] = "gift", ["quota"] = 5 })).Data!;

        Assert.Single(codes);
    }

    [Fact]
    public async Task Codes_are_made_listed_found_changed_and_deleted()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;

        var codes = (JsonArray)(await root.PostAsync("/api/redemption/", new JsonObject { ["name"] = "gift", ["quota"] = 250_000, ["count"] = 3 })).Data!;
        Assert.Equal(3, codes.Count);
        Assert.All(codes, code => Assert.Matches("^[0-9a-f]{32}$", code!.GetValue<string>()));
        await root.PostAsync("/api/redemption/", new JsonObject { ["name"] = "zero", ["quota"] = 0, ["count"] = 1 });

        var list = await root.GetAsync("/api/redemption/?p=1&page_size=10");
        Assert.Equal(4, list.Data!["total"]!.GetValue<int>());
        JsonShape.Equal(
            """
            {"id":4,"user_id":1,"key":"*","status":1,"name":"zero","quota":100,"created_time":"#","redeemed_time":0,"count":0,"used_user_id":0,
             "expired_time":0,"DeletedAt":null}
            """,
            list.Items[0]!.ToJsonString());
        Assert.Equal(3, (await root.GetAsync("/api/redemption/search?keyword=gif")).Items.Count);
        Assert.Empty((await root.GetAsync("/api/redemption/search?keyword=ift")).Items);
        Assert.Single((await root.GetAsync("/api/redemption/search?keyword=2")).Items);

        var changed = (await root.PutAsync("/api/redemption/", new JsonObject { ["id"] = 2, ["name"] = "gift2", ["quota"] = 300_000 })).Data!;
        Assert.Equal(("gift2", 300_000), (changed["name"]!.GetValue<string>(), changed["quota"]!.GetValue<int>()));
        changed = (await root.PutAsync("/api/redemption/?status_only=1", new JsonObject { ["id"] = 2, ["status"] = 2 })).Data!;
        Assert.Equal(("gift2", 2), (changed["name"]!.GetValue<string>(), changed["status"]!.GetValue<int>()));
        Assert.True((await root.DeleteAsync("/api/redemption/3")).Success);
        Assert.False((await root.GetAsync("/api/redemption/3")).Success);
        Assert.Equal(1, (await root.DeleteAsync("/api/redemption/invalid")).Data!.GetValue<int>());
        Assert.Equal(2, (await root.GetAsync("/api/redemption/")).Data!["total"]!.GetValue<int>());
    }

    [Theory]
    [InlineData("""{"name":"","quota":1,"count":1}""")]
    [InlineData("""{"name":"a name of 21 letters!","quota":1,"count":1}""")]
    [InlineData("""{"name":"x","quota":1,"count":0}""")]
    [InlineData("""{"name":"x","quota":1,"count":101}""")]
    [InlineData("""{"name":"x","quota":-1,"count":1}""")]
    [InlineData("""{"name":"x","quota":9007199254740992,"count":1}""")]
    [InlineData("""{"name":"x","quota":1,"count":1,"expired_time":1000}""")]
    public async Task Codes_out_of_bounds_are_refused(string body)
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;

        Assert.False((await root.SendAsync(HttpMethod.Post, "/api/redemption/", body)).Success);
    }

    [Fact]
    public async Task A_code_that_many_redeem_at_once_pays_one_of_them_once()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        await using var other = await AdminHost.StartAsync(sqlitePath: host.SqlitePath);
        Session[] users = [await host.CreateUserAsync(root, "alice"), await host.CreateUserAsync(root, "bob"), await other.LoginAsync("alice", "alice-pass-1")];
        var code = ((JsonArray)(await root.PostAsync("/api/redemption/", new JsonObject { ["name"] = "gift", ["quota"] = 250_000, ["count"] = 1 })).Data!)[0]!.GetValue<string>();

        var replies = await Task.WhenAll(Enumerable.Range(0, 30).Select(i =>
            users[i % 3].PostAsync("/api/user/topup", new JsonObject { ["key"] = i % 2 == 0 ? code : $" {code} " })));

        var paid = Assert.Single(replies, reply => reply.Success);
        Assert.Equal(250_000, paid.Data!.GetValue<int>());
        await using var db = host.Database.Open();
        var balances = await db.Users.Where(row => row.Id > 1).Select(row => row.Quota).ToListAsync(TestContext.Current.CancellationToken);
        Assert.Equal(250_000, balances.Sum());
        var row = await db.Redemptions.SingleAsync(TestContext.Current.CancellationToken);
        Assert.Equal(3, row.Status);
        Assert.Equal(250_000, await db.Ledger.Where(entry => entry.UserId == row.UsedUserId).SumAsync(entry => entry.Points, TestContext.Current.CancellationToken));
        var logs = await db.Logs.Where(log => log.UserId == row.UsedUserId && log.Type == 1).CountAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, logs);
    }

    [Fact]
    public async Task Unknown_used_disabled_expired_and_deleted_codes_give_one_answer()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var codes = ((JsonArray)(await root.PostAsync("/api/redemption/", new JsonObject { ["name"] = "gift", ["quota"] = 10, ["count"] = 4 })).Data!)
            .Select(code => code!.GetValue<string>()).ToList();
        await host.Database.WriteAsync(
            async (db, ct) =>
            {
                await db.Redemptions.Where(row => row.Key == codes[0]).Set(row => row.Status, 3).UpdateAsync(ct);
                await db.Redemptions.Where(row => row.Key == codes[1]).Set(row => row.Status, 2).UpdateAsync(ct);
                await db.Redemptions.Where(row => row.Key == codes[2]).Set(row => row.ExpiredTime, 1000).UpdateAsync(ct);
                await db.Redemptions.Where(row => row.Key == codes[3]).Set(row => row.DeletedAt, DateTimeOffset.UnixEpoch).UpdateAsync(ct);
            },
            TestContext.Current.CancellationToken);

        var answers = new List<string>();
        foreach (var code in codes.Append(new string('0', 32)).Append(""))
        {
            var reply = await root.PostAsync("/api/user/topup", new JsonObject { ["key"] = code });
            Assert.False(reply.Success);
            answers.Add(reply.Text);
        }

        Assert.Single(answers.Distinct());
        Assert.Equal(100_000_000, (await root.GetAsync("/api/user/self")).Data!["quota"]!.GetValue<long>());
    }

    [Fact]
    public async Task A_code_that_would_take_the_balance_out_of_range_stays_unused()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var alice = await host.CreateUserAsync(root, "alice");
        var code = ((JsonArray)(await root.PostAsync("/api/redemption/", new JsonObject { ["name"] = "gift", ["quota"] = 10 })).Data!)[0]!.GetValue<string>();
        await SetAsync(9_007_199_254_740_991);

        var refused = await alice.PostAsync("/api/user/topup", new JsonObject { ["key"] = code });
        Assert.False(refused.Success);
        Assert.Contains("The balance would go out of range", refused.Text, StringComparison.Ordinal);
        await SetAsync(5);

        Assert.True((await alice.PostAsync("/api/user/topup", new JsonObject { ["key"] = code })).Success);
        Assert.Equal(15, (await alice.GetAsync("/api/user/self")).Data!["quota"]!.GetValue<long>());

        async Task SetAsync(long quota) => Assert.True((await root.PutAsync(
            "/api/user/", new JsonObject { ["id"] = alice.UserId, ["username"] = "alice", ["quota"] = quota })).Success);
    }
}
