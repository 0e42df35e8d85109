using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using NewApi.Testing.Upstreams;

namespace NewApi.AdminService.Tests.Prices;

public class RatioSyncTests
{
    private const string Theirs =
        """{"success":true,"data":{"model_ratio":{"gpt-4o":2,"gpt-4o-mini":0.075,"new-model":3,"odd":37.5},"completion_ratio":{"gpt-4o":4,"odd":1},"cache_ratio":{"gpt-4o":0.25},"model_price":{"dall-e-3":0.05}}}""";

    [Fact]
    public async Task Differences_are_shown_and_only_the_confirmed_ones_taken()
    {
        await using var gateway = await FakeUpstream.StartAsync(Json(Theirs));
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var id = await AddChannelAsync(root, gateway.Address);

        var reply = await root.PostAsync("/api/ratio_sync/fetch", new JsonObject { ["channel_ids"] = new JsonArray(id) });

        Assert.True(reply.Success, reply.Text);
        var name = $"friend({id})";
        Assert.Equal("success", reply.Data!["test_results"]![0]!["status"]!.GetValue<string>());
        var differences = (JsonObject)reply.Data!["differences"]!;
        Assert.Equal(1.25m, differences["gpt-4o"]!["model_ratio"]!["current"]!.GetValue<decimal>());
        Assert.Equal(2m, differences["gpt-4o"]!["model_ratio"]!["upstreams"]![name]!.GetValue<decimal>());
        Assert.Equal(0.5m, differences["gpt-4o"]!["cache_ratio"]!["current"]!.GetValue<decimal>());
        Assert.Null(differences["gpt-4o"]!["completion_ratio"]);
        Assert.Null(differences["gpt-4o-mini"]);
        Assert.Null(differences["new-model"]!["model_ratio"]!["current"]);
        Assert.False(differences["odd"]!["model_ratio"]!["confidence"]![name]!.GetValue<bool>());
        Assert.True(differences["gpt-4o"]!["model_ratio"]!["confidence"]![name]!.GetValue<bool>());

        var applied = await root.PostAsync("/api/ratio_sync/apply", JsonNode.Parse(
            """{"changes":[{"model":"gpt-4o","ratio_type":"model_ratio","value":2},{"model":"dall-e-3","ratio_type":"model_ratio","value":8}]}"""));
        Assert.True(applied.Success, applied.Text);
        Assert.Equal(2m, await RatioAsync(root, "gpt-4o", "model_ratio"));
        Assert.Equal(8m, await RatioAsync(root, "dall-e-3", "model_ratio")); // no longer sold by the call
        Assert.Equal(0.5m, await RatioAsync(root, "gpt-4o", "cache_ratio"));
        Assert.Equal(0.075m, await RatioAsync(root, "gpt-4o-mini", "model_ratio"));
    }

    [Theory]
    [InlineData("""{"changes":[{"model":"gpt-4o","ratio_type":"model_ratio","value":2},{"model":"gpt-4o","ratio_type":"cache_ratio","value":-1}]}""")]
    [InlineData("""{"changes":[{"model":"gpt-4o","ratio_type":"model_ratio","value":2},{"model":"","ratio_type":"model_ratio","value":1}]}""")]
    [InlineData("""{"changes":[{"model":"gpt-4o","ratio_type":"model_ratio","value":2},{"model":"gpt-4o","ratio_type":"nonsense","value":1}]}""")]
    [InlineData("""{"changes":[]}""")]
    [InlineData("""{"changes":[null]}""")]
    public async Task Wrong_change_changes_nothing(string body)
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;

