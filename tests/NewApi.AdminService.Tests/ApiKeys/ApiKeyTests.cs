using System.Text.Json.Nodes;
using LinqToDB;
using LinqToDB.Async;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Tests.ApiKeys;

public class ApiKeyTests
{
    private static JsonObject Key(string name = "main") => new()
    {
        ["name"] = name,
        ["remain_quota"] = 1000,
        ["expired_time"] = -1,
        ["unlimited_quota"] = false,
        ["model_limits_enabled"] = false,
        ["model_limits"] = "",
        ["allow_ips"] = "",
        ["group"] = "",
    };

    [Fact]
    public async Task A_key_is_made_without_data_and_listed_bare()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;

        JsonShape.Equal("""{"success":true,"message":""}""", (await root.PostAsync("/api/token/", Key())).Text);

        var listed = await root.GetAsync("/api/token/?p=1&size=10");
        JsonShape.Equal(
            """
            {"success":true,"message":"","data":{"page":1,"page_size":10,"total":1,"items":[
              {"id":1,"user_id":1,"key":"*","status":1,"name":"main","created_time":"#","accessed_time":"#","expired_time":-1,"remain_quota":1000,
               "unlimited_quota":false,"model_limits_enabled":false,"model_limits":"","allow_ips":"","used_quota":0,"group":"",
               "cross_group_retry":false,"DeletedAt":null}]}}
            """,
            listed.Text);
        Assert.Matches("^[0-9A-Za-z]{48}$", listed.Items[0]!["key"]!.GetValue<string>());
        Assert.True(listed.Headers.CacheControl!.NoStore);
    }

    [Fact]
    public async Task Both_spellings_of_a_collection_are_answered_directly()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;

        Assert.True((await root.PostAsync("/api/token", Key())).Success);
        Assert.True((await root.PostAsync("/api/token/", Key())).Success);
        Assert.Equal(2, (await root.GetAsync("/api/token")).Items.Count);
        Assert.Equal(2, (await root.GetAsync("/api/token/")).Items.Count);
    }

    [Fact]
    public async Task A_list_of_addresses_has_an_end()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var key = Key();
        key["allow_ips"] = string.Join('\n', Enumerable.Repeat("10.100.100.100", 547));

        var reply = await root.PostAsync("/api/token/", key);

        Assert.Equal("The list of addresses may have at most 8192 characters", reply.Message);
    }

    [Theory]
    [InlineData("name", "123456789012345678901234567890123456789012345678901")]
    [InlineData("remain_quota", -1)]
    [InlineData("remain_quota", 500_000_000_000_001)]
    [InlineData("allow_ips", "10.0.0.1\nnot an address")]
    [InlineData("allow_ips", "10.0.0.1/33")]
    [InlineData("group", "svip")]
    public async Task Mistakes_are_refused(string member, object value)
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var key = Key();
        key[member] = value is string text ? text : Convert.ToInt64(value);

        Assert.False((await root.PostAsync("/api/token/", key)).Success);
        Assert.Empty((await root.GetAsync("/api/token/")).Items);
    }

    [Theory]
    [InlineData(-9_223_372_036_854_775_808, false)]
    [InlineData(-9_007_199_254_740_992, false)]
    [InlineData(-9_007_199_254_740_991, true)]
    [InlineData(-300, true)]
    [InlineData(9_223_372_036_854_775_807, false)]
    public async Task A_key_without_a_limit_keeps_what_was_counted_down_and_nothing_absurd(long quota, bool taken)
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var key = Key();
        (key["unlimited_quota"], key["remain_quota"]) = (true, quota);

        Assert.Equal(taken, (await root.PostAsync("/api/token/", key)).Success);
        Assert.Equal(taken ? 1 : 0, (await root.GetAsync("/api/token/")).Items.Count);

        // An older database may hold anything: it can be put right.
        await root.PostAsync("/api/token/", Key());
        await host.Database.WriteAsync((db, ct) => db.Tokens.Set(row => row.RemainQuota, long.MinValue).UpdateAsync(ct), TestContext.Current.CancellationToken);
        key["id"] = (await root.GetAsync("/api/token/")).Items[0]!["id"]!.GetValue<long>();
        var saved = await root.PutAsync("/api/token/", key.DeepClone().AsObject());
        Assert.Equal(taken, saved.Success);
        Assert.Equal(
            taken ? quota : long.MinValue,
            (await root.GetAsync($"/api/token/{key["id"]!.GetValue<long>()}")).Data!["remain_quota"]!.GetValue<long>());
    }

    [Fact]
    public async Task Zero_expiry_means_never_at_creation_and_expired_at_update()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var key = Key();
        key["expired_time"] = 0;
        await root.PostAsync("/api/token/", key);
        Assert.Equal(-1, (await root.GetAsync("/api/token/1")).Data!["expired_time"]!.GetValue<long>());

        key["id"] = 1;
        Assert.True((await root.PutAsync("/api/token/", key)).Success);

        Assert.Equal(0, (await root.GetAsync("/api/token/1")).Data!["expired_time"]!.GetValue<long>());
    }

    [Fact]
    public async Task Saving_overwrites_all_but_the_status_and_status_only_nothing_else()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        await root.PostAsync("/api/token/", Key());

        var saved = (await root.PutAsync("/api/token/", new JsonObject
        {
            ["id"] = 1,
            ["status"] = 2,
            ["name"] = "small",
            ["remain_quota"] = 10,
            ["expired_time"] = 4_000_000_000,
            ["allow_ips"] = "10.9.8.7\n10.1.2.3/8",
            ["model_limits_enabled"] = true,
            ["model_limits"] = "gpt-4o-mini",
            ["group"] = "vip",
            ["cross_group_retry"] = true,
        })).Data!;
        Assert.Equal((1, "small", 10, "vip", true), (
            saved["status"]!.GetValue<int>(), saved["name"]!.GetValue<string>(), saved["remain_quota"]!.GetValue<int>(),
            saved["group"]!.GetValue<string>(), saved["cross_group_retry"]!.GetValue<bool>()));

        saved = (await root.PutAsync("/api/token/?status_only=true", new JsonObject { ["id"] = 1, ["status"] = 2 })).Data!;
        Assert.Equal((2, "small"), (saved["status"]!.GetValue<int>(), saved["name"]!.GetValue<string>()));
        Assert.False((await root.PutAsync("/api/token/?status_only=1", new JsonObject { ["id"] = 1, ["status"] = 9 })).Success);
        await using var db = host.Database.Open();
        var moves = await db.Ledger.Where(row => row.TokenId == 1).Select(row => row.TokenPoints).ToListAsync(TestContext.Current.CancellationToken);
        Assert.Equal([-990, 1000], moves.Order());
    }

    [Fact]
    public async Task What_is_expired_or_spent_can_not_be_switched_on()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        await root.PostAsync("/api/token/", Key("expired"));
        await root.PostAsync("/api/token/", Key("spent"));
        await host.Database.WriteAsync(
            async (db, ct) =>
            {
                await db.Tokens.Where(row => row.Id == 1).Set(row => row.Status, 3).Set(row => row.ExpiredTime, 1000).UpdateAsync(ct);
                await db.Tokens.Where(row => row.Id == 2).Set(row => row.Status, 4).Set(row => row.RemainQuota, -5).UpdateAsync(ct);
            },
            TestContext.Current.CancellationToken);
        foreach (var id in (int[])[1, 2])
        {
            Assert.False((await root.PutAsync("/api/token/?status_only=true", new JsonObject { ["id"] = id, ["status"] = 1 })).Success);
        }

        var renewed = Key("spent");
        renewed["id"] = 2;
        Assert.True((await root.PutAsync("/api/token/", renewed)).Success);
        Assert.True((await root.PutAsync("/api/token/?status_only=true", new JsonObject { ["id"] = 2, ["status"] = 1 })).Success);
    }

    [Fact]
    public async Task Nobody_sees_or_touches_the_keys_of_others()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var alice = await host.CreateUserAsync(root, "alice");
        var bob = await host.CreateUserAsync(root, "bob");
        await alice.PostAsync("/api/token/", Key("of alice"));
        var secret = (await alice.GetAsync("/api/token/1")).Data!["key"]!.GetValue<string>();

        foreach (var stranger in (Session[])[bob, root])
        {
            Reply[] replies =
            [
                await stranger.GetAsync("/api/token/"),
                await stranger.GetAsync("/api/token/1"),
                await stranger.GetAsync("/api/token/search?keyword=of"),
                await stranger.GetAsync($"/api/token/search?token=sk-{secret}"),
                await stranger.PutAsync("/api/token/", new JsonObject { ["id"] = 1, ["name"] = "mine now", ["unlimited_quota"] = true }),
                await stranger.PutAsync("/api/token/?status_only=1", new JsonObject { ["id"] = 1, ["status"] = 2 }),
                await stranger.DeleteAsync("/api/token/1"),
                await stranger.PostAsync("/api/token/batch", new JsonObject { ["ids"] = new JsonArray(1) }),
            ];
            Assert.All(replies, reply => Assert.DoesNotContain(secret, reply.Text));
            Assert.All(replies[4..7], reply => Assert.False(reply.Success));
            Assert.Equal(0, replies[7].Data!.GetValue<int>());
        }
        var kept = (await alice.GetAsync("/api/token/1")).Data!;
        Assert.Equal(("of alice", 1), (kept["name"]!.GetValue<string>(), kept["status"]!.GetValue<int>()));
    }

    [Fact]
    public async Task Deleted_keys_are_gone_and_batches_count_what_they_deleted()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        for (var i = 0; i < 4; i++)
        {
            await root.PostAsync("/api/token/", Key());
        }

        Assert.True((await root.DeleteAsync("/api/token/1")).Success);
        Assert.False((await root.DeleteAsync("/api/token/1")).Success);
        Assert.Equal(2, (await root.PostAsync("/api/token/batch", new JsonObject { ["ids"] = new JsonArray(1, 2, 3, 99) })).Data!.GetValue<int>());
        Assert.False((await root.PostAsync("/api/token/batch", new JsonObject { ["ids"] = new JsonArray() })).Success);

        Assert.Equal(4, (await root.GetAsync("/api/token/")).Items.Single()!["id"]!.GetValue<int>());
    }

    [Fact]
    public async Task Search_takes_parts_and_bounded_patterns()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        foreach (var name in (string[])["unlimited", "limited-models", "50% off", "under_score"])
        {
            await root.PostAsync("/api/token/", Key(name));
        }
        Assert.Equal(2, await Count("keyword=lim"));
        Assert.Equal(1, await Count("keyword=limited%25"));
        Assert.Equal(1, await Count("keyword=r_s"));
        Assert.Equal(0, await Count("keyword=u_l"));
        Assert.Equal(4, await Count(""));
        foreach (var pattern in (string[])["%25%25", "%25", "%25a%25b%25", "a%25"])
        {
            Assert.False((await root.GetAsync($"/api/token/search?keyword={pattern}")).Success);
        }

        async Task<int> Count(string query) => (await root.GetAsync($"/api/token/search?{query}")).Items.Count;
    }

    [Fact]
    public async Task The_number_of_keys_is_limited_also_when_asked_all_at_once()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        await root.PutAsync("/api/option/", new JsonObject { ["key"] = "token_setting.max_user_tokens", ["value"] = 3 });

        var replies = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => root.PostAsync("/api/token/", Key())));

        Assert.Equal(3, replies.Count(reply => reply.Success));
    }

    [Fact]
    public async Task A_key_tells_its_own_use_and_amounts()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var request = Key();
        request["model_limits"] = "gpt-4o-mini";
        await root.PostAsync("/api/token/", request);
        await host.Database.WriteAsync(
            (db, ct) => db.Tokens.Where(row => row.Id == 1).Set(row => row.RemainQuota, 965_490).Set(row => row.UsedQuota, 34_510).UpdateAsync(ct),
            TestContext.Current.CancellationToken);
        var bearer = host.Anonymous.With("Authorization", "Bearer sk-" + (await root.GetAsync("/api/token/1")).Data!["key"]!.GetValue<string>());

        var usage = await bearer.GetAsync("/api/usage/token/");
        JsonShape.Equal(
            """
            {"code":true,"message":"ok","data":{"object":"token_usage","name":"main","total_granted":1000000,"total_used":34510,
             "total_available":965490,"unlimited_quota":false,"model_limits":{"gpt-4o-mini":true},"model_limits_enabled":false,"expires_at":0}}
            """,
            usage.Text);
        Assert.Equal("*", usage.Headers.GetValues("Access-Control-Allow-Origin").Single());
        var preflight = await host.Anonymous.With("Origin", "https://app.example.test").SendAsync(HttpMethod.Options, "/api/usage/token/", null);
        Assert.Equal(System.Net.HttpStatusCode.NoContent, preflight.Status);
        Assert.Equal("*", preflight.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Equal(System.Net.HttpStatusCode.NotFound, (await host.Anonymous.SendAsync(HttpMethod.Options, "/api/user/self", null)).Status);
        foreach (var prefix in (string[])["", "/v1"])
        {
            JsonShape.Equal(
                """
                {"object":"billing_subscription","has_payment_method":true,"soft_limit_usd":2,"hard_limit_usd":2,"system_hard_limit_usd":2,"access_until":0}
                """,
                (await bearer.GetAsync(prefix + "/dashboard/billing/subscription")).Text);
            JsonShape.Equal(
                """{"object":"list","total_usage":6.902}""",
                (await bearer.GetAsync(prefix + "/dashboard/billing/usage?start_date=2025-01-01&end_date=2025-02-01")).Text);
        }
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, (await host.Anonymous.GetAsync("/api/usage/token/")).Status);
        Assert.Equal(
            System.Net.HttpStatusCode.Unauthorized,
            (await host.Anonymous.With("Authorization", "Bearer sk-nobody").GetAsync("/dashboard/billing/usage")).Status);
    }
}
