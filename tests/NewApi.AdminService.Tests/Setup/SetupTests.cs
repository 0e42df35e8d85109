using System.Net;
using System.Text.Json.Nodes;
using LinqToDB.Async;
using NewApi.Data.Rows;
using NewApi.AdminService.Access;

namespace NewApi.AdminService.Tests.Setup;

public class SetupTests
{
    private static JsonObject Good(string name = "root") => new()
    {
        ["username"] = name,
        ["password"] = "root-pass-1",
        ["confirmPassword"] = "root-pass-1",
        ["SelfUseModeEnabled"] = true,
        ["DemoSiteEnabled"] = false,
    };

    [Fact]
    public async Task Set_up_creates_root_with_its_grant_in_the_ledger()
    {
        await using var host = await AdminHost.StartAsync();
        JsonShape.Equal(
            """{"success":true,"message":"","data":{"status":false,"root_init":false,"database_type":"sqlite"}}""",
            (await host.Anonymous.GetAsync("/api/setup")).Text);

        Assert.True((await host.Anonymous.PostAsync("/api/setup", Good())).Success);

        JsonShape.Equal(
            """{"success":true,"message":"","data":{"status":true,"root_init":false,"database_type":""}}""",
            (await host.Anonymous.GetAsync("/api/setup")).Text);
        await using var db = host.Database.Open();
        var root = await db.Users.SingleAsync(TestContext.Current.CancellationToken);
        Assert.Equal((100, 100_000_000, "Root User"), (root.Role, root.Quota, root.DisplayName));
        Assert.StartsWith("$2a$", root.Password);
        Assert.Equal(100_000_000, await db.Ledger.Where(row => row.UserId == root.Id).SumAsync(row => row.Points, TestContext.Current.CancellationToken));
        var status = (await host.Anonymous.GetAsync("/api/status")).Data!;
        Assert.True(status["setup"]!.GetValue<bool>());
        Assert.True(status["self_use_mode_enabled"]!.GetValue<bool>());
        Assert.False(status["demo_site_enabled"]!.GetValue<bool>());
    }

    [Fact]
    public async Task Passwords_are_hashed_with_the_work_of_the_reference()
    {
        using var passwords = new Passwords();

        var hash = await passwords.HashAsync("a password", TestContext.Current.CancellationToken);

        Assert.StartsWith("$2a$10$", hash);
        Assert.True(await passwords.VerifyAsync("a password", hash, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("confirmPassword", "another-pass-1", "The two passwords differ")]
    [InlineData("username", "thirteen-long", "The user name may have at most 12 bytes")]
    [InlineData("username", "用户用户用", "The user name may have at most 12 bytes")]
    [InlineData("username", "", "A user name is needed")]
    public async Task Mistakes_are_refused_with_400_and_change_nothing(string member, string value, string message)
    {
        await using var host = await AdminHost.StartAsync();
        var body = Good();
        body[member] = value;

        var reply = await host.Anonymous.PostAsync("/api/setup", body);

        Assert.Equal((HttpStatusCode.BadRequest, message), (reply.Status, reply.Message));
        Assert.False((await host.Anonymous.GetAsync("/api/setup")).Data!["status"]!.GetValue<bool>());
    }

    [Fact]
    public async Task A_short_password_and_broken_json_are_refused()
    {
        await using var host = await AdminHost.StartAsync();
        var body = Good();
        body["password"] = "short";
        body["confirmPassword"] = "short";

        Assert.Equal("The password needs at least 8 characters", (await host.Anonymous.PostAsync("/api/setup", body)).Message);
        var broken = await host.Anonymous.SendAsync(HttpMethod.Post, "/api/setup", "{\"username\":");
        Assert.Equal(HttpStatusCode.BadRequest, broken.Status);
        Assert.False(broken.Json["success"]!.GetValue<bool>());
    }

    [Fact]
    public async Task Of_many_set_ups_at_once_on_two_nodes_one_succeeds()
    {
        await using var host = await AdminHost.StartAsync();
        await using var other = await AdminHost.StartAsync(sqlitePath: host.SqlitePath);

        var replies = await Task.WhenAll(Enumerable.Range(0, 12).Select(i =>
            (i % 2 == 0 ? host : other).Anonymous.PostAsync("/api/setup", Good($"root{i}"))));

        Assert.Equal(1, replies.Count(reply => reply.Success));
        Assert.All(replies.Where(reply => !reply.Success), reply => Assert.Equal("Set-up is already done", reply.Message));
        await using var db = host.Database.Open();
        Assert.Equal(1, await db.Users.CountAsync(TestContext.Current.CancellationToken));
        Assert.Equal(1, await db.Setups.CountAsync(TestContext.Current.CancellationToken));
        Assert.False((await host.Anonymous.PostAsync("/api/setup", Good("late"))).Success);
    }

    [Fact]
    public async Task A_database_with_root_but_without_the_mark_keeps_its_root()
    {
        await using var host = await AdminHost.StartAsync();
        await host.Database.WriteAsync(
            (db, ct) => LinqToDB.DataExtensions.InsertAsync(db, new UserRow { Username = "boss", Role = 100, AffCode = "boss" }, token: ct),
            TestContext.Current.CancellationToken);
        Assert.True((await host.Anonymous.GetAsync("/api/setup")).Data!["root_init"]!.GetValue<bool>());

        Assert.True((await host.Anonymous.PostAsync("/api/setup", new JsonObject { ["SelfUseModeEnabled"] = true })).Success);

        await using var db = host.Database.Open();
        Assert.Equal("boss", (await db.Users.SingleAsync(TestContext.Current.CancellationToken)).Username);
    }
}
