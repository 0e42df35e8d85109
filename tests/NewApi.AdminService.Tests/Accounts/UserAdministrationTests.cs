using System.Text;
using System.Text.Json.Nodes;
using LinqToDB;
using LinqToDB.Async;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using NewApi.AdminService.Access;
using NewApi.AdminService.Accounts;
using NewApi.Data.Changes;
using NewApi.Data.Rows;
using NewApi.Data.Usage;
using NewApi.Domain.Options;

namespace NewApi.AdminService.Tests.Accounts;

public class UserAdministrationTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_list_pages_from_the_newest_and_search_finds_parts()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        for (var i = 0; i < 12; i++)
        {
            Assert.True((await root.PostAsync("/api/user/", new JsonObject { ["username"] = $"user{i}", ["password"] = "some-pass-1" })).Success);
        }

        Assert.Equal((1, 10, 13, 10), Page(await root.GetAsync("/api/user/")));
        Assert.Equal((2, 10, 13, 3), Page(await root.GetAsync("/api/user/?p=2")));
        Assert.Equal((1, 5, 13, 5), Page(await root.GetAsync("/api/user/?p=0&ps=5")));
        Assert.Equal((1, 4, 13, 4), Page(await root.GetAsync("/api/user/?p=-3&size=4")));
        Assert.Equal((1, 100, 13, 13), Page(await root.GetAsync("/api/user/?p=x&page_size=500")));
        Assert.Equal((9, 10, 13, 0), Page(await root.GetAsync("/api/user/?p=9")));
        Assert.Equal(13, (await root.GetAsync("/api/user/")).Items[0]!["id"]!.GetValue<int>());

        Assert.Equal(3, Page(await root.GetAsync("/api/user/search?keyword=user1")).Item3);
        Assert.Equal("user2", (await root.GetAsync("/api/user/search?keyword=4")).Items.Last()!["username"]!.GetValue<string>());
        Assert.Equal(0, Page(await root.GetAsync("/api/user/search?keyword=%25")).Item3);
        Assert.Equal(0, Page(await root.GetAsync("/api/user/search?keyword=user&group=vip")).Item3);

        static (int, int, int, int) Page(Reply reply) => (
            reply.Data!["page"]!.GetValue<int>(), reply.Data["page_size"]!.GetValue<int>(), reply.Data["total"]!.GetValue<int>(), reply.Items.Count);
    }

    [Fact]
    public async Task Saving_overwrites_everything_named_and_books_the_balance()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var alice = await host.CreateUserAsync(root, "alice");
        Assert.True((await root.PutAsync("/api/user/", new JsonObject
        {
            ["id"] = alice.UserId,
            ["username"] = "alice",
            ["display_name"] = "Alice",
            ["group"] = "vip",
            ["quota"] = 5_000_000,
            ["remark"] = "pays late",
        })).Success);
        var saved = (await root.GetAsync($"/api/user/{alice.UserId}")).Data!;
        Assert.Equal(("vip", 5_000_000, "pays late", 1), (
            saved["group"]!.GetValue<string>(), saved["quota"]!.GetValue<int>(), saved["remark"]!.GetValue<string>(), saved["role"]!.GetValue<int>()));
        Assert.DoesNotContain("pays late", (await alice.GetAsync("/api/user/self")).Text);

        Assert.True((await root.PutAsync("/api/user/", new JsonObject { ["id"] = alice.UserId, ["username"] = "alice", ["display_name"] = "" })).Success);

        saved = (await root.GetAsync($"/api/user/{alice.UserId}")).Data!;
        Assert.Equal(("default", 0, ""), (saved["group"]!.GetValue<string>(), saved["quota"]!.GetValue<int>(), saved["remark"]!.GetValue<string>()));
        await using var db = host.Database.Open();
        var entries = await db.Ledger.Where(row => row.UserId == alice.UserId).Select(row => row.Points).ToListAsync(TestContext.Current.CancellationToken);
        Assert.Equal([-5_000_000, 0, 5_000_000], entries.Order());
        var logs = (await root.GetAsync("/api/log/?type=3&username=alice")).Items;
        Assert.Equal(2, logs.Count);
    }

    [Fact]
    public async Task An_account_promoted_while_its_new_password_is_hashed_keeps_its_own()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var carol = await host.CreateUserAsync(root, "carol", role: 10);
        var alice = await host.CreateUserAsync(root, "alice");
        // The clock is asked after the hash and before the write.
        var promotion = new ClockThat(() => host.Database.WriteAsync(
            (db, ct) => db.Users.Where(row => row.Id == alice.UserId).Set(row => row.Role, Roles.Admin).UpdateAsync(ct), Cancel).GetAwaiter().GetResult());

        await UpdateAsync(
            host, carol.UserId, $$"""{"id":{{alice.UserId}},"username":"alice","password":"other-pass-1","quota":5}""", host.Services.GetRequiredService<AccountLog>(), promotion, Cancel);

        await host.LoginAsync("alice", "alice-pass-1");
        await using var db = host.Database.Open();
        Assert.Equal(0, await db.Users.Where(row => row.Id == alice.UserId).Select(row => row.Quota).SingleAsync(Cancel));
    }

    [Fact]
    public async Task What_was_done_is_announced_and_logged_whoever_hangs_up()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var alice = await host.CreateUserAsync(root, "alice");
        var heard = new List<string?>();
        using var subscription = host.Services.GetRequiredService<IChangeSignal>().Subscribe((_, key) => heard.Add(key));
        await host.Database.WriteAsync((db, ct) => db.InsertAsync(new TwoFactorRow { UserId = alice.UserId, Secret = "x" }, token: ct), Cancel);
        using var update = new CancellationTokenSource();
        using var removal = new CancellationTokenSource();
        using var creation = new CancellationTokenSource();

        await UpdateAsync(
            host, root.UserId, $$"""{"id":{{alice.UserId}},"username":"alice","quota":5}""", Leaving(update), TimeProvider.System, update.Token);
        await SecondFactorEndpoints.Remove(
            alice.UserId, await CallerAsync(host, root.UserId), host.Services.GetRequiredService<SecondFactor>(), Leaving(removal), host.Database, removal.Token);
        var options = GatewayOptions.Parse(new Dictionary<string, string> { ["QuotaForNewUser"] = "7" }, out var mistakes);
        var accounts = new NewAccount(host.Database, Leaving(creation), host.Services.GetRequiredService<AdminOptions>(), TimeProvider.System);
        var bob = await accounts.CreateAsync(new UserRow { Username = "bob" }, null, options, creation.Token);

        Assert.Contains($"{alice.UserId}", heard);
        await using var db = host.Database.Open();
        var logs = await db.Logs.Where(row => row.Type == LogType.Manage && row.UserId == alice.UserId || row.UserId == bob).ToListAsync(Cancel);
        Assert.Equal(3, logs.Count);

        // The caller is gone by the time that the log row is made.
        AccountLog Leaving(CancellationTokenSource caller) => new(host.Services.GetRequiredService<UsageLogStore>(), new ClockThat(caller.Cancel));
    }

    [Fact]
    public async Task Administrators_act_only_on_those_below_them()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var carol = await host.CreateUserAsync(root, "carol", role: 10);
        var frank = await host.CreateUserAsync(root, "frank", role: 10);
        var alice = await host.CreateUserAsync(root, "alice");

        Assert.False((await carol.GetAsync($"/api/user/{frank.UserId}")).Success);
        Assert.False((await carol.GetAsync("/api/user/1")).Success);
        Assert.False((await carol.PutAsync("/api/user/", new JsonObject { ["id"] = frank.UserId, ["username"] = "frank", ["quota"] = 1 })).Success);
        Assert.False((await carol.PutAsync("/api/user/", new JsonObject { ["id"] = carol.UserId, ["username"] = "carol", ["quota"] = 1 })).Success);
        Assert.False((await Manage(carol, frank.UserId, "disable")).Success);
        Assert.False((await Manage(carol, alice.UserId, "promote")).Success);
        Assert.False((await carol.DeleteAsync($"/api/user/{frank.UserId}")).Success);
        Assert.False((await carol.PostAsync("/api/user/", new JsonObject { ["username"] = "x", ["password"] = "some-pass-1", ["role"] = 10 })).Success);
        Assert.False((await root.PostAsync("/api/user/", new JsonObject { ["username"] = "x", ["password"] = "some-pass-1", ["role"] = 100 })).Success);
        foreach (var action in (string[])["disable", "delete", "demote"])
        {
            Assert.False((await Manage(root, 1, action)).Success);
        }
        Assert.False((await root.DeleteAsync("/api/user/1")).Success);

        Assert.True((await carol.GetAsync($"/api/user/{alice.UserId}")).Success);
        JsonShape.Equal("""{"success":true,"message":"","data":{"role":10,"status":1}}""", (await Manage(root, alice.UserId, "promote")).Text);
        JsonShape.Equal("""{"success":true,"message":"","data":{"role":1,"status":1}}""", (await Manage(root, alice.UserId, "demote")).Text);
        JsonShape.Equal("""{"success":true,"message":"","data":{"role":1,"status":2}}""", (await Manage(carol, alice.UserId, "disable")).Text);
        JsonShape.Equal("""{"success":true,"message":"","data":{"role":1,"status":2}}""", (await Manage(carol, alice.UserId, "paint blue")).Text);
        JsonShape.Equal("""{"success":true,"message":"","data":{"role":1,"status":1}}""", (await Manage(carol, alice.UserId, "enable")).Text);
        Assert.True((await Manage(carol, alice.UserId, "delete")).Success);
        Assert.True((await carol.DeleteAsync($"/api/user/{alice.UserId}")).Success);
        Assert.False((await carol.GetAsync($"/api/user/{alice.UserId}")).Success);

        static Task<Reply> Manage(Session who, long id, string action) =>
            who.PostAsync("/api/user/manage", new JsonObject { ["id"] = id, ["action"] = action });
    }

    [Theory]
    [InlineData(9_007_199_254_740_992, false)]
    [InlineData(-9_007_199_254_740_992, false)]
    [InlineData(-9_223_372_036_854_775_808, false)]
    [InlineData(-20, true)]
    [InlineData(9_007_199_254_740_991, true)]
    public async Task A_balance_is_set_within_its_range(long quota, bool taken)
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var alice = await host.CreateUserAsync(root, "alice");

        var saved = await root.PutAsync("/api/user/", new JsonObject { ["id"] = alice.UserId, ["username"] = "alice", ["quota"] = quota });

        Assert.Equal(taken, saved.Success);
        Assert.Equal(taken ? quota : 0, (await alice.GetAsync("/api/user/self")).Data!["quota"]!.GetValue<long>());
    }

    private static async Task<IResult> UpdateAsync(
        AdminHost host, long callerId, string body, AccountLog log, TimeProvider clock, CancellationToken ct)
    {
        var context = new DefaultHttpContext { RequestServices = host.Services };
        context.Request.Body = new MemoryStream(Encoding.UTF8.GetBytes(body));
        return await UserEndpoints.Update(
            context,
            await CallerAsync(host, callerId),
            host.Database,
            host.Services.GetRequiredService<Passwords>(),
            log,
            host.Services.GetRequiredService<IChangeSignal>(),
            clock,
            ct);
    }

    private static async Task<AdminCaller> CallerAsync(AdminHost host, long id)
    {
        await using var db = host.Database.Open();
        return new AdminCaller(await db.Users.SingleAsync(row => row.Id == id, Cancel));
    }

    /// <summary>Does something when it is asked for the time.</summary>
    private sealed class ClockThat(Action does) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow()
        {
            does();
            return base.GetUtcNow();
        }
    }
}
