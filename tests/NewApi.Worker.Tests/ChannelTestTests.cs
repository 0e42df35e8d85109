using System.Text.Json.Nodes;
using LinqToDB;
using LinqToDB.Async;
using NewApi.Data.Channels;
using NewApi.Data.Leases;
using NewApi.Data.Rows;
using NewApi.Testing.Upstreams;

namespace NewApi.Worker.Tests;

/// <summary>Tests of channels by the clock: who is asked when, and what becomes of them.</summary>
public sealed class ChannelTestTests
{
    private const string Job = "test-channels";

    private static readonly (string, string) Disables = ("AutomaticDisableChannelEnabled", "true");
    private static readonly (string, string) Enables = ("AutomaticEnableChannelEnabled", "true");
    private static readonly (string, string) ByClock = ("monitor_setting.auto_test_channel_enabled", "true");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nothing_is_asked_unless_an_operator_wants_it()
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var host = await StartAsync([Channel(upstream), Channel(upstream, row => row.Status = 3)]);

        await host.RunAsync(Job);
        host.Clock.Offset += TimeSpan.FromDays(1);
        await host.RunAsync(Job);

        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task All_but_what_was_disabled_by_hand_is_tested_once_a_period()
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var host = await StartAsync(
            [Channel(upstream), Channel(upstream, row => row.Status = 2), Channel(upstream, row => row.Status = 3)], ByClock);

        await host.RunAsync(Job);
        await host.RunAsync(Job);
        Assert.Equal(2, upstream.Requests.Count);
        host.Clock.Offset += TimeSpan.FromMinutes(10);
        await host.RunAsync(Job);
        Assert.Equal(4, upstream.Requests.Count);

