using System.Text.Json;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using Microsoft.AspNetCore.Http;
using NewApi.Data;
using NewApi.Data.Ledger;
using NewApi.Data.Rows;
using NewApi.Data.Tasks;
using NewApi.Testing.Upstreams;

namespace NewApi.Worker.Tests;

/// <summary>What becomes of drawings whose proxy is asked, and of those that nobody can ask about.</summary>
public sealed class DrawingTests
{
    private const string Follow = "follow-drawings";
    private const long Granted = 10_000;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Proxy_is_asked_once_a_channel_and_its_answers_are_noted()
    {
        await using var proxy = await FakeUpstream.StartAsync((http, _) => http.Response.WriteAsync(
            """
            [{"id":"1","status":"SUCCESS","progress":"100%","imageUrl":"https://cdn/1.png","buttons":[{"label":"U1"}]},
             {"id":"2","status":"IN_PROGRESS","progress":"37%","imageUrl":"https://cdn/2.webp"},
             {"id":"3","status":"FAILURE","progress":"0%","failReason":"banned words"},
             {"id":"unknown","status":"FAILURE"}]
            """,
            Cancel));
        await using var host = await StartAsync(Channel(1, proxy));
        foreach (var id in (string[])["1", "2", "3"])
        {
            await SubmitAsync(host, id);
        }

        await host.RunAsync(Follow);
        await host.RunAsync(Follow);

        Assert.Equal(["SUCCESS 100% https://cdn/1.png ", "IN_PROGRESS 37% https://cdn/2.webp ", "FAILURE 100%  banned words"], await RowsAsync(host));
        Assert.Equal([["1", "2", "3"], ["2"]], proxy.Requests.Select(Ids));
        var asked = proxy.Requests.First();
        Assert.Equal(("/mj/task/list-by-condition", "secret-1"), (asked.Path, asked.Headers["mj-api-secret"].ToString()));
        await AssertAsync(host, balance: Granted - 1_400, refunds: 1);
    }

    [Fact]
    public async Task Drawing_that_its_proxy_never_mentions_is_given_back_after_an_hour()
    {
        await using var proxy = await FakeUpstream.StartAsync((http, _) => http.Response.WriteAsync("[]", Cancel));
        await using var host = await StartAsync(Channel(1, proxy));
        await SubmitAsync(host, "1");

        host.Clock.Offset += TimeSpan.FromMinutes(59);
        await host.RunAsync(Follow);
        Assert.Equal(["SUBMITTED 0%  "], await RowsAsync(host));
        host.Clock.Offset += TimeSpan.FromMinutes(2);
        await host.RunAsync(Follow);

        Assert.Equal(["FAILURE 100%  The task took too long."], await RowsAsync(host));
        await AssertAsync(host, balance: Granted, refunds: 1);
    }

    [Fact]
    public async Task Proxy_that_is_out_of_order_is_waited_for_and_its_picture_counts()
    {
        await using var proxy = await FakeUpstream.StartAsync((http, _) =>
        {
            http.Response.StatusCode = 502;
            return http.Response.WriteAsync("<html>", Cancel);
        });
        await using var host = await StartAsync(Channel(1, proxy));
        await SubmitAsync(host, "1");
        host.Clock.Offset += TimeSpan.FromHours(5);
        await host.RunAsync(Follow);
        Assert.Equal(["SUBMITTED 0%  "], await RowsAsync(host));

        proxy.Script = (http, _) => http.Response.WriteAsync("""[{"id":"1","status":"SUCCESS","progress":"100%"}]""", Cancel);
        await host.RunAsync(Follow);

        Assert.Equal(["SUCCESS 100%  "], await RowsAsync(host));
        await AssertAsync(host, balance: Granted - 700, refunds: 0);
    }

    [Theory]
    [InlineData("""{"code":4,"description":"not a list"}""")]
    [InlineData("nothing")]
    public async Task Proxy_that_never_recovers_costs_nobody_anything(string nonsense)
    {
        await using var proxy = await FakeUpstream.StartAsync((http, _) => http.Response.WriteAsync(nonsense, Cancel));
        await using var host = await StartAsync(Channel(1, proxy));
        await SubmitAsync(host, "1");

        host.Clock.Offset += TimeSpan.FromHours(23);
        await host.RunAsync(Follow);
        Assert.Equal(["SUBMITTED 0%  "], await RowsAsync(host));
        host.Clock.Offset += TimeSpan.FromHours(2);
        await host.RunAsync(Follow);

        Assert.Equal(["FAILURE 100%  The task took too long."], await RowsAsync(host));
        await AssertAsync(host, balance: Granted, refunds: 1);
    }