        Assert.False((await root.PostAsync("/api/ratio_sync/apply", JsonNode.Parse(body))).Success);
        Assert.Equal(1.25m, await RatioAsync(root, "gpt-4o", "model_ratio"));
    }

    [Fact]
    public async Task Address_that_was_typed_may_not_lead_inside()
    {
        await using var inside = await FakeUpstream.StartAsync(Json(Theirs));
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;

        var reply = await root.PostAsync("/api/ratio_sync/fetch", new JsonObject
        {
            ["upstreams"] = new JsonArray(
                new JsonObject { ["name"] = "inside", ["base_url"] = inside.Address },
                new JsonObject { ["name"] = "file", ["base_url"] = "file:///etc/passwd" },
                new JsonObject { ["name"] = "nothing", ["base_url"] = "" }),
        });

        Assert.True(reply.Success, reply.Text);
        Assert.All((JsonArray)reply.Data!["test_results"]!, result => Assert.Equal("error", result!["status"]!.GetValue<string>()));
        Assert.Empty(inside.Requests);

        // The operator may open private networks to it.
        await root.PutAsync("/api/option/", new JsonObject { ["key"] = "fetch_setting.allow_private_ip", ["value"] = true });
        await root.PutAsync("/api/option/", new JsonObject { ["key"] = "fetch_setting.allowed_ports", ["value"] = "[]" });
        reply = await root.PostAsync("/api/ratio_sync/fetch", new JsonObject
        {
            ["upstreams"] = new JsonArray(new JsonObject { ["name"] = "inside", ["base_url"] = inside.Address }),
        });
        Assert.Equal("success", reply.Data!["test_results"]![0]!["status"]!.GetValue<string>());
    }

    [Fact]
    public async Task Gateway_that_hides_its_table_is_asked_for_its_price_list()
    {
        await using var gateway = await FakeUpstream.StartAsync((http, request) => request.Path == "/api/pricing"
            ? http.Response.WriteAsync("""{"success":true,"data":[{"model_name":"gpt-4o","quota_type":0,"model_ratio":7,"completion_ratio":4}]}""")
            : Task.FromResult(http.Response.StatusCode = 403));
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var id = await AddChannelAsync(root, gateway.Address);

        var reply = await root.PostAsync("/api/ratio_sync/fetch", new JsonObject { ["channel_ids"] = new JsonArray(id) });

        Assert.Equal(7m, reply.Data!["differences"]!["gpt-4o"]!["model_ratio"]!["upstreams"]![$"friend({id})"]!.GetValue<decimal>());
    }

    [Fact]
    public async Task Shipped_prices_and_public_lists_can_be_chosen()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        await root.PutAsync("/api/option/", new JsonObject { ["key"] = "ModelRatio", ["value"] = """{"gpt-4o":99}""" });

        var sources = (JsonArray)(await root.GetAsync("/api/ratio_sync/channels")).Data!;
        Assert.Equal([-100, -101, -102, -103], sources.Select(source => source!["id"]!.GetValue<long>()));
        var reply = await root.PostAsync("/api/ratio_sync/fetch", new JsonObject { ["channel_ids"] = new JsonArray(-100) });

        var difference = reply.Data!["differences"]!["gpt-4o"]!["model_ratio"]!;
        Assert.Equal(99m, difference["current"]!.GetValue<decimal>());
        Assert.Equal(1.25m, difference["upstreams"]!["official preset(-100)"]!.GetValue<decimal>());
    }

    [Fact]
    public async Task Only_root_compares()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var admin = await host.CreateUserAsync(root, "admin1", role: 10);

        Assert.False((await admin.GetAsync("/api/ratio_sync/channels")).Success);
        Assert.False((await admin.PostAsync("/api/ratio_sync/apply", new JsonObject())).Success);
    }

    private static async Task<long> AddChannelAsync(Session root, string address)
    {
        Assert.True((await root.PostAsync("/api/channel/", new JsonObject
        {
            ["mode"] = "single",
            ["channel"] = new JsonObject { ["type"] = 1, ["name"] = "friend", ["key"] = "sk-x", ["base_url"] = address, ["models"] = "gpt-4o", ["group"] = "default" },
        })).Success);
        return (await root.GetAsync("/api/channel/?p=1")).Items[0]!["id"]!.GetValue<long>();
    }

    private static async Task<decimal> RatioAsync(Session root, string model, string figure) =>
        (await root.PostAsync("/api/pricing/preview", new JsonObject { ["model"] = model })).Data!["current"]![figure]!.GetValue<decimal>();

    private static UpstreamScript Json(string body) => (http, _) => http.Response.WriteAsync(body);
}
