using System.Net;
using System.Text.Json.Nodes;
using LinqToDB;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Tests.Usage;

public class DrawingTests
{
    [Fact]
    public async Task Administrators_see_every_drawing_and_users_their_own_without_its_channel()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var alice = await host.CreateUserAsync(root, "alice");
        await root.PutAsync("/api/option/", new JsonObject { ["key"] = "ServerAddress", ["value"] = "https://gateway.example" });
        await AddAsync(host, new MidjourneyRow { UserId = alice.UserId, MjId = "1", Action = "IMAGINE", SubmitTime = 1_000, ImageUrl = "https://cdn/1.png", ChannelId = 7, Quota = 50_000 });
        await AddAsync(host, new MidjourneyRow { UserId = root.UserId, MjId = "2", Action = "IMAGINE", SubmitTime = 2_000, ChannelId = 8 });

        JsonShape.Equal(
            """
            {"success":true,"message":"","data":{"page":1,"page_size":10,"total":1,"items":[
              {"id":1,"code":0,"user_id":2,"action":"IMAGINE","mj_id":"1","prompt":"","prompt_en":"","description":"","state":"","submit_time":1000,
               "start_time":0,"finish_time":0,"image_url":"https://gateway.example/mj/image/1","video_url":"","video_urls":"","status":"","progress":"",
               "fail_reason":"","channel_id":0,"quota":50000,"buttons":"","properties":""}]}}
            """,
            (await alice.GetAsync("/api/mj/self?p=1&page_size=10")).Text);
        Assert.Equal(2, await Total("/api/mj/?p=1"));
        Assert.Equal(1, await Total("/api/mj/?channel_id=8"));
        Assert.Equal(1, await Total("/api/mj/?mj_id=1"));
        Assert.Equal(1, await Total("/api/mj/?start_timestamp=1500"));
        Assert.Equal(1, await Total("/api/mj/?end_timestamp=1500"));
        Assert.NotEqual("true", (await alice.GetAsync("/api/mj/?p=1")).Json["success"]!.ToString());

        async Task<int> Total(string path) => (int)(await root.GetAsync(path)).Json["data"]!["total"]!;
    }

    private static Task AddAsync(AdminHost host, MidjourneyRow row) =>
        host.Database.WriteAsync((db, ct) => db.InsertAsync(row, token: ct), TestContext.Current.CancellationToken);
}