    [Fact]
    public async Task Drawing_of_a_channel_that_was_deleted_is_given_back()
    {
        await using var host = await StartAsync();
        await SubmitAsync(host, "1", channel: 9);

        await host.RunAsync(Follow);

        Assert.Equal(["FAILURE 100%  The channel of the task no longer exists."], await RowsAsync(host));
        await AssertAsync(host, balance: Granted, refunds: 1);
    }

    [Fact]
    public async Task Drawing_whose_process_died_before_the_proxy_answered_is_given_back()
    {
        await using var proxy = await FakeUpstream.StartAsync((http, _) => http.Response.WriteAsync("[]", Cancel));
        await using var host = await StartAsync(Channel(1, proxy));
        await SubmitAsync(host, "");

        await host.RunAsync(Follow);
        Assert.Equal([" 0%  "], await RowsAsync(host));
        host.Clock.Offset += TimeSpan.FromMinutes(6);
        await host.RunAsync(Follow);

        Assert.Equal(["FAILURE 100%  Nobody knows whether the upstream took the task."], await RowsAsync(host));
        Assert.Empty(proxy.Requests);
        // Nobody was told of the charge.
        await AssertAsync(host, balance: Granted, refunds: 0);
    }

    [Fact]
    public async Task Every_key_of_a_channel_is_asked_for_what_the_others_do_not_know()
    {
        await using var proxy = await FakeUpstream.StartAsync((http, request) => http.Response.WriteAsync(
            request.Headers["mj-api-secret"] == "second" ? """[{"id":"1","status":"SUCCESS","progress":"100%"}]""" : "[]", Cancel));
        await using var host = await StartAsync(Channel(1, proxy, row =>
        {
            row.Key = "first\nsecond\nthird";
            row.ChannelInfo = """{"is_multi_key":true,"multi_key_status_list":{"1":3}}""";
        }));
        await SubmitAsync(host, "1");

        await host.RunAsync(Follow);

        Assert.Equal(["SUCCESS 100%  "], await RowsAsync(host));
        Assert.Equal(["first", "second"], proxy.Requests.Select(request => request.Headers["mj-api-secret"].ToString()));
    }

    [Fact]
    public async Task Rows_that_share_an_id_end_together()
    {
        await using var proxy = await FakeUpstream.StartAsync((http, _) => http.Response.WriteAsync("""[{"id":"1","status":"FAILURE"}]""", Cancel));
        await using var host = await StartAsync(Channel(1, proxy));
        await SubmitAsync(host, "1", points: 0);
        await SubmitAsync(host, "1");

        await host.RunAsync(Follow);

        Assert.All(await RowsAsync(host), row => Assert.StartsWith("FAILURE 100%", row));
        Assert.Equal(["1"], Ids(Assert.Single(proxy.Requests)));
        await AssertAsync(host, balance: Granted, refunds: 1);
    }

    [Theory]
    [InlineData("socks5h://127.0.0.1:1080")]
    [InlineData("http://[")]
    public async Task Channel_whose_proxy_is_none_keeps_nobody_elses_drawings_waiting_and_its_own_end(string address)
    {
        await using var proxy = await FakeUpstream.StartAsync((http, _) => http.Response.WriteAsync("""[{"id":"2","status":"SUCCESS","progress":"100%"}]""", Cancel));
        await using var host = await StartAsync(Channel(1, proxy, row => row.Setting = $$"""{"proxy":"{{address}}"}"""), Channel(2, proxy));
        await SubmitAsync(host, "1");
        await SubmitAsync(host, "2", channel: 2);

        await host.RunAsync(Follow);
        Assert.Equal(["SUBMITTED 0%  ", "SUCCESS 100%  "], await RowsAsync(host));
        host.Clock.Offset += TimeSpan.FromHours(25);
        await host.RunAsync(Follow);

        Assert.Equal(["FAILURE 100%  The task took too long.", "SUCCESS 100%  "], await RowsAsync(host));
        await AssertAsync(host, balance: Granted - 700, refunds: 1);
    }

