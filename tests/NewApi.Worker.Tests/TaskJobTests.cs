using System.Text.Json;
using LinqToDB;
using LinqToDB.Async;
using Microsoft.AspNetCore.Http;
using NewApi.Data.Ledger;
using NewApi.Data.Rows;
using NewApi.Data.Tasks;
using NewApi.Domain.Pricing;
using NewApi.Domain.Tasks;
using NewApi.Testing.Upstreams;

namespace NewApi.Worker.Tests;

/// <summary>What becomes of songs and films: what upstreams say of them, what they do not say, and what nobody can say.</summary>
public sealed class TaskJobTests
{
    private const string Follow = "follow-tasks";
    private const long Granted = 100_000_000;
    private const long Price = 500_000;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_film_goes_on_and_ends_and_costs_what_it_cost()
    {
        await using var upstream = await FakeUpstream.StartAsync(Says("in_progress", 40));
        await using var host = await StartAsync(Channel(1, upstream));
        var task = await OrderedAsync(host, "up-1");

        await host.RunAsync(Follow);
        Assert.Equal(("IN_PROGRESS", "40%"), await StateAsync(host, task));
        await host.RunAsync(Follow);
        Assert.Equal(("/v1/videos/up-1", "secret-1"), (Assert.Single(upstream.Requests).Path, upstream.Requests.Single().Key));

        upstream.Script = Says("completed", 100);
        host.Clock.Offset += TimeSpan.FromSeconds(30);
        await host.RunAsync(Follow);
        Assert.Equal(("SUCCESS", "100%"), await StateAsync(host, task));
        host.Clock.Offset += TimeSpan.FromDays(2);
        await host.RunAsync(Follow);
        Assert.Equal(2, upstream.Requests.Count);
        await AssertAsync(host, Granted - Price, refunds: 0);
    }

    [Fact]
    public async Task A_film_that_the_upstream_failed_is_given_back_and_its_words_are_masked()
    {
        await using var upstream = await FakeUpstream.StartAsync(Answers(
            """{"id":"up-1","object":"video","status":"failed","error":{"code":"x","message":"Blocked, see https://secret.example/policy"}}"""));
        await using var host = await StartAsync(Channel(1, upstream));
        var task = await OrderedAsync(host, "up-1");

        await host.RunAsync(Follow);
        host.Clock.Offset += TimeSpan.FromMinutes(5);
        await host.RunAsync(Follow);

        Assert.Equal("FAILURE", (await StateAsync(host, task)).Status);
        Assert.DoesNotContain("secret.example", await ReasonAsync(host, task));
        await AssertAsync(host, Granted, refunds: 1);
    }

    [Fact]
    public async Task An_upstream_that_cannot_be_asked_ends_nothing_until_the_time_is_over_and_a_late_film_is_noted()
    {
        await using var upstream = await FakeUpstream.StartAsync(Faults.InTurn(
            Faults.Status(500), Faults.Reset, Faults.TooManyRequests(), Faults.Garbage, Faults.Status(401), Answers("{}")));
        await using var host = await StartAsync(Channel(1, upstream));
        var task = await OrderedAsync(host, "up-1");
        for (var i = 0; i < 40; i++)
        {
            host.Clock.Offset += TimeSpan.FromMinutes(35);
            await host.RunAsync(Follow);
            Assert.Equal("SUBMITTED", (await StateAsync(host, task)).Status);
        }
        Assert.True(upstream.Requests.Count >= 40, $"{upstream.Requests.Count}");

        host.Clock.Offset += TimeSpan.FromHours(2);
        await host.RunAsync(Follow);
        Assert.Equal(("FAILURE", "The task took too long."), ((await StateAsync(host, task)).Status, await ReasonAsync(host, task)));
        await AssertAsync(host, Granted, refunds: 1);

        upstream.Script = Says("completed", 100);
        host.Clock.Offset += TimeSpan.FromHours(2);
        await host.RunAsync(Follow);
        var late = (await host.Get<TaskStore>().FindAsync(1, task.Id, Cancel))!;
        Assert.Equal(TaskState.Failed, late.State);
        Assert.NotNull(late.Facts.Own!.LateSuccess);
        var asked = upstream.Requests.Count;
        host.Clock.Offset += TimeSpan.FromHours(48);
        await host.RunAsync(Follow);
        Assert.Equal(asked, upstream.Requests.Count);
        await AssertAsync(host, Granted, refunds: 1);
    }

