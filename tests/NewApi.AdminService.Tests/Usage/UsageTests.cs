using System.Net;
using System.Text.Json.Nodes;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Tests.Usage;

public class UsageTests
{
    private const string Other = """{"model_ratio":0.075,"admin_info":{"use_channel":["1"]},"reject_reason":"x"}""";

    private static async Task<(AdminHost Host, Session Root, Session Alice)> StartAsync()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        var alice = await host.CreateUserAsync(root, "alice");
        await root.PostAsync("/api/channel/", new JsonObject
        {
            ["type"] = 1,
            ["name"] = "openai-main",
            ["key"] = "k",
            ["models"] = "gpt-4o-mini,claude-3-opus",
            ["group"] = "default,vip",
            ["base_url"] = "http://127.0.0.1:9",
        });
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        await host.Database.WriteAsync(
            async (db, ct) =>
            {
                await db.Logs.DeleteAsync(ct);
                await db.Logs.BulkCopyAsync(
                    new BulkCopyOptions { BulkCopyType = BulkCopyType.MultipleRows },
                    Enumerable.Range(0, 30).Select(i => new LogRow
                    {
                        UserId = i < 20 ? alice.UserId : root.UserId,
                        Username = i < 20 ? "alice" : "root",
                        CreatedAt = i < 10 ? 1000 + i : now,
                        Type = i % 5 == 0 ? 4 : 2,
                        ModelName = i % 2 == 0 ? "gpt-4o-mini" : "claude-3-opus",
                        TokenName = "main",
                        TokenId = 7,
                        Quota = 10,
                        PromptTokens = 3,
                        CompletionTokens = 2,
                        ChannelId = 1,
                        Group = "default",
                        Other = Other,
                        RequestId = $"r{i}",
                    }),
                    ct);
            },
            TestContext.Current.CancellationToken);
        return (host, root, alice);
    }

    [Fact]
    public async Task Administrators_see_everything_with_channel_names()
    {
        var (host, root, _) = await StartAsync();
        await using var _1 = host;

        var page = await root.GetAsync("/api/log/?p=1&page_size=1&type=0&username=&token_name=&model_name=&start_timestamp=0&end_timestamp=0&channel=&group=");

        JsonShape.Equal(
            """
            {"success":true,"message":"","data":{"page":1,"page_size":1,"total":30,"items":[
              {"id":30,"user_id":1,"created_at":"#","type":2,"content":"","username":"root","token_name":"main","model_name":"claude-3-opus","quota":10,
               "prompt_tokens":3,"completion_tokens":2,"use_time":0,"is_stream":false,"channel":1,"channel_name":"openai-main","token_id":7,
               "group":"default","ip":"","request_id":"r29","other":"{\"model_ratio\":0.075,\"admin_info\":{\"use_channel\":[\"1\"]},\"reject_reason\":\"x\"}"}]}}
            """,
            page.Text);
        Assert.Equal(24, await Total("type=2"));
        Assert.Equal(20, await Total("username=alice"));
        Assert.Equal(10, await Total("end_timestamp=2000"));
        Assert.Equal(15, await Total("model_name=claude%25"));
        Assert.Equal(0, await Total("model_name=claude"));
        Assert.Equal(0, await Total("model_name=claude_3_opus"));
        Assert.Equal(1, await Total("request_id=r3"));
        Assert.Equal(0, await Total("channel=2"));
        Assert.False((await root.GetAsync("/api/log/?model_name=%25%25%25")).Success);
        Assert.False((await root.GetAsync("/api/log/search?keyword=2")).Success);

        async Task<int> Total(string query) => (await root.GetAsync($"/api/log/?{query}")).Data!["total"]!.GetValue<int>();
    }

    [Fact]
    public async Task Owners_see_their_own_lines_numbered_and_without_internals()
    {
        var (host, _, alice) = await StartAsync();
        await using var _1 = host;

        var page = await alice.GetAsync("/api/log/self?p=2&page_size=5&username=root&channel=99");

        Assert.Equal(20, page.Data!["total"]!.GetValue<int>());
        Assert.Equal([6, 7, 8, 9, 10], page.Items.Select(item => item!["id"]!.GetValue<int>()));
        Assert.All(page.Items, item => Assert.Equal(("alice", ""), (item!["username"]!.GetValue<string>(), item["channel_name"]!.GetValue<string>())));
        Assert.All(page.Items, item => Assert.Equal("""{"model_ratio":0.075}""", item!["other"]!.GetValue<string>()));
    }

    [Fact]
    public async Task Sums_cover_the_range_and_rates_the_last_minute()
    {
        var (host, root, alice) = await StartAsync();
        await using var _ = host;

        JsonShape.Equal("""{"success":true,"message":"","data":{"quota":240,"rpm":16,"tpm":80}}""", (await root.GetAsync("/api/log/stat?type=2")).Text);
        JsonShape.Equal(
            """{"success":true,"message":"","data":{"quota":80,"rpm":8,"tpm":40}}""", (await root.GetAsync("/api/log/stat?username=alice&end_timestamp=2000")).Text);
        JsonShape.Equal("""{"success":true,"message":"","data":{"quota":160,"rpm":8,"tpm":40}}""", (await alice.GetAsync("/api/log/self/stat?username=root")).Text);
    }

    [Fact]
    public async Task Old_lines_are_deleted_when_a_time_is_given()
    {
        var (host, root, _) = await StartAsync();
        await using var _1 = host;

        Assert.False((await root.DeleteAsync("/api/log/")).Success);
        Assert.Equal(10, (await root.DeleteAsync("/api/log/?target_timestamp=2000")).Data!.GetValue<int>());
        Assert.Equal(20, (await root.GetAsync("/api/log/")).Data!["total"]!.GetValue<int>());
    }

    [Fact]
    public async Task A_key_reads_its_own_lines()
    {
        var (host, _, alice) = await StartAsync();
        await using var _1 = host;
        await alice.PostAsync("/api/token/", new JsonObject { ["name"] = "main", ["unlimited_quota"] = true });
        var key = (await alice.GetAsync("/api/token/1")).Data!["key"]!.GetValue<string>();
        await host.Database.WriteAsync(
            (db, ct) => db.Logs.Where(row => row.Id <= 3).Set(row => row.TokenId, 1).UpdateAsync(ct), TestContext.Current.CancellationToken);

        var reply = await host.Anonymous.GetAsync($"/api/log/token?key=sk-{key}");

        Assert.Equal(3, ((JsonArray)reply.Data!).Count);
        Assert.DoesNotContain("admin_info", reply.Text);
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.Anonymous.GetAsync("/api/log/token?key=sk-nobody")).Status);
    }

    [Fact]
    public async Task Hourly_data_is_summed_for_administrators_and_listed_for_owners()
    {
        var (host, root, alice) = await StartAsync();
        await using var _ = host;
        await host.Database.WriteAsync(
            (db, ct) => db.QuotaData.BulkCopyAsync(
                new BulkCopyOptions { BulkCopyType = BulkCopyType.MultipleRows },
                Enumerable.Range(0, 4).Select(i => new QuotaDataRow
                {
                    UserId = i < 3 ? alice.UserId : 1,
                    Username = i < 3 ? "alice" : "root",
                    ModelName = "gpt-4o",
                    CreatedAt = 3600 * (i / 2),
                    TokenUsed = 10,
                    Count = 1,
                    Quota = 5,
                }),
                ct),
            TestContext.Current.CancellationToken);

        JsonShape.Equal(
            """
            {"success":true,"message":"","data":[
              {"id":0,"user_id":0,"username":"","model_name":"gpt-4o","created_at":0,"token_used":20,"count":2,"quota":10,"cost":0,"margin":0},
              {"id":0,"user_id":0,"username":"","model_name":"gpt-4o","created_at":3600,"token_used":20,"count":2,"quota":10,"cost":0,"margin":0}]}
            """,
            (await root.GetAsync("/api/data/?start_timestamp=0&end_timestamp=7200&username=")).Text);
        Assert.Single((JsonArray)(await root.GetAsync("/api/data/?start_timestamp=0&end_timestamp=7200&username=root")).Data!);
        var own = (JsonArray)(await alice.GetAsync("/api/data/self?start_timestamp=0&end_timestamp=7200")).Data!;
        Assert.Equal([2, 1], own.Select(row => row!["count"]!.GetValue<int>()));
        Assert.DoesNotContain("margin", own.ToJsonString(), StringComparison.Ordinal);
        Assert.False((await alice.GetAsync("/api/data/self?start_timestamp=0&end_timestamp=2592001")).Success);
    }

    [Fact]
    public async Task Models_groups_and_prices_follow_what_may_be_used()
    {
        var (host, root, alice) = await StartAsync();
        await using var _ = host;
        await root.PutAsync("/api/option/", new JsonObject { ["key"] = "GroupRatio", ["value"] = """{"default":1,"vip":0.8,"beta":1.5}""" });
        await root.PutAsync("/api/option/", new JsonObject { ["key"] = "UserUsableGroups", ["value"] = """{"default":"Default group","vip":"VIP group"}""" });
        await root.PutAsync("/api/option/", new JsonObject { ["key"] = "ModelPrice", ["value"] = """{"claude-3-opus":0.01}""" });

        JsonShape.Equal(
            """{"success":true,"message":"","data":{"default":{"ratio":1,"desc":"Default group"},"vip":{"ratio":0.8,"desc":"VIP group"}}}""",
            (await host.Anonymous.GetAsync("/api/user/groups")).Text);
        JsonShape.Equal("""{"success":true,"message":"","data":["beta","default","vip"]}""", (await root.GetAsync("/api/group/")).Text);
        JsonShape.Equal("""{"success":true,"message":"","data":["claude-3-opus","gpt-4o-mini"]}""", (await alice.GetAsync("/api/user/models")).Text);
        JsonShape.Equal(
            """
            {"success":true,"message":"","vendors":[],"auto_groups":["default"],"group_ratio":{"default":1,"vip":0.8},
             "usable_group":{"default":"Default group","vip":"VIP group"},
             "supported_endpoint":{"openai":{"path":"/v1/chat/completions","method":"POST"}},
             "data":[
              {"model_name":"claude-3-opus","quota_type":1,"model_ratio":0,"model_price":0.01,"owner_by":"","completion_ratio":"#",
               "enable_groups":["default","vip"],"supported_endpoint_types":["openai"]},
              {"model_name":"gpt-4o-mini","quota_type":0,"model_ratio":0.075,"model_price":0,"owner_by":"","completion_ratio":4,
               "enable_groups":["default","vip"],"supported_endpoint_types":["openai"]}]}
            """,
            (await host.Anonymous.GetAsync("/api/pricing")).Text);
        var known = (JsonObject)(await alice.GetAsync("/api/models")).Data!;
        Assert.Contains("claude-3-opus-20240229", known["14"]!.AsArray().Select(name => name!.GetValue<string>()));

        Assert.Equal(HttpStatusCode.Forbidden, (await host.Anonymous.GetAsync("/api/ratio_config")).Status);

        await root.PutAsync("/api/channel/", new JsonObject { ["id"] = 1, ["status"] = 2 });
        Assert.Empty((JsonArray)(await alice.GetAsync("/api/user/models")).Data!);
    }
}