    [Fact]
    public async Task Drawing_that_cannot_be_written_keeps_no_other_waiting()
    {
        await using var proxy = await FakeUpstream.StartAsync((http, _) => http.Response.WriteAsync(
            """[{"id":"1","status":"SUCCESS","progress":"100%"},{"id":"2","status":"SUCCESS","progress":"100%"}]""", Cancel));
        await using var host = await StartAsync(Channel(1, proxy));
        await SubmitAsync(host, "1");
        await SubmitAsync(host, "2");
        await ExecuteAsync(host, "CREATE TRIGGER broken BEFORE UPDATE ON midjourneys WHEN OLD.mj_id = '1' BEGIN SELECT RAISE(ABORT, 'no'); END");

        await host.RunAsync(Follow);
        Assert.Equal(["SUBMITTED 0%  ", "SUCCESS 100%  "], await RowsAsync(host));
        await ExecuteAsync(host, "DROP TRIGGER broken");
        await host.RunAsync(Follow);

        Assert.Equal(["SUCCESS 100%  ", "SUCCESS 100%  "], await RowsAsync(host));
        await AssertAsync(host, balance: Granted - 1_400, refunds: 0);

        static Task ExecuteAsync(WorkerHost host, string sql) => host.Database.WriteAsync((db, ct) => db.ExecuteAsync(sql, ct), Cancel);
    }

    [Fact]
    public async Task Rows_of_the_reference_are_followed_however_old_they_are()
    {
        await using var host = await StartAsync();
        await host.Database.WriteAsync(
            (db, ct) => db.InsertAsync(new MidjourneyRow { UserId = 1, MjId = "old", Quota = 700, ChannelId = 9, SubmitTime = 1_600_000_000_000 }, token: ct), Cancel);

        await host.RunAsync(Follow);

        Assert.All(await RowsAsync(host), row => Assert.StartsWith("FAILURE 100%", row));
        await AssertAsync(host, balance: Granted, refunds: 0);
    }

    private static async Task<WorkerHost> StartAsync(params ChannelRow[] channels)
    {
        var host = await WorkerHost.StartAsync();
        Assert.Equal(1, await host.AddUserAsync("alice", Granted));
        await host.AddChannelsAsync(channels);
        return host;
    }

    private static ChannelRow Channel(long id, FakeUpstream proxy, Action<ChannelRow>? change = null)
    {
        var row = new ChannelRow { Id = id, Type = 2, Name = $"channel {id}", Key = $"secret-{id}", BaseUrl = proxy.Address, Status = 3, OtherInfo = "" };
        change?.Invoke(row);
        return row;
    }

    private static async Task SubmitAsync(WorkerHost host, string id, long channel = 1, long points = 700)
    {
        var row = new MidjourneyRow
        {
            UserId = 1,
            Action = "IMAGINE",
            Progress = "0%",
            ChannelId = channel,
            SubmitTime = host.Clock.GetUtcNow().ToUnixTimeMilliseconds(),
        };
        var charge = new TaskCharge
        {
            RequestId = Guid.NewGuid().ToString("N"),
            UserId = 1,
            TokenId = 0,
            ChannelId = 0,
            Points = points,
        };
        var tasks = host.Get<MidjourneyStore>();
        Assert.Equal(HoldRefusal.None, (await tasks.OpenAsync(charge, row, Cancel)).Refusal);
        if (id.Length > 0)
        {
            var log = points == 0 ? null : new LogRow { Username = "alice", ModelName = "mj_imagine", Other = "{}" };
            Assert.True(await tasks.AcceptAsync(row with { MjId = id, Code = 1, Status = "SUBMITTED" }, log, Cancel));
        }
    }

    private static List<string> Ids(UpstreamRequestRecord request) =>
        [.. JsonDocument.Parse(request.Body).RootElement.GetProperty("ids").EnumerateArray().Select(id => id.GetString()!)];

    private static async Task<List<string>> RowsAsync(WorkerHost host)
    {
        await using var db = host.Database.Open();
        return await db.Midjourneys.OrderBy(row => row.Id).Select(row => row.Status + " " + row.Progress + " " + row.ImageUrl + " " + row.FailReason).ToListAsync(Cancel);
    }

    private static async Task AssertAsync(WorkerHost host, long balance, int refunds)
    {
        await using var db = host.Database.Open();
        Assert.Equal(balance, (await db.Users.SingleAsync(Cancel)).Quota);
        Assert.Equal(refunds, await db.Logs.CountAsync(row => row.Type == 6, Cancel));
        var report = await host.Get<LedgerAudit>().RunAsync(Cancel);
        Assert.True(report.IsClean, string.Join('\n', report.Discrepancies));
    }
}