    [Fact]
    public async Task A_film_that_is_not_known_is_given_up_when_that_has_been_said_often_enough_in_a_row()
    {
        await using var upstream = await FakeUpstream.StartAsync(Faults.Status(404));
        await using var host = await StartAsync(Channel(1, upstream));
        var task = await OrderedAsync(host, "up-1");
        await RunTimesAsync(host, 4);
        Assert.Equal("SUBMITTED", (await StateAsync(host, task)).Status);
        upstream.Script = Says("queued", 0);
        await RunTimesAsync(host, 1);
        Assert.Equal("QUEUED", (await StateAsync(host, task)).Status);

        upstream.Script = Faults.Status(404);
        await RunTimesAsync(host, 4);
        Assert.Equal("QUEUED", (await StateAsync(host, task)).Status);
        await RunTimesAsync(host, 1);
        Assert.Equal("FAILURE", (await StateAsync(host, task)).Status);
        await AssertAsync(host, Granted, refunds: 1);

        static async Task RunTimesAsync(WorkerHost host, int times)
        {
            for (var i = 0; i < times; i++)
            {
                host.Clock.Offset += TimeSpan.FromMinutes(20);
                await host.RunAsync(Follow);
            }
        }
    }

    [Theory]
    [InlineData("socks5h://127.0.0.1:1080")]
    [InlineData("http://[")]
    public async Task A_channel_whose_proxy_is_none_keeps_nobody_elses_films_waiting_and_its_own_end(string address)
    {
        await using var upstream = await FakeUpstream.StartAsync(Says("completed", 100));
        await using var host = await StartAsync(Channel(1, upstream, row => row.Setting = $$"""{"proxy":"{{address}}"}"""), Channel(2, upstream));
        var stuck = await OrderedAsync(host, "up-1");
        var film = await OrderedAsync(host, "up-2", channel: 2);

        await host.RunAsync(Follow);
        Assert.Equal(("SUBMITTED", "SUCCESS"), ((await StateAsync(host, stuck)).Status, (await StateAsync(host, film)).Status));
        host.Clock.Offset += TimeSpan.FromHours(25);
        await host.RunAsync(Follow);

        Assert.Equal(("FAILURE", "The task took too long."), ((await StateAsync(host, stuck)).Status, await ReasonAsync(host, stuck)));
        await AssertAsync(host, Granted - Price, refunds: 1);
    }

    [Theory]
    [InlineData(24, """{"error":{"code":400,"message":"API key expired. Please renew the API key.","status":"INVALID_ARGUMENT"}}""")]
    [InlineData(55, """{"error":{"message":"Invalid request","type":"invalid_request_error","code":null}}""")]
    public async Task An_upstream_that_takes_no_question_does_not_say_that_it_knows_no_such_film(int type, string refusal)
    {
        await using var upstream = await FakeUpstream.StartAsync((http, request) =>
        {
            http.Response.StatusCode = 400;
            return Answers(refusal)(http, request);
        });
        await using var host = await StartAsync(Channel(1, upstream, row => row.Type = type));
        var task = await OrderedAsync(host, "models/veo/operations/up-1");

        for (var i = 0; i < 8; i++)
        {
            host.Clock.Offset += TimeSpan.FromMinutes(20);
            await host.RunAsync(Follow);
        }

        Assert.Equal("SUBMITTED", (await StateAsync(host, task)).Status);
        Assert.Equal(8, upstream.Requests.Count);
        await AssertAsync(host, Granted - Price, refunds: 0);
    }

    [Fact]
    public async Task Another_gateway_says_with_status_400_that_it_knows_no_such_film()
    {
        await using var upstream = await FakeUpstream.StartAsync((http, request) =>
        {
            http.Response.StatusCode = 400;
            return Answers("""{"code":"task_not_exist","message":"There is no such task.","data":null}""")(http, request);
        });
        await using var host = await StartAsync(Channel(1, upstream));
        var task = await OrderedAsync(host, "up-1");

        for (var i = 0; i < 5; i++)
        {
            Assert.Equal("SUBMITTED", (await StateAsync(host, task)).Status);
            host.Clock.Offset += TimeSpan.FromMinutes(20);
            await host.RunAsync(Follow);
        }

        Assert.Equal("FAILURE", (await StateAsync(host, task)).Status);
        await AssertAsync(host, Granted, refunds: 1);
    }

