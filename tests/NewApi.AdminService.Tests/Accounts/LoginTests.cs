using System.Text.Json.Nodes;
using LinqToDB;
using LinqToDB.Async;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Tests.Accounts;

public class LoginTests
{
    [Fact]
    public async Task All_causes_of_a_failed_login_give_one_answer()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var dave = await host.CreateUserAsync(root, "dave");
        await root.PostAsync("/api/user/manage", new JsonObject { ["id"] = dave.UserId, ["action"] = "disable" });

        var answers = new List<string>();
        foreach (var (name, password) in ((string, string)[])[("nobody", "some-pass-1"), ("root", "wrong-pass-1"), ("dave", "dave-pass-1"), ("' OR 1=1 --", "x")])
        {
            answers.Add((await host.Anonymous.PostAsync("/api/user/login", new JsonObject { ["username"] = name, ["password"] = password })).Text);
        }

        Assert.Single(answers.Distinct());
        Assert.False((await host.Anonymous.PostAsync("/api/user/login", new JsonObject { ["username"] = "", ["password"] = "" })).Success);
        Assert.False((await host.Anonymous.SendAsync(HttpMethod.Post, "/api/user/login", "not json")).Success);
    }

    [Fact]
    public async Task A_hash_that_the_reference_wrote_is_accepted_and_an_empty_one_never()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var alice = await host.CreateUserAsync(root, "alice");
        await SetHashAsync(host, alice.UserId, BCrypt.Net.BCrypt.HashPassword("from-elsewhere", 4));
        await host.LoginAsync("alice", "from-elsewhere");

        foreach (var hash in (string[])["", "no hash at all", "$2a$10$short"])
        {
            await SetHashAsync(host, alice.UserId, hash);
            Assert.False((await host.Anonymous.PostAsync("/api/user/login", new JsonObject { ["username"] = "alice", ["password"] = "from-elsewhere" })).Success);
        }

        static Task SetHashAsync(AdminHost host, long id, string hash) => host.Database.WriteAsync(
            (db, ct) => db.Users.Where(row => row.Id == id).Set(row => row.Password, hash).UpdateAsync(ct), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task The_e_mail_is_as_good_as_the_name()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        await host.Database.WriteAsync(
            (db, ct) => db.Users.Where(row => row.Id == root.UserId).Set(row => row.Email, "root@example.test").UpdateAsync(ct),
            TestContext.Current.CancellationToken);

        await host.LoginAsync("root@example.test", AdminHost.RootPassword);
    }

    [Fact]
    public async Task A_second_factor_is_asked_for_and_its_pending_session_opens_nothing()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        await host.Database.WriteAsync(
            (db, ct) => db.InsertAsync(new TwoFactorRow { UserId = root.UserId, Secret = "JBSWY3DPEHPK3PXP", IsEnabled = true }, token: ct),
            TestContext.Current.CancellationToken);

        var reply = await host.Anonymous.PostAsync("/api/user/login", new JsonObject { ["username"] = "root", ["password"] = AdminHost.RootPassword });

        JsonShape.Equal("""{"success":true,"message":"*","data":{"require_2fa":true}}""", reply.Text);
        var pending = root with { Cookie = reply.Headers.GetValues("Set-Cookie").Single().Split(';')[0] };
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, (await pending.GetAsync("/api/user/self")).Status);
    }

    [Fact]
    public async Task Switches_close_login_and_registration_for_everybody()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var body = new JsonObject { ["username"] = "bob", ["password"] = "bob-pass-1" };
        foreach (var key in (string[])["PasswordRegisterEnabled", "RegisterEnabled"])
        {
            await root.PutAsync("/api/option/", new JsonObject { ["key"] = key, ["value"] = false });
            Assert.False((await host.Anonymous.PostAsync("/api/user/register", body)).Success);
            await root.PutAsync("/api/option/", new JsonObject { ["key"] = key, ["value"] = true });
        }
        await root.PutAsync("/api/option/", new JsonObject { ["key"] = "EmailVerificationEnabled", ["value"] = true });
        Assert.False((await host.Anonymous.PostAsync("/api/user/register", body)).Success);
        await root.PutAsync("/api/option/", new JsonObject { ["key"] = "EmailVerificationEnabled", ["value"] = false });
        Assert.True((await host.Anonymous.PostAsync("/api/user/register", body)).Success);

        await root.PutAsync("/api/option/", new JsonObject { ["key"] = "PasswordLoginEnabled", ["value"] = false });
        Assert.Equal("Login by password is switched off", (await host.Anonymous.PostAsync("/api/user/login", body)).Message);
    }

    [Theory]
    [InlineData("bob", "short")]
    [InlineData("bob", "twenty-one-characters")]
    [InlineData("a-name-of-21-letters!", "bob-pass-1")]
    [InlineData("", "bob-pass-1")]
    [InlineData("   ", "bob-pass-1")]
    public async Task Names_and_passwords_have_bounds(string name, string password)
    {
        var (host, _) = await AdminHost.StartSetUpAsync();
        await using var _1 = host;

        Assert.False((await host.Anonymous.PostAsync("/api/user/register", new JsonObject { ["username"] = name, ["password"] = password })).Success);
    }

    [Fact]
    public async Task Of_many_registrations_of_one_name_at_once_one_succeeds()
    {
        var (host, _) = await AdminHost.StartSetUpAsync(new() { ["GENERATE_DEFAULT_TOKEN"] = "true" });
        await using var _1 = host;

        var replies = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ =>
            host.Anonymous.PostAsync("/api/user/register", new JsonObject { ["username"] = "bob", ["password"] = "bob-pass-1" })));

        Assert.Equal(1, replies.Count(reply => reply.Success));
        var bob = await host.LoginAsync("bob", "bob-pass-1");
        var key = (await bob.GetAsync("/api/token/")).Items.Single()!;
        Assert.Equal(("bob", true, -1), (key["name"]!.GetValue<string>(), key["unlimited_quota"]!.GetValue<bool>(), key["expired_time"]!.GetValue<long>()));
    }
}
