using System.Text.Json.Nodes;
using LinqToDB;
using LinqToDB.Async;
using NewApi.Data.Ledger;
using NewApi.Data.Rows;
using NewApi.Testing.Databases;

namespace NewApi.AdminService.Tests.Invitations;

/// <summary>Gifts that many reach for at once, on every database.</summary>
public class InvitationRaceTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory, AllDatabases]
    public async Task Rewards_codes_check_ins_and_plans_are_given_once_however_many_ask(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        var settings = database.File is null
            ? new Dictionary<string, string?> { ["SQL_DSN"] = database.Dsn }
            : new Dictionary<string, string?> { ["SQLITE_PATH"] = database.File };
        var (host, root) = await AdminHost.StartSetUpAsync(settings);
        await using var _ = host;
        await using var other = await AdminHost.StartAsync(settings, sqlitePath: database.File ?? "/unused");
        foreach (var (key, value) in ((string, string)[])[("QuotaForInviter", "800000"), ("QuotaForInvitee", "300"), ("checkin_setting.enabled", "true")])
        {
            Assert.True((await root.PutAsync("/api/option/", new JsonObject { ["key"] = key, ["value"] = value })).Success);
        }
        var alice = await host.CreateUserAsync(root, "alice");
        var code = (await alice.GetAsync("/api/user/aff")).Data!.GetValue<string>();
        var registered = await host.Anonymous.PostAsync(
            "/api/user/register", new JsonObject { ["username"] = "bob", ["password"] = "bob-pass-1", ["aff_code"] = code });
        Assert.True(registered.Success, registered.Text);
        var elsewhere = await other.LoginAsync("alice", "alice-pass-1");

        var moved = await Task.WhenAll(Enumerable.Range(0, 10).Select(i =>
            (i % 2 == 0 ? alice : elsewhere).PostAsync("/api/user/aff_transfer", new JsonObject { ["quota"] = 500_000 })));

        Assert.Single(moved, reply => reply.Success);
        var gift = ((JsonArray)(await root.PostAsync("/api/redemption/", new JsonObject { ["name"] = "gift", ["quota"] = 7, ["count"] = 1 })).Data!)[0]!;
        var bob = await other.LoginAsync("bob", "bob-pass-1");
        var redeemed = await Task.WhenAll(Enumerable.Range(0, 12).Select(i =>
            (i % 3 == 0 ? alice : i % 3 == 1 ? elsewhere : bob).PostAsync("/api/user/topup", new JsonObject { ["key"] = gift.GetValue<string>() })));

        Assert.Single(redeemed, reply => reply.Success);
        var came = await Task.WhenAll(Enumerable.Range(0, 12).Select(i =>
            (i % 3 == 0 ? alice : i % 3 == 1 ? elsewhere : bob).PostAsync("/api/user/checkin")));

        Assert.Equal(2, came.Count(reply => reply.Success));
        var rewards = came.Where(reply => reply.Success).Sum(reply => reply.Data!["quota_awarded"]!.GetValue<long>());
        var stats = (await bob.GetAsync("/api/user/checkin")).Data!["stats"]!;
        Assert.Equal((1, 1, true), ((int)stats["total_checkins"]!, (int)stats["checkin_count"]!, (bool)stats["checked_in_today"]!));
        Assert.True((await root.SendAsync(
            HttpMethod.Post, "/api/subscription/admin/plans", """{"plan":{"title":"Free","upgrade_group":"vip","max_purchase_per_user":1}}""")).Success);
        Assert.True((await root.SendAsync(
            HttpMethod.Put, "/api/subscription/admin/plans/1", """{"plan":{"title":"Gift","upgrade_group":"vip","max_purchase_per_user":1}}""")).Success);
        var plans = await Task.WhenAll(Enumerable.Range(0, 6).Select(i =>
            (i % 2 == 0 ? alice : elsewhere).PostAsync("/api/subscription/balance/pay", new JsonObject { ["plan_id"] = 1 })));
        Assert.Single(plans, reply => reply.Success);
        Assert.Equal(0, (await alice.GetAsync("/api/user/topup/self?keyword=x_")).Data!["total"]!.GetValue<int>());
        await using var db = host.Database.Open();
        var users = await db.Users.Where(row => row.Id > 1).OrderBy(row => row.Id).ToListAsync(Cancel);
        Assert.Equal((300_000L, 800_000L, 1L), (users[0].AffQuota, users[0].AffHistory, users[0].AffCount));
        Assert.Equal(500_307 + rewards, users.Sum(user => user.Quota));
        Assert.Equal(users[0].Id, users[1].InviterId);
        Assert.Equal(1, await db.Logs.CountAsync(row => row.Content.StartsWith("Invitation reward"), Cancel));
        var audit = (LedgerAudit)host.Services.GetService(typeof(LedgerAudit))!;
        Assert.True((await audit.RunAsync(Cancel)).IsClean);
    }
}