    [Fact]
    public async Task An_order_whose_relay_died_before_any_upstream_accepted_it_is_given_back()
    {
        await using var upstream = await FakeUpstream.StartAsync(Says("queued", 0));
        await using var host = await StartAsync(Channel(1, upstream));
        var task = await OrderedAsync(host, upstreamId: null);
        await host.RunAsync(Follow);
        Assert.Equal("NOT_START", (await StateAsync(host, task)).Status);

        host.Clock.Offset += TimeSpan.FromMinutes(16);
        await host.RunAsync(Follow);

        Assert.Equal(("FAILURE", "No upstream has accepted the task."), ((await StateAsync(host, task)).Status, await ReasonAsync(host, task)));
        Assert.Empty(upstream.Requests);
        // It was never told in the log, and is not told now.
        await AssertAsync(host, Granted, refunds: 0);
    }

    [Fact]
    public async Task Films_of_a_channel_that_is_gone_are_given_back()
    {
        await using var host = await StartAsync();
        var task = await OrderedAsync(host, "up-1", channel: 9);

        await host.RunAsync(Follow);

        Assert.Equal("The channel of the task no longer exists.", await ReasonAsync(host, task));
        await AssertAsync(host, Granted, refunds: 1);
    }

    [Fact]
    public async Task Songs_are_asked_about_together_and_a_film_with_the_key_that_ordered_it()
    {
        await using var upstream = await FakeUpstream.StartAsync(async (http, request) =>
        {
            if (request.Path == "/suno/fetch")
            {
                var ids = JsonDocument.Parse(request.Body).RootElement.GetProperty("ids").EnumerateArray().Select(id => id.GetString());
                var songs = ids.Select(id => $$"""{"task_id":"{{id}}","status":"SUCCESS","progress":"100%","data":[{"audio_url":"https://songs.example/{{id}}.mp3"}]}""");
                await Answers($$"""{"code":"success","message":"","data":[{{string.Join(',', songs)}}]}""")(http, request);
                return;
            }
            await Says("completed", 100)(http, request);
        });
        await using var host = await StartAsync(
            Channel(1, upstream, row => row.Type = 36),
            Channel(2, upstream, row => (row.Key, row.ChannelInfo) = ("first\nsecond\nthird", """{"is_multi_key":true,"multi_key_size":3}""")));
        foreach (var id in (string[])["song-1", "song-2", "song-3"])
        {
            await OrderedAsync(host, id, action: "MUSIC");
        }
        var film = await OrderedAsync(host, "up-1", channel: 2, key: "second");

        await host.RunAsync(Follow);

        Assert.Equal(2, upstream.Requests.Count);
        Assert.Equal("second", upstream.Requests.Single(request => request.Path != "/suno/fetch").Key);
        Assert.Equal("SUCCESS", (await StateAsync(host, film)).Status);
        await using var db = host.Database.Open();
        Assert.Equal(4, await db.Tasks.CountAsync(row => row.Status == "SUCCESS", Cancel));
        Assert.Contains("songs.example", (await db.Tasks.FirstAsync(row => row.Action == "MUSIC", Cancel)).Data);
    }

    [Fact]
    public async Task Hundreds_of_films_are_asked_about_side_by_side_and_one_dead_channel_delays_nobody()
    {
        // The first questions are answered once several are open.
        const int Together = 5;
        var asked = 0;
        var together = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = await FakeUpstream.StartAsync(async (http, request) =>
        {
            if (Interlocked.Increment(ref asked) == Together)
            {
                together.SetResult();
            }
            await together.Task.WaitAsync(http.RequestAborted);
            await Says("completed", 100)(http, request);
        });
        await using var dead = await FakeUpstream.StartAsync(Faults.Reset);
        await using var host = await StartAsync(Channel(1, upstream), Channel(2, dead));
        for (var i = 0; i < 300; i++)
        {
            await OrderedAsync(host, $"up-{i}", points: 1);
            if (i < 50)
            {
                await OrderedAsync(host, $"dead-{i}", channel: 2, points: 1);
            }
        }

        await host.RunAsync(Follow);

        Assert.Equal(300, upstream.Requests.Count);
        Assert.InRange(dead.Requests.Count, 1, 20);
        await using var db = host.Database.Open();
        Assert.Equal(300, await db.Tasks.CountAsync(row => row.Status == "SUCCESS", Cancel));
    }

