using System.Text.Json.Nodes;
using LinqToDB.Async;
using Microsoft.Extensions.Time.Testing;
using NewApi.AdminService.CheckIns;
using NewApi.Data.Rows;
using NewApi.Domain.Options;

namespace NewApi.AdminService.Tests.CheckIns;

public class CheckInTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Checking_in_gives_a_reward_once_a_day()
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 11, 29, 23, 0, 0, TimeSpan.Zero));
        clock.SetLocalTimeZone(TimeZoneInfo.CreateCustomTimeZone("test", TimeSpan.FromHours(8), "test", "test"));
        var (host, root) = await AdminHost.StartSetUpAsync(clock: clock);
        await using var _ = host;
        var alice = await host.CreateUserAsync(root, "alice");
        await SetAsync(root, ("checkin_setting.enabled", "true"), ("checkin_setting.min_quota", "700"), ("checkin_setting.max_quota", "700"));

        JsonShape.Equal(
            """{"success":true,"message":"","data":{"quota_awarded":700,"checkin_date":"2026-11-30"}}""", (await alice.PostAsync("/api/user/checkin")).Text);
        Assert.Equal("You have checked in today already", (await alice.PostAsync("/api/user/checkin")).Message);
        clock.Advance(TimeSpan.FromHours(17));
        Assert.True((await alice.PostAsync("/api/user/checkin")).Success);

        JsonShape.Equal(
            """
            {"enabled":true,"min_quota":700,"max_quota":700,"stats":{"total_quota":1400,"total_checkins":2,"checkin_count":1,"checked_in_today":true,
              "records":[{"checkin_date":"2026-12-01","quota_awarded":700}]}}
            """,
            (await alice.GetAsync("/api/user/checkin")).Data!.ToJsonString());
        var november = (await alice.GetAsync("/api/user/checkin?month=2026-11")).Data!["stats"]!;
        Assert.Equal("2026-11-30", november["records"]![0]!["checkin_date"]!.GetValue<string>());
        Assert.False((await alice.GetAsync("/api/user/checkin?month=%25")).Success);
    }

    [Fact]
    public async Task Many_check_ins_at_once_give_one_reward()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        await using var other = await AdminHost.StartAsync(sqlitePath: host.SqlitePath);
        var alice = await host.CreateUserAsync(root, "alice");
        var elsewhere = await other.LoginAsync("alice", "alice-pass-1");
        await SetAsync(root, ("checkin_setting.enabled", "true"));

        var replies = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => (i % 2 == 0 ? alice : elsewhere).PostAsync("/api/user/checkin")));

        var reward = Assert.Single(replies, reply => reply.Success).Data!["quota_awarded"]!.GetValue<long>();
        await using var db = host.Database.Open();
        Assert.Equal(reward, await db.Users.Where(row => row.Id == alice.UserId).Select(row => row.Quota).SingleAsync(Cancel));
        Assert.Equal(reward, await db.Ledger.Where(row => row.UserId == alice.UserId).SumAsync(row => row.Points, Cancel));
        Assert.Equal(1, await db.Logs.CountAsync(row => row.UserId == alice.UserId && row.Content.StartsWith("Check-in"), Cancel));
    }

    [Fact]
    public async Task Without_the_feature_there_is_nothing()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;

        Assert.Equal("This feature is not enabled", (await root.PostAsync("/api/user/checkin")).Message);
        Assert.Equal("This feature is not enabled", (await root.GetAsync("/api/user/checkin")).Message);
    }

    [Fact]
    public void Every_amount_between_the_bounds_comes_up()
    {
        var settings = GatewayOptions.Parse(
            new Dictionary<string, string> { ["checkin_setting.min_quota"] = "3", ["checkin_setting.max_quota"] = "5" }, out var _).Checkin;
        var random = new Random(7);

        Assert.Equal([3L, 4L, 5L], Enumerable.Range(0, 200).Select(_ => CheckInEndpoints.Reward(settings, random)).Distinct().Order());
    }

    private static async Task SetAsync(Session root, params (string Key, string Value)[] options)
    {
        foreach (var (key, value) in options)
        {
            Assert.True((await root.PutAsync("/api/option/", new JsonObject { ["key"] = key, ["value"] = value })).Success);
        }
    }
}
