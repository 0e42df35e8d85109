using System.Text.Json.Nodes;
using LinqToDB;
using LinqToDB.Async;
using NewApi.AdminService.Access;
using NewApi.AdminService.Accounts;
using NewApi.AdminService.Http;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Tests.Accounts;

public class SelfTests
{
    [Fact]
    public async Task Self_shows_the_account_without_secrets()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var alice = await host.CreateUserAsync(root, "alice");

        JsonShape.Equal(
            """
            {"success":true,"message":"","data":{
              "id":2,"username":"alice","display_name":"alice","role":1,"status":1,"email":"","github_id":"","discord_id":"","oidc_id":"",
              "wechat_id":"","telegram_id":"","linux_do_id":"","group":"default","quota":0,"used_quota":0,"request_count":0,"aff_code":"*",
              "aff_count":0,"aff_quota":0,"aff_history_quota":0,"inviter_id":0,"setting":"*","stripe_customer":"","sidebar_modules":"*",
              "permissions":{"sidebar_settings":true,"sidebar_modules":{"admin":false}},"DeletedAt":null}}
            """,
            (await alice.GetAsync("/api/user/self")).Text);
    }

    [Fact]
    public async Task Changing_even_the_name_needs_the_password()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var alice = await host.CreateUserAsync(root, "alice");

        Assert.Equal("The current password is wrong", (await alice.PutAsync("/api/user/self", new JsonObject { ["display_name"] = "Alice" })).Message);
        Assert.True((await alice.PutAsync(
            "/api/user/self", new JsonObject { ["display_name"] = "Alice", ["username"] = "", ["original_password"] = "alice-pass-1" })).Success);

        var self = (await alice.GetAsync("/api/user/self")).Data!;
        Assert.Equal(("alice", "Alice"), (self["username"]!.GetValue<string>(), self["display_name"]!.GetValue<string>()));
    }

    [Fact]
    public async Task A_name_that_is_taken_is_refused()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var alice = await host.CreateUserAsync(root, "alice");

        var reply = await alice.PutAsync("/api/user/self", new JsonObject { ["username"] = "root", ["original_password"] = "alice-pass-1" });

        Assert.Equal("This user name or e-mail is taken", reply.Message);
    }

    [Fact]
    public async Task Saving_notifications_keeps_the_other_settings()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        await root.PutAsync("/api/user/self", new JsonObject { ["language"] = "en" });
        await root.PutAsync("/api/user/self", new JsonObject { ["sidebar_modules"] = "{\"chat\":{}}" });

        var reply = await root.PutAsync("/api/user/setting", new JsonObject
        {
            ["notify_type"] = "webhook",
            ["quota_warning_threshold"] = 1000,
            ["webhook_url"] = "https://hooks.example.test/x",
            ["webhook_secret"] = "hook-secret",
            ["gotify_priority"] = 11,
        });

        Assert.True(reply.Success, reply.Text);
        JsonShape.Equal(
            """
            {"gotify_priority":5,"sidebar_modules":"{\"chat\":{}}","language":"en","notify_type":"webhook","quota_warning_threshold":1000,
             "accept_unset_model_ratio_model":false,"record_ip_log":false,"webhook_url":"https://hooks.example.test/x","webhook_secret":"hook-secret"}
            """,
            (await root.GetAsync("/api/user/self")).Data!["setting"]!.GetValue<string>());
        Assert.DoesNotContain("hook-secret", (await root.GetAsync("/api/user/")).Text);
    }

    [Theory]
    [InlineData("""{"notify_type":"pigeon","quota_warning_threshold":1}""")]
    [InlineData("""{"notify_type":"email","quota_warning_threshold":0}""")]
    [InlineData("""{"notify_type":"email","quota_warning_threshold":1,"notification_email":"nobody"}""")]
    [InlineData("""{"notify_type":"webhook","quota_warning_threshold":1}""")]
    [InlineData("""{"notify_type":"bark","quota_warning_threshold":1,"bark_url":"ftp://x"}""")]
    [InlineData("""{"notify_type":"gotify","quota_warning_threshold":1,"gotify_url":"https://x.test"}""")]
    public async Task Notifications_that_could_not_be_delivered_are_refused(string body)
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;

        Assert.False((await root.SendAsync(HttpMethod.Put, "/api/user/setting", body)).Success);
    }

    [Theory]
    [InlineData("/api/user/self", "language", 17)]
    [InlineData("/api/user/self", "sidebar_modules", 16_385)]
    [InlineData("/api/user/setting", "webhook_url", 2_049)]
    [InlineData("/api/user/setting", "bark_url", 2_049)]
    [InlineData("/api/user/setting", "gotify_url", 2_049)]
    [InlineData("/api/user/setting", "webhook_secret", 256)]
    [InlineData("/api/user/setting", "gotify_token", 256)]
    [InlineData("/api/user/setting", "notification_email", 256)]
    public async Task Settings_are_as_long_as_they_need_be(string path, string member, int tooLong)
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;

        Assert.False((await StoreAsync(tooLong)).Success);
        var reply = await StoreAsync(tooLong - 1);
        Assert.True(reply.Success, reply.Text);

        Task<Reply> StoreAsync(int length)
        {
            var text = (member.EndsWith("_url", StringComparison.Ordinal) ? "https://x.test/" : member == "notification_email" ? "a@" : "")
                .PadRight(length, 'a');
            return root.PutAsync(path, path.EndsWith("self", StringComparison.Ordinal)
                ? new JsonObject { [member] = text }
                : new JsonObject
                {
                    ["notify_type"] = member == "notification_email" ? "email" : member.Split('_')[0],
                    ["quota_warning_threshold"] = 1,
                    ["webhook_url"] = "https://x.test",
                    ["gotify_url"] = "https://x.test",
                    ["gotify_token"] = "token",
                    [member] = text,
                });
        }
    }

    [Fact]
    public async Task A_setting_that_is_too_long_can_only_become_shorter()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        await SetAsync("""{"sidebar_modules":"PAD","language":"en"}""");

        var refused = await root.PutAsync("/api/user/self", new JsonObject { ["language"] = "zh-CN" });
        Assert.Equal("Your settings are too long to be stored", refused.Message);
        Assert.False((await root.PutAsync("/api/subscription/self/preference", new JsonObject { ["billing_preference"] = "wallet_only" })).Success);
        Assert.True((await root.PutAsync("/api/user/self", new JsonObject { ["sidebar_modules"] = "{}" })).Success);
        Assert.True((await root.PutAsync("/api/user/self", new JsonObject { ["language"] = "zh-CN" })).Success);

        Task SetAsync(string setting) => host.Database.WriteAsync(
            (db, ct) => db.Users.Where(row => row.Id == root.UserId)
                .Set(row => row.Setting, setting.Replace("PAD", new string('x', 70_000)))
                .UpdateAsync(ct),
            TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_new_password_ends_the_access_token(bool byAdministrator)
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var alice = await host.CreateUserAsync(root, "alice");
        var script = (alice with { Cookie = null }).With("Authorization", "Bearer " + (await alice.GetAsync("/api/user/token")).Data!.GetValue<string>());
        await ChangeAsync("");
        Assert.True((await script.GetAsync("/api/user/self")).Success);

        var reply = await ChangeAsync("other-pass-1");

        Assert.True(reply.Success, reply.Text);
        Assert.Equal("The access token is not valid", (await script.GetAsync("/api/user/self")).Message);

        Task<Reply> ChangeAsync(string password) => byAdministrator
            ? root.PutAsync("/api/user/", new JsonObject { ["id"] = alice.UserId, ["username"] = "alice", ["password"] = password })
            : alice.PutAsync("/api/user/self", new JsonObject { ["original_password"] = "alice-pass-1", ["password"] = password });
    }

    [Fact]
    public async Task Who_came_in_with_the_old_password_makes_no_token_after_it()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        await using var db = host.Database.Open();
        var early = new AdminCaller(await db.Users.SingleAsync(row => row.Id == root.UserId, TestContext.Current.CancellationToken));
        Assert.True((await root.PutAsync(
            "/api/user/self", new JsonObject { ["original_password"] = AdminHost.RootPassword, ["password"] = "other-pass-1" })).Success);

        var answer = Assert.IsType<Answer>(await SelfEndpoints.RotateToken(early, host.Database, TestContext.Current.CancellationToken));

        Assert.False(answer.Success);
        Assert.Null(await db.Users.Where(row => row.Id == root.UserId).Select(row => row.AccessToken).SingleAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Deleting_oneself_is_soft_and_root_can_not()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var erin = await host.CreateUserAsync(root, "erin");

        Assert.False((await root.DeleteAsync("/api/user/self")).Success);
        Assert.True((await erin.DeleteAsync("/api/user/self")).Success);

        Assert.False((await erin.GetAsync("/api/user/self")).Success);
        var login = new JsonObject { ["username"] = "erin", ["password"] = "erin-pass-1" };
        Assert.Equal("Wrong user name or password, or the account is disabled", (await host.Anonymous.PostAsync("/api/user/login", login)).Message);
        Assert.Equal("This user name or e-mail is taken", (await host.Anonymous.PostAsync("/api/user/register", login)).Message);
        var listed = (await root.GetAsync("/api/user/")).Items.Single(user => user!["username"]!.GetValue<string>() == "erin")!;
        Assert.NotNull(listed["DeletedAt"]);
    }

    [Fact]
    public async Task Invitations_reward_both_and_the_reward_moves_to_the_balance_once()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        foreach (var (key, value) in ((string, string)[])[("QuotaForNewUser", "1000"), ("QuotaForInviter", "600000"), ("QuotaForInvitee", "20")])
        {
            Assert.True((await root.PutAsync("/api/option/", new JsonObject { ["key"] = key, ["value"] = value })).Success);
        }
        var alice = await host.CreateUserAsync(root, "alice");
        var code = (await alice.GetAsync("/api/user/aff")).Data!.GetValue<string>();
        Assert.Equal(4, code.Length);

        Assert.True((await host.Anonymous.PostAsync(
            "/api/user/register", new JsonObject { ["username"] = "bob", ["password"] = "bob-pass-1", ["aff_code"] = code })).Success);

        var bob = await host.LoginAsync("bob", "bob-pass-1");
        Assert.Equal(1020, (await bob.GetAsync("/api/user/self")).Data!["quota"]!.GetValue<long>());
        var self = (await alice.GetAsync("/api/user/self")).Data!;
        Assert.Equal((1, 600_000, 600_000, 1000), (
            self["aff_count"]!.GetValue<int>(), self["aff_quota"]!.GetValue<int>(), self["aff_history_quota"]!.GetValue<int>(), self["quota"]!.GetValue<int>()));

        var moves = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => alice.PostAsync("/api/user/aff_transfer", new JsonObject { ["quota"] = 500_000 })));
        Assert.Equal(1, moves.Count(move => move.Success));
        Assert.Equal(501_000, (await alice.GetAsync("/api/user/self")).Data!["quota"]!.GetValue<long>());
        await using var db = host.Database.Open();
        foreach (var user in await db.Users.ToListAsync(TestContext.Current.CancellationToken))
        {
            var entries = await db.Ledger.Where(row => row.UserId == user.Id).ToListAsync(TestContext.Current.CancellationToken);
            Assert.Equal(user.Quota, entries.Sum(row => row.Points));
        }
    }
}