    private static async Task<WorkerHost> StartAsync(params ChannelRow[] channels)
    {
        var host = await WorkerHost.StartAsync();
        Assert.Equal(1, await host.AddUserAsync("alice", Granted));
        await host.AddChannelsAsync(channels);
        return host;
    }

    private static ChannelRow Channel(long id, FakeUpstream upstream, Action<ChannelRow>? change = null)
    {
        // Disabled: what it has accepted is followed all the same.
        var row = new ChannelRow { Id = id, Type = 55, Name = $"channel {id}", Key = $"secret-{id}", BaseUrl = upstream.Address, Status = 3, OtherInfo = "" };
        change?.Invoke(row);
        return row;
    }

    private static async Task<StoredTask> OrderedAsync(
        WorkerHost host, string? upstreamId, long channel = 1, string action = "textGenerate", string? key = null, long points = Price)
    {
        var store = host.Get<TaskStore>();
        var id = Guid.NewGuid().ToString("N");
        var (task, refusal) = await store.OpenAsync(
            new TaskDraft
            {
                Id = StoredTask.NextId(),
                Platform = "55",
                Action = action,
                Group = "default",
                Properties = new TaskProperties { Model = "film", UpstreamModel = "film" },
                Facts = new OwnTaskFacts
                {
                    RequestId = id,
                    Price = new TaskPrice { PerCall = points / 500_000m, GroupRatio = 1, QuotaPerUnit = 500_000 },
                    Username = "alice",
                    Logged = true,
                },
            },
            new TaskCharge { RequestId = id, UserId = 1, TokenId = 0, ChannelId = 0, Points = points },
            TimeSpan.FromMinutes(15),
            Cancel);
        Assert.Equal(HoldRefusal.None, refusal);
        if (upstreamId is not null)
        {
            var acceptance = new TaskAcceptance
            {
                ChannelId = channel,
                Platform = "55",
                UpstreamId = upstreamId,
                UpstreamModel = "film",
                KeyMark = key is null ? null : StoredTask.MarkOf(key),
                Factors = new Dictionary<string, decimal>(),
            };
            Assert.True(await store.AcceptAsync(task!, acceptance, new LogRow { Username = "alice", ModelName = "film", Other = "{}" }, Cancel));
        }
        return task!;
    }

    private static async Task<(string Status, string Progress)> StateAsync(WorkerHost host, StoredTask task)
    {
        var row = (await host.Get<TaskStore>().FindAsync(1, task.Id, Cancel))!.Row;
        return (row.Status, row.Progress);
    }

    private static async Task<string> ReasonAsync(WorkerHost host, StoredTask task) => (await host.Get<TaskStore>().FindAsync(1, task.Id, Cancel))!.Row.FailReason;

    private static UpstreamScript Says(string status, int progress) => async (http, request) =>
        await Answers($$"""{"id":"{{request.Path.Split('/')[^1]}}","object":"video","status":"{{status}}","progress":{{progress}}}""")(http, request);

    private static UpstreamScript Answers(string json) => async (http, _) =>
    {
        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync(json, Cancel);
    };

    private static async Task AssertAsync(WorkerHost host, long balance, int refunds)
    {
        await using var db = host.Database.Open();
        Assert.Equal(balance, (await db.Users.SingleAsync(Cancel)).Quota);
        Assert.Equal(refunds, await db.Logs.CountAsync(row => row.Type == 6, Cancel));
        var report = await host.Get<LedgerAudit>().RunAsync(Cancel);
        Assert.True(report.IsClean, string.Join('\n', report.Discrepancies));
    }
}
