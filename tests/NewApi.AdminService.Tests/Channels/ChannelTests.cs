using System.Text.Json.Nodes;
using LinqToDB.Async;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Tests.Channels;

public class ChannelTests
{
    private const string Secret = "sk-very-secret-upstream-key";

    private static JsonObject Channel(string name = "main") => new()
    {
        ["type"] = 1,
        ["name"] = name,
        ["key"] = Secret,
        ["base_url"] = "http://127.0.0.1:9/",
        ["models"] = "gpt-4o,gpt-4o-mini,gpt-4o",
        ["group"] = "default,vip",
        ["model_mapping"] = "",
        ["priority"] = 5,
        ["weight"] = 3,
        ["auto_ban"] = 1,
        ["other"] = "",
        ["test_model"] = null,
        ["tag"] = null,
    };

    private static JsonObject Create(JsonObject channel, string mode = "single") => new() { ["mode"] = mode, ["channel"] = channel };

    [Fact]
    public async Task A_created_channel_is_listed_without_its_key_and_its_abilities_are_there()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;

        JsonShape.Equal("""{"success":true,"message":""}""", (await root.PostAsync("/api/channel/", Create(Channel()))).Text);

        var list = await root.GetAsync("/api/channel/?p=1&page_size=20&id_sort=true");
        JsonShape.Equal(
            """
            {"success":true,"message":"","data":{"page":1,"page_size":20,"total":1,"type_counts":{"1":1},"items":[
              {"id":1,"type":1,"key":"","openai_organization":null,"test_model":null,"status":1,"name":"main","weight":3,"created_time":"#",
               "test_time":0,"response_time":0,"base_url":"http://127.0.0.1:9","other":"","balance":0,"balance_updated_time":0,
               "models":"gpt-4o,gpt-4o-mini,gpt-4o","group":"default,vip","used_quota":0,"model_mapping":"","status_code_mapping":null,"priority":5,
               "auto_ban":1,"other_info":"","tag":null,"setting":null,"param_override":null,"header_override":null,"remark":null,"settings":"",
               "channel_info":{"is_multi_key":false,"multi_key_size":0,"multi_key_status_list":null,"multi_key_polling_index":0,"multi_key_mode":""}}]}}
            """,
            list.Text);
        await using var db = host.Database.Open();
        var abilities = await db.Abilities.OrderBy(row => row.Group).ThenBy(row => row.Model).ToListAsync(TestContext.Current.CancellationToken);
        Assert.Equal(
            ["default/gpt-4o", "default/gpt-4o-mini", "vip/gpt-4o", "vip/gpt-4o-mini"], abilities.Select(row => $"{row.Group}/{row.Model}"));
        Assert.All(abilities, row => Assert.Equal((true, 5, 3), (row.Enabled, row.Priority, row.Weight)));
    }

    [Fact]
    public async Task A_proxy_that_cannot_be_used_is_refused()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var bad = Channel();
        bad["setting"] = """{"proxy":"ftp://127.0.0.1:9"}""";
        var good = Channel();
        good["setting"] = """{"proxy":"socks5h://user:word@127.0.0.1:9"}""";

        JsonShape.Equal(
            """{"success":false,"message":"The proxy must be an http, https or socks5 address"}""",
            (await root.PostAsync("/api/channel/", Create(bad))).Text);
        JsonShape.Equal("""{"success":true,"message":""}""", (await root.PostAsync("/api/channel/", Create(good))).Text);
    }

    [Fact]
    public async Task No_answer_carries_a_channel_key()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var tagged = Channel();
        tagged["tag"] = "blue";
        await root.PostAsync("/api/channel/", Create(tagged));

        Reply[] replies =
        [
            await root.GetAsync("/api/channel/"),
            await root.GetAsync("/api/channel/?tag_mode=true"),
            await root.GetAsync("/api/channel/1"),
            await root.GetAsync("/api/channel/search?keyword=main"),
            await root.GetAsync($"/api/channel/search?keyword={Secret}"),
            await root.PutAsync("/api/channel/", new JsonObject { ["id"] = 1, ["name"] = "renamed" }),
            await root.PostAsync("/api/channel/copy/1"),
            await root.GetAsync("/api/channel/test/1"),
            await root.GetAsync("/api/channel/fetch_models/1"),
        ];

        Assert.All(replies, reply => Assert.DoesNotContain("very-secret", reply.Text));
        Assert.Equal(1, replies[4].Data!["total"]!.GetValue<int>());
    }

    [Fact]
    public async Task The_bare_channel_of_older_clients_is_accepted()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;

        Assert.True((await root.PostAsync("/api/channel", Channel())).Success);
        Assert.Equal("main", (await root.GetAsync("/api/channel/1")).Data!["name"]!.GetValue<string>());
    }

    [Fact]
    public async Task Batch_makes_one_channel_per_key_and_multi_to_single_one_of_all()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var channel = Channel("pool");
        channel["key"] = "key-one-1111\n\n  key-two-2222  \n";
        var batch = Create(channel, "batch");
        batch["batch_add_set_key_prefix_2_name"] = true;
        Assert.True((await root.PostAsync("/api/channel/", batch)).Success);
        Assert.True((await root.PostAsync("/api/channel/", Create((JsonObject)channel.DeepClone(), "multi_to_single"))).Success);
        Assert.False((await root.PostAsync("/api/channel/", Create((JsonObject)channel.DeepClone(), "many"))).Success);

        var names = (await root.GetAsync("/api/channel/?id_sort=true")).Items.Select(item => item!["name"]!.GetValue<string>());
        Assert.Equal(["pool", "pool key-two-", "pool key-one-"], names);
        await using var db = host.Database.Open();
        var keys = await db.Channels.OrderBy(row => row.Id).Select(row => row.Key).ToListAsync(TestContext.Current.CancellationToken);
        Assert.Equal(["key-one-1111", "key-two-2222", "key-one-1111\nkey-two-2222"], keys);
        var info = (await root.GetAsync("/api/channel/3")).Data!["channel_info"]!;
        Assert.Equal((true, 2, "random"), (info["is_multi_key"]!.GetValue<bool>(), info["multi_key_size"]!.GetValue<int>(), info["multi_key_mode"]!.GetValue<string>()));

        Assert.True((await root.PutAsync("/api/channel/", new JsonObject
        {
            ["id"] = 3,
            ["key"] = "key-two-2222\nkey-three",
            ["key_mode"] = "append",
            ["multi_key_mode"] = "polling",
            ["channel_info"] = new JsonObject { ["is_multi_key"] = false },
        })).Success);
        info = (await root.GetAsync("/api/channel/3")).Data!["channel_info"]!;
        Assert.Equal((true, 3, "polling"), (info["is_multi_key"]!.GetValue<bool>(), info["multi_key_size"]!.GetValue<int>(), info["multi_key_mode"]!.GetValue<string>()));
    }

    [Theory]
    [InlineData("""{"type":1,"name":"x","key":"","models":"m"}""")]
    [InlineData("""{"type":1,"name":"x","key":"k","models":"m","setting":"{oops"}""")]
    [InlineData("""{"type":1,"name":"x","key":"k","models":"m","model_mapping":"[1]"}""")]
    [InlineData("""{"type":41,"name":"x","key":"{}","models":"m","other":""}""")]
    [InlineData("""{"type":41,"name":"x","key":"{}","models":"m","other":"{\"eu\":\"x\"}"}""")]
    [InlineData("""{"type":57,"name":"x","key":"sk-plain","models":"m"}""")]
    [InlineData("""{"type":1,"name":["x"],"key":"k","priority":"high"}""")]
    public async Task Channels_that_could_not_work_are_refused(string channel)
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;

        Assert.False((await root.PostAsync("/api/channel/", Create(JsonNode.Parse(channel)!.AsObject()))).Success);
        Assert.Empty((await root.GetAsync("/api/channel/")).Items);
    }

    [Fact]
    public async Task A_model_name_has_at_most_255_characters()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var channel = Channel();
        channel["models"] = "gpt-4o," + new string('m', 256);

        Assert.False((await root.PostAsync("/api/channel/", Create(channel))).Success);
    }

    [Fact]
    public async Task An_update_writes_what_is_there_and_keeps_plain_members_that_are_empty()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var channel = Channel();
        channel["model_mapping"] = "{\"a\":\"b\"}";
        channel["tag"] = "blue";
        await root.PostAsync("/api/channel/", Create(channel));

        var updated = (await root.PutAsync("/api/channel/", new JsonObject
        {
            ["id"] = 1,
            ["name"] = "",
            ["models"] = "",
            ["group"] = "",
            ["type"] = 0,
            ["status"] = 0,
            ["key"] = "",
            ["other"] = "",
            ["weight"] = 0,
            ["priority"] = 0,
            ["auto_ban"] = 0,
            ["base_url"] = "",
            ["model_mapping"] = "",
            ["tag"] = "",
            ["remark"] = "note",
        })).Data!;

        Assert.Equal(("main", "gpt-4o,gpt-4o-mini,gpt-4o", "default,vip", 1, 1), (
            updated["name"]!.GetValue<string>(), updated["models"]!.GetValue<string>(), updated["group"]!.GetValue<string>(),
            updated["type"]!.GetValue<int>(), updated["status"]!.GetValue<int>()));
        Assert.Equal((0, 0, 0, "", "", "", "note"), (
            updated["weight"]!.GetValue<int>(), updated["priority"]!.GetValue<int>(), updated["auto_ban"]!.GetValue<int>(), updated["base_url"]!.GetValue<string>(),
            updated["model_mapping"]!.GetValue<string>(), updated["tag"]!.GetValue<string>(), updated["remark"]!.GetValue<string>()));
        await using var db = host.Database.Open();
        Assert.Equal(Secret, (await db.Channels.SingleAsync(TestContext.Current.CancellationToken)).Key);
        Assert.All(await db.Abilities.ToListAsync(TestContext.Current.CancellationToken), row => Assert.Equal((0, 0), (row.Priority, row.Weight)));

        updated = (await root.PutAsync("/api/channel/", new JsonObject { ["id"] = 1, ["models"] = "gpt-5", ["group"] = "vip" })).Data!;
        Assert.Equal("note", updated["remark"]!.GetValue<string>());
        var ability = await db.Abilities.SingleAsync(TestContext.Current.CancellationToken);
        Assert.Equal(("vip", "gpt-5"), (ability.Group, ability.Model));

        Assert.False((await root.PutAsync("/api/channel/", new JsonObject { ["id"] = 1, ["param_override"] = "not json" })).Success);
        Assert.False((await root.PutAsync("/api/channel/", new JsonObject { ["id"] = 99, ["name"] = "x" })).Success);
    }

    [Fact]
    public async Task Switching_a_channel_off_switches_its_abilities_off()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        await root.PostAsync("/api/channel/", Create(Channel()));
        Assert.Equal(2, ((JsonArray)(await root.GetAsync("/api/channel/models_enabled")).Data!).Count);

        Assert.True((await root.PutAsync("/api/channel/", new JsonObject { ["id"] = 1, ["status"] = 2 })).Success);

        Assert.Empty((JsonArray)(await root.GetAsync("/api/channel/models_enabled")).Data!);
        Assert.Empty((await root.GetAsync("/api/channel/?status=enabled")).Items);
        Assert.Single((await root.GetAsync("/api/channel/?status=disabled")).Items);
        await root.PutAsync("/api/channel/", new JsonObject { ["id"] = 1, ["status"] = 1 });
        Assert.Equal(2, ((JsonArray)(await root.GetAsync("/api/channel/models_enabled")).Data!).Count);
    }

    [Fact]
    public async Task Lists_sort_filter_count_and_group_by_tag()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        foreach (var (name, type, priority, tag) in ((string, int, int, string?)[])
            [("a", 1, 0, "blue"), ("b", 14, 9, "blue"), ("c", 1, 5, "red"), ("d", 24, 5, null)])
        {
            var channel = Channel(name);
            (channel["type"], channel["priority"], channel["tag"]) = (type, priority, tag);
            Assert.True((await root.PostAsync("/api/channel/", Create(channel))).Success);
        }
        Assert.Equal("b,d,c,a", await Names("/api/channel/"));
        Assert.Equal("d,c,b,a", await Names("/api/channel/?id_sort=true"));
        Assert.Equal("c,a", await Names("/api/channel/?type=1"));
        Assert.Equal("b,a", await Names("/api/channel/?tag_mode=true&page_size=1"));
        Assert.Equal("c", await Names("/api/channel/?tag_mode=true&page_size=1&p=2"));
        JsonShape.Equal("""{"1":2,"14":1,"24":1}""", (await root.GetAsync("/api/channel/?type=1")).Data!["type_counts"]!.ToJsonString());
        Assert.Equal(2, (await root.GetAsync("/api/channel/?tag_mode=true")).Data!["total"]!.GetValue<int>());

        Assert.Equal("c", await Names("/api/channel/search?keyword=3"));
        Assert.Equal("b", await Names("/api/channel/search?keyword=b"));
        Assert.Equal("b,d,c,a", await Names("/api/channel/search?keyword=127.0.0.1&group=vip&model=4o-mini"));
        Assert.Equal("", await Names("/api/channel/search?group=vi"));
        Assert.Equal("b,d,c,a", await Names("/api/channel/search?group=null"));

        async Task<string> Names(string path) => string.Join(',', (await root.GetAsync(path)).Items.Select(item => item!["name"]!.GetValue<string>()));
    }

    [Fact]
    public async Task Tags_are_edited_as_one()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        foreach (var name in (string[])["a", "b"])
        {
            var channel = Channel(name);
            channel["tag"] = "blue";
            await root.PostAsync("/api/channel/", Create(channel));
        }
        await root.PostAsync("/api/channel/", Create(Channel("c")));

        Assert.True((await root.PostAsync("/api/channel/tag/disabled", new JsonObject { ["tag"] = "blue" })).Success);
        Assert.Equal([2, 2, 1], (await All("status")).Select(int.Parse));
        Assert.True((await root.PostAsync("/api/channel/tag/enabled", new JsonObject { ["tag"] = "blue" })).Success);
        Assert.True((await root.PutAsync("/api/channel/tag", new JsonObject
        {
            ["tag"] = "blue",
            ["new_tag"] = "navy",
            ["priority"] = 7,
            ["weight"] = 9,
            ["models"] = "gpt-5",
            ["groups"] = "",
            ["model_mapping"] = null,
        })).Success);
        Assert.Equal(["navy", "navy", ""], await All("tag"));
        Assert.Equal(["7", "7", "5"], await All("priority"));
        Assert.Equal("gpt-5", (await root.GetAsync("/api/channel/tag/models?tag=navy")).Data!.GetValue<string>());
        await using var db = host.Database.Open();
        Assert.Equal(4, await db.Abilities.CountAsync(row => row.Model == "gpt-5" && row.Priority == 7 && row.Tag == "navy", TestContext.Current.CancellationToken));

        Assert.Equal(2, (await root.PostAsync("/api/channel/batch/tag", new JsonObject { ["ids"] = new JsonArray(1, 3), ["tag"] = null })).Data!.GetValue<int>());
        Assert.Equal(["", "navy", ""], await All("tag"));
        Assert.False((await root.PutAsync("/api/channel/tag", new JsonObject { ["tag"] = "" })).Success);
        Assert.False((await root.PutAsync("/api/channel/tag", new JsonObject { ["tag"] = "navy", ["param_override"] = "{" })).Success);

        async Task<IEnumerable<string>> All(string member) =>
            (await root.GetAsync("/api/channel/?id_sort=true")).Items.Reverse().Select(item => item![member]?.ToString() ?? "");
    }

    [Fact]
    public async Task Deleting_takes_the_abilities_along_and_repair_brings_them_back()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        for (var i = 0; i < 5; i++)
        {
            await root.PostAsync("/api/channel/", Create(Channel($"c{i}")));
        }
        await root.PutAsync("/api/channel/", new JsonObject { ["id"] = 2, ["status"] = 2 });
        await using var db = host.Database.Open();

        Assert.True((await root.DeleteAsync("/api/channel/1")).Success);
        Assert.Equal(1, (await root.DeleteAsync("/api/channel/disabled")).Data!.GetValue<int>());
        Assert.Equal(2, (await root.PostAsync("/api/channel/batch", new JsonObject { ["ids"] = new JsonArray(3, 4) })).Data!.GetValue<int>());
        Assert.False((await root.PostAsync("/api/channel/batch", new JsonObject { ["ids"] = new JsonArray() })).Success);
        Assert.Equal([5L], await db.Abilities.Select(row => row.ChannelId).Distinct().ToListAsync(TestContext.Current.CancellationToken));

        await host.Database.WriteAsync(
            (write, ct) => LinqToDB.LinqExtensions.DeleteAsync(write.Abilities, ct), TestContext.Current.CancellationToken);
        Assert.Equal(4, (await root.PostAsync("/api/channel/fix")).Data!["success"]!.GetValue<int>());
        Assert.Equal(4, await db.Abilities.CountAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_copy_has_its_own_id_the_key_and_fresh_figures()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        await root.PostAsync("/api/channel/", Create(Channel()));
        await host.Database.WriteAsync(
            (db, ct) => LinqToDB.LinqExtensions.UpdateAsync(LinqToDB.LinqExtensions.Set(db.Channels, row => row.UsedQuota, 77), ct),
            TestContext.Current.CancellationToken);

        Assert.Equal(2, (await root.PostAsync("/api/channel/copy/1?suffix=-b")).Data!["id"]!.GetValue<int>());
        Assert.Equal(3, (await root.PostAsync("/api/channel/copy/1?reset_balance=false")).Data!["id"]!.GetValue<int>());

        await using var db = host.Database.Open();
        var copies = await db.Channels.Where(row => row.Id > 1).OrderBy(row => row.Id).ToListAsync(TestContext.Current.CancellationToken);
        Assert.Equal(("main-b", Secret, 0), (copies[0].Name, copies[0].Key, copies[0].UsedQuota));
        Assert.Equal(77, copies[1].UsedQuota);
    }
}
