using System.Net;
using System.Text.Json.Nodes;

namespace NewApi.AdminService.Tests.Prices;

public class PreviewTests
{
    [Fact]
    public async Task Price_is_shown_before_it_is_saved()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;

        var reply = await root.PostAsync("/api/pricing/preview", JsonNode.Parse(
            """
            {"model":"gpt-4o","group":"vip","user_group":"team",
             "options":{"ModelRatio":{"gpt-4o":2},"GroupGroupRatio":"{\"team\":{\"vip\":0.5}}"},
             "usage":{"prompt_tokens":1000,"completion_tokens":500,"cache_tokens":400,"tools":{"file_search":2}}}
            """));

        Assert.True(reply.Success, reply.Text);
        var now = reply.Data!["current"]!;
        Assert.Equal(3500 + 2500, now["charge"]!["quota"]!.GetValue<long>());
        Assert.Equal(0.012m, now["charge"]!["usd"]!.GetValue<decimal>());
        Assert.Equal(2.5m, now["usd_per_million"]!["input"]!.GetValue<decimal>());
        Assert.Equal(10m, now["usd_per_million"]!["output"]!.GetValue<decimal>());
        var draft = reply.Data!["draft"]!;
        Assert.Equal(0.5m, draft["group_ratio"]!.GetValue<decimal>());
        Assert.Equal(2m, draft["usd_per_million"]!["input"]!.GetValue<decimal>());
        Assert.Equal(2800 + 1250, draft["charge"]!["quota"]!.GetValue<long>());
        // Nothing was saved.
        var again = await root.PostAsync("/api/pricing/preview", new JsonObject { ["model"] = "gpt-4o" });
        Assert.Equal(1.25m, again.Data!["current"]!["model_ratio"]!.GetValue<decimal>());
        Assert.False(((JsonObject)again.Data!).ContainsKey("draft"));
    }

    [Theory]
    [InlineData("gpt-4-gizmo-abc", "gpt-4-gizmo-*", true)]
    [InlineData("gpt-4o", "gpt-4o", true)]
    [InlineData("nobody-knows", "nobody-knows", false)]
    public async Task Name_that_is_priced_is_told(string model, string name, bool priced)
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;

        var reply = await root.PostAsync("/api/pricing/preview", new JsonObject { ["model"] = model });

        Assert.Equal((name, priced), (reply.Data!["current"]!["pricing_name"]!.GetValue<string>(), reply.Data!["current"]!["priced"]!.GetValue<bool>()));
    }

    [Fact]
    public async Task Formula_is_tried_on_a_request()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;

        var reply = await root.PostAsync("/api/pricing/preview", JsonNode.Parse(
            """
            {"model":"m","options":{"billing_setting.billing_mode":{"m":"tiered_expr"},
              "billing_setting.billing_expr":{"m":"has(header('X-Plan'),'gold') && param('size') == 'big' ? tier('big', p*4) : tier('small', p*2)"}},
             "usage":{"prompt_tokens":1000},"request":{"size":"big"},"headers":{"x-plan":"gold"}}
            """));

        Assert.True(reply.Success, reply.Text);
        Assert.False(reply.Data!["current"]!["priced"]!.GetValue<bool>());
        Assert.Equal("tiered_expr", reply.Data!["draft"]!["billing_mode"]!.GetValue<string>());
        Assert.Equal("big", reply.Data!["draft"]!["charge"]!["matched_tier"]!.GetValue<string>());
        Assert.Equal(2000, reply.Data!["draft"]!["charge"]!["quota"]!.GetValue<long>());
    }

    [Fact]
    public async Task Draft_that_could_not_be_saved_is_refused_with_its_reason()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;

        var reply = await root.PostAsync("/api/pricing/preview", JsonNode.Parse(
            """{"model":"m","options":{"billing_setting.billing_expr":{"m":"p + q"}}}"""));

        Assert.False(reply.Success);
        Assert.Equal("billing_setting.billing_expr: m: nothing is called q (at character 5)", reply.Message);
    }

    [Fact]
    public async Task Price_list_shows_the_formula()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        Assert.True((await root.PostAsync("/api/channel/", new JsonObject
        {
            ["mode"] = "single",
            ["channel"] = new JsonObject { ["type"] = 1, ["name"] = "c", ["key"] = "sk-x", ["models"] = "m", ["group"] = "default" },
        })).Success);
        await root.PutAsync("/api/option/", new JsonObject { ["key"] = "billing_setting.billing_expr", ["value"] = """{"m":"p*2"}""" });
        await root.PutAsync("/api/option/", new JsonObject { ["key"] = "billing_setting.billing_mode", ["value"] = """{"m":"tiered_expr"}""" });

        var model = Assert.Single((JsonArray)(await host.Anonymous.GetAsync("/api/pricing")).Data!)!;

        Assert.Equal(("tiered_expr", "p*2"), (model["billing_mode"]!.GetValue<string>(), model["billing_expr"]!.GetValue<string>()));
    }

    [Fact]
    public async Task Purchase_prices_are_checked_and_kept()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        Assert.True((await root.PostAsync("/api/channel/", new JsonObject
        {
            ["mode"] = "single",
            ["channel"] = new JsonObject { ["type"] = 1, ["name"] = "c", ["key"] = "sk-x", ["models"] = "m", ["group"] = "default" },
        })).Success);

        Assert.True((await root.PutAsync("/api/channel/1/purchase", JsonNode.Parse("""{"*":{"ratio":0.6}}""")!)).Success);
        Assert.False((await root.PutAsync("/api/channel/1/purchase", JsonNode.Parse("""{"*":{"ratio":-1}}""")!)).Success);
        Assert.False((await root.PutAsync("/api/channel/9/purchase", JsonNode.Parse("""{"*":{"ratio":1}}""")!)).Success);

        Assert.Equal("""{"*":{"ratio":0.6}}""", (await root.GetAsync("/api/channel/1/purchase")).Data!.ToJsonString());
        Assert.DoesNotContain("purchase", (await root.GetAsync("/api/channel/1")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Preview_is_for_administrators()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var user = await host.CreateUserAsync(root, "alice");

        Assert.False((await user.PostAsync("/api/pricing/preview", new JsonObject { ["model"] = "gpt-4o" })).Success);
        Assert.Equal(HttpStatusCode.BadRequest, (await root.PostAsync("/api/pricing/preview")).Status);
    }

    [Theory]
    [InlineData("ModelRatio")]
    [InlineData("ModelPrice")]
    [InlineData("CompletionRatio")]
    [InlineData("CacheRatio")]
    [InlineData("CreateCacheRatio")]
    [InlineData("ImageRatio")]
    [InlineData("AudioRatio")]
    [InlineData("AudioCompletionRatio")]
    [InlineData("GroupRatio")]
    [InlineData("TopupGroupRatio")]
    [InlineData("tool_price_setting.prices")]
    public async Task Table_with_one_bad_figure_is_refused_whole(string key)
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var before = await OptionAsync(root, key);

        foreach (var bad in (string[])["NaN", "-0.001", "\"1\"", "null", "1e10", "{}", "1e400", "Infinity"])
        {
            var reply = await root.PutAsync("/api/option/", new JsonObject { ["key"] = key, ["value"] = $$"""{"good":1,"bad":{{bad}}}""" });

            Assert.False(reply.Success, bad);
            Assert.StartsWith(key, reply.Message, StringComparison.Ordinal);
        }
        foreach (var bad in (string[])["", "[]", "1", "null", "{\"a\":1"])
        {
            Assert.False((await root.PutAsync("/api/option/", new JsonObject { ["key"] = key, ["value"] = bad })).Success, bad);
        }
        Assert.Equal(before, await OptionAsync(root, key));
    }

    [Theory]
    [InlineData("GroupGroupRatio", """{"vip":{"default":-1}}""")]
    [InlineData("GroupGroupRatio", """{"vip":1}""")]
    [InlineData("QuotaPerUnit", "0")]
    [InlineData("QuotaPerUnit", "NaN")]
    [InlineData("billing_setting.billing_mode", """{"m":"free"}""")]
    [InlineData("billing_setting.billing_mode", """{"m":1}""")]
    [InlineData("billing_setting.billing_expr", """{"m":"1/0"}""")]
    [InlineData("billing_setting.billing_expr", """{"m":null}""")]
    [InlineData("grok.violation_deduction_amount", "-1")]
    public async Task Other_prices_are_checked_as_well(string key, string value)
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;

        var reply = await root.PutAsync("/api/option/", new JsonObject { ["key"] = key, ["value"] = value });

        Assert.False(reply.Success);
        Assert.StartsWith(key, reply.Message, StringComparison.Ordinal);
    }

    private static async Task<string> OptionAsync(Session root, string key) => ((JsonArray)(await root.GetAsync("/api/option/")).Data!)
        .Single(option => option!["key"]!.GetValue<string>() == key)!["value"]!.GetValue<string>();
}
