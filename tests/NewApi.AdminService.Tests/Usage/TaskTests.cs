using System.Text.Json.Nodes;
using LinqToDB;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Tests.Usage;

public class TaskTests
{
    [Fact]
    public async Task Administrators_see_every_task_and_users_their_own_without_channel_and_upstream()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var alice = await host.CreateUserAsync(root, "alice");
        await root.PutAsync("/api/option/", new JsonObject { ["key"] = "ServerAddress", ["value"] = "https://gateway.example" });
        await AddAsync(host, new TaskRow
        {
            UserId = alice.UserId,
            TaskId = "task_a",
            Platform = "55",
            Action = "textGenerate",
            Group = "default",
            Status = "SUCCESS",
            Progress = "100%",
            SubmitTime = 1_000,
            FinishTime = 1_060,
            ChannelId = 7,
            Quota = 50_000,
            Properties = """{"input":"A cat","origin_model_name":"sora-2"}""",
            PrivateData = """{"upstream_task_id":"video_secret","newapi":{"request_id":"r","price":{}}}""",
            Data = """{"id":"video_secret"}""",
        });
        await AddAsync(host, new TaskRow { UserId = root.UserId, TaskId = "task_b", Platform = "suno", Action = "MUSIC", Status = "FAILURE", FailReason = "no", SubmitTime = 2_000, ChannelId = 8 });

        var own = (await alice.GetAsync("/api/task/self?p=1&page_size=10")).Text;
        JsonShape.Equal(
            """
            {"success":true,"message":"","data":{"page":1,"page_size":10,"total":1,"items":[
              {"id":1,"created_at":0,"updated_at":0,"task_id":"task_a","platform":"55","user_id":2,"group":"default","channel_id":0,"quota":50000,
               "action":"textGenerate","status":"SUCCESS","fail_reason":"https://gateway.example/v1/videos/task_a/content",
               "result_url":"https://gateway.example/v1/videos/task_a/content","submit_time":1000,"start_time":0,"finish_time":1060,"progress":"100%",
               "properties":{"input":"A cat","origin_model_name":"sora-2"},"data":{"id":"task_a"}}]}}
            """,
            own);
        Assert.DoesNotContain("video_secret", own);
        var all = (await root.GetAsync("/api/task/?p=1")).Text;
        Assert.DoesNotContain("private_data", all);
        Assert.Equal(2, await Total("/api/task/?p=1"));
        Assert.Equal(1, await Total("/api/task/?channel_id=8"));
        Assert.Equal(1, await Total("/api/task/?platform=suno"));
        Assert.Equal(1, await Total("/api/task/?task_id=task_a"));
        Assert.Equal(1, await Total("/api/task/?status=FAILURE"));
        Assert.Equal(1, await Total("/api/task/?action=MUSIC"));
        Assert.Equal(1, await Total("/api/task/?start_timestamp=1500"));
        Assert.Equal(1, await Total("/api/task/?end_timestamp=1500"));
        Assert.NotEqual("true", (await alice.GetAsync("/api/task/?p=1")).Json["success"]!.ToString());

        async Task<int> Total(string path) => (int)(await root.GetAsync(path)).Json["data"]!["total"]!;
    }

    private static Task AddAsync(AdminHost host, TaskRow row) =>
        host.Database.WriteAsync((db, ct) => db.InsertAsync(row, token: ct), TestContext.Current.CancellationToken);
}