        var rows = await ChannelsAsync(host);
        Assert.Equal([true, false, true], rows.Select(row => row.TestTime > 0));
        // Passing is not enough: the switch is off.
        Assert.Equal([1L, 2L, 3L], rows.Select(row => row.Status));
        Assert.Equal(500_000, await host.BalanceAsync("root"));
    }

    [Theory]
    [InlineData("CHANNEL_TEST_FREQUENCY", "3", false, 2)]
    [InlineData("CHANNEL_TEST_ENABLED", "true", false, 1)]
    [InlineData("CHANNEL_TEST_ENABLED", "false", true, 0)]
    public async Task The_environment_wins_over_the_options(string name, string value, bool option, int requests)
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var host = await StartAsync([Channel(upstream)], new Dictionary<string, string?> { [name] = value }, option ? [ByClock] : []);

        await host.RunAsync(Job);
        host.Clock.Offset += TimeSpan.FromMinutes(3);
        await host.RunAsync(Job);

        Assert.Equal(requests, upstream.Requests.Count);
    }

    [Fact]
    public async Task A_refused_credential_disables_at_once_and_root_is_told()
    {
        await using var upstream = await FakeUpstream.StartAsync(Faults.Status(401, "invalid_api_key"));
        await using var host = await StartAsync(
            [Channel(upstream), Channel(upstream, row => row.AutoBan = 0)], ByClock, Disables);

        await host.RunAsync(Job);

        var rows = await ChannelsAsync(host);
        Assert.Equal([3L, 1L], rows.Select(row => row.Status));
        Assert.Contains("status_code=401, code=invalid_api_key", rows[0].OtherInfo, StringComparison.Ordinal);
        var notice = Assert.Single(await host.NoticesAsync());
        Assert.Equal((1L, "channel_update"), (notice.UserId, notice.Kind));
        await using var db = host.Database.Open();
        Assert.Contains("was disabled automatically", (await db.Logs.SingleAsync(row => row.Type == 4, Cancel)).Content, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_upstream_that_is_out_of_order_needs_three_failed_tests_in_a_row()
    {
        await using var upstream = await FakeUpstream.StartAsync(Faults.Status(500));
        await using var host = await StartAsync([Channel(upstream)], ByClock, Disables, ("AutomaticDisableStatusCodes", "401,500"));

        var states = new List<long>();
        foreach (var script in (UpstreamScript[])[Faults.Status(500), Faults.Status(500), OpenAIAnswers.Good, Faults.Status(500), Faults.Status(500), Faults.Status(500)])
        {
            upstream.Script = script;
            await host.RunAsync(Job);
            host.Clock.Offset += TimeSpan.FromMinutes(10);
            states.Add((await ChannelsAsync(host)).Single().Status);
        }

        Assert.Equal([1L, 1L, 1L, 1L, 1L, 3L], states);
    }

    [Theory]
    [InlineData(null, 1L)]
    [InlineData("0", 1L)]
    [InlineData("0.000001", 3L)]
    public async Task Time_alone_disables_only_where_the_operator_says_so(string? threshold, long status)
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        (string, string)[] options = threshold is null ? [ByClock, Disables] : [ByClock, Disables, ("ChannelDisableThreshold", threshold)];
        await using var host = await StartAsync([Channel(upstream)], options);

        await host.RunAsync(Job);

        var row = Assert.Single(await ChannelsAsync(host));
        Assert.Equal(status, row.Status);
        Assert.Equal(status == 3, row.OtherInfo.Contains("response_time_exceeded", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_the_gateway_disabled_is_asked_ever_less_often_until_it_answers()
    {
        await using var upstream = await FakeUpstream.StartAsync(Faults.Status(503));
        await using var host = await StartAsync([], Enables);
        await AddAsync(host, Channel(upstream, row =>
        {
            row.Status = 3;
            row.OtherInfo = new JsonObject { ["status_time"] = Now(host), ["status_reason"] = "x", ["own"] = 1 }.ToJsonString();
        }));

        var asked = new List<int>();
        for (var minute = 0; minute <= 32; minute++)
        {
            await host.RunAsync(Job);
            asked.Add(upstream.Requests.Count);
            host.Clock.Offset += TimeSpan.FromMinutes(1);
        }
        // After one minute, and two, four, eight and sixteen later.
        Assert.Equal([1, 3, 7, 15, 31], Enumerable.Range(1, 32).Where(minute => asked[minute] > asked[minute - 1]));
        for (var hour = 0; hour < 5; hour++)
        {
            host.Clock.Offset += TimeSpan.FromHours(1);
            await host.RunAsync(Job);
        }
        Assert.Equal(10, upstream.Requests.Count);

        upstream.Script = OpenAIAnswers.Good;
        host.Clock.Offset += TimeSpan.FromHours(1);
        await host.RunAsync(Job);

        var row = Assert.Single(await ChannelsAsync(host));
        Assert.Equal((1L, """{"own":1}"""), (row.Status, row.OtherInfo));
        await using var db = host.Database.Open();
        Assert.True((await db.Abilities.SingleAsync(Cancel)).Enabled);
        Assert.Empty(await db.ChannelProbes.ToListAsync(Cancel));
        Assert.Contains("is enabled again", Assert.Single(await host.NoticesAsync()).Title, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_upstream_that_says_when_it_is_back_is_not_asked_before()
    {
        await using var upstream = await FakeUpstream.StartAsync(Faults.TooManyRequests(TimeSpan.FromHours(2)));
        await using var host = await StartAsync([Channel(upstream, row => row.Status = 3)], Enables);

        await host.RunAsync(Job);
        host.Clock.Offset += TimeSpan.FromMinutes(119);
        await host.RunAsync(Job);
        Assert.Single(upstream.Requests);
        host.Clock.Offset += TimeSpan.FromMinutes(2);
        await host.RunAsync(Job);
        Assert.Equal(2, upstream.Requests.Count);
    }

    [Fact]
    public async Task Of_several_keys_each_is_disabled_and_comes_back_by_itself()
    {
        await using var upstream = await FakeUpstream.StartAsync((http, request) =>
            request.Key == "key-b" ? OpenAIAnswers.Good(http, request) : Faults.Status(401)(http, request));
        await using var host = await StartAsync(
            [
                Channel(upstream, row =>
                {
                    row.Status = 3;
                    row.Key = "key-a\nkey-b\nkey-c";
                    row.ChannelInfo = """
                        {"is_multi_key":true,"multi_key_size":3,"multi_key_status_list":{"0":3,"1":3,"2":2},
                         "multi_key_disabled_reason":{"0":"x","1":"x"},"multi_key_disabled_time":{"0":1,"1":1}}
                        """;
                }),
            ],
            Enables,
            Disables);

        await host.RunAsync(Job);
        var row = Assert.Single(await ChannelsAsync(host));
        Assert.Equal(1L, row.Status);
        var info = JsonNode.Parse(row.ChannelInfo!)!;
        Assert.Equal("""{"0":3,"2":2}""", info["multi_key_status_list"]!.ToJsonString());
        Assert.Equal(("""{"0":"x"}""", """{"0":1}"""), (info["multi_key_disabled_reason"]!.ToJsonString(), info["multi_key_disabled_time"]!.ToJsonString()));
        Assert.DoesNotContain(upstream.Requests, request => request.Key == "key-c");

        upstream.Script = OpenAIAnswers.Good;
        host.Clock.Offset += TimeSpan.FromMinutes(3);
        await host.RunAsync(Job);
        Assert.Equal("""{"2":2}""", JsonNode.Parse((await ChannelsAsync(host)).Single().ChannelInfo!)!["multi_key_status_list"]!.ToJsonString());
        Assert.Equal("Key 0 of channel 1 (c) is enabled again", (await host.NoticesAsync())[^1].Title);
    }

    [Fact]
    public async Task Passive_recovery_asks_only_what_is_disabled_and_disables_nothing()
    {
        await using var refusing = await FakeUpstream.StartAsync(Faults.Status(401));
        await using var good = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var host = await StartAsync(
            [Channel(refusing), Channel(good, row => row.Status = 3)],
            ByClock,
            Disables,
            Enables,
            ("monitor_setting.channel_test_mode", "passive_recovery"));

        await host.RunAsync(Job);

        Assert.Empty(refusing.Requests);
        Assert.Equal([1L, 1L], (await ChannelsAsync(host)).Select(row => row.Status));
    }

    [Fact]
    public async Task A_channel_that_was_edited_while_it_was_tested_stays_as_it_was_edited()
    {
        WorkerHost? running = null;
        await using var upstream = await FakeUpstream.StartAsync(async (http, request) =>
        {
            await running!.Database.WriteAsync((db, ct) => db.Channels.Set(row => row.Key, "new-key").UpdateAsync(ct), CancellationToken.None);
            await Faults.Status(401)(http, request);
        });
        await using var host = await StartAsync([Channel(upstream)], ByClock, Disables);
        running = host;

        await host.RunAsync(Job);

        Assert.Equal(1L, (await ChannelsAsync(host)).Single().Status);
    }

    [Fact]
    public async Task An_administrator_may_start_a_run_which_tells_when_it_is_over()
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var failing = await FakeUpstream.StartAsync(Faults.Status(500));
        await using var host = await StartAsync([Channel(upstream), Channel(failing)]);
        var tests = host.Get<ChannelTestStore>();

        Assert.True(await tests.AskAsync(Cancel));
        Assert.False(await tests.AskAsync(Cancel));
        await host.RunAsync(Job);

        Assert.Equal((1, 1), (upstream.Requests.Count, failing.Requests.Count));
        var notice = Assert.Single(await host.NoticesAsync());
        Assert.Equal(("channel_test", "2 channels and keys were tested, 1 failed."), (notice.Kind, notice.Content));
        Assert.True(await tests.AskAsync(Cancel));
    }

    [Fact]
    public async Task A_run_whose_worker_died_keeps_nobody_from_starting_another()
    {
        await using var host = await StartAsync([]);
        var (tests, leases) = (host.Get<ChannelTestStore>(), host.Get<LeaseStore>());
        var lease = (await leases.TryAcquireAsync("job/test-channels", "dies", TimeSpan.FromMinutes(1), Cancel))!;
        await tests.BeginAsync(lease, 1, Cancel);

        Assert.False(await tests.AskAsync(Cancel));
        await leases.ReleaseAsync(lease, done: false, Cancel);

        Assert.True(await tests.AskAsync(Cancel));
    }

    private static long Now(WorkerHost host) => host.Clock.GetUtcNow().ToUnixTimeSeconds();

    private static ChannelRow Channel(FakeUpstream upstream, Action<ChannelRow>? change = null)
    {
        var row = new ChannelRow { Type = 1, Name = "c", Key = "key", BaseUrl = upstream.Address, Models = "gpt-4o", Group = "default" };
        change?.Invoke(row);
        return row;
    }

    private static Task<WorkerHost> StartAsync(ChannelRow[] channels, params (string, string)[] options) => StartAsync(channels, null, options);

    private static async Task<WorkerHost> StartAsync(ChannelRow[] channels, Dictionary<string, string?>? settings, params (string, string)[] options)
    {
        var host = await WorkerHost.StartAsync(settings: settings);
        var root = await host.AddUserAsync("root", 500_000);
        await host.Database.WriteAsync((db, ct) => db.Users.Where(row => row.Id == root).Set(row => row.Role, 100).UpdateAsync(ct), Cancel);
        await host.SetAsync(options);
        foreach (var channel in channels)
        {
            await AddAsync(host, channel);
        }
        return host;
    }

    private static Task AddAsync(WorkerHost host, ChannelRow channel) => host.Database.WriteAsync(
        async (db, ct) =>
        {
            channel.Id = await db.InsertWithInt64IdentityAsync(channel, token: ct);
            await AbilityStore.RebuildAsync(db, channel, ct);
        },
        Cancel);

    private static async Task<List<ChannelRow>> ChannelsAsync(WorkerHost host)
    {
        await using var db = host.Database.Open();
        return await db.Channels.OrderBy(row => row.Id).ToListAsync(Cancel);
    }
}
