using System.Net;
using System.Text.Json.Nodes;
using LinqToDB;
using LinqToDB.Async;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Tests.Access;

public class DecisionOrderTests
{
    [Fact]
    public async Task Each_rule_answers_in_its_turn()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var alice = await host.CreateUserAsync(root, "alice");

        Is(await host.Anonymous.GetAsync("/api/user/self"), HttpStatusCode.Unauthorized, "Not logged in and no access token was sent");
        Is(await host.Anonymous.With("Authorization", "Bearer nobody-has-this").GetAsync("/api/user/self"), HttpStatusCode.OK, "The access token is not valid");
        Is(await (alice with { UserId = 0 }).GetAsync("/api/user/self"), HttpStatusCode.Unauthorized, "The New-Api-User header is missing");
        Is(await alice.With("New-Api-User", "two").GetAsync("/api/user/self"), HttpStatusCode.Unauthorized, "The New-Api-User header is not a number");
        Is(await alice.With("New-Api-User", "1").GetAsync("/api/user/self"), HttpStatusCode.Unauthorized, "The New-Api-User header names another user");
        Is(await alice.GetAsync("/api/user/"), HttpStatusCode.OK, "This needs a higher role");
        Assert.True((await alice.GetAsync("/api/user/self")).Success);

        await root.PostAsync("/api/user/manage", new JsonObject { ["id"] = alice.UserId, ["action"] = "disable" });
        Is(await alice.GetAsync("/api/user/self"), HttpStatusCode.OK, "This account is disabled");
        Is(await alice.With("New-Api-User", "1").GetAsync("/api/user/self"), HttpStatusCode.Unauthorized, "The New-Api-User header names another user");

        static void Is(Reply reply, HttpStatusCode status, string message)
        {
            Assert.Equal(status, reply.Status);
            Assert.False(reply.Json["success"]!.GetValue<bool>());
            Assert.Equal(message, reply.Message);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("Bearer ")]
    [InlineData("bearer ")]
    public async Task An_access_token_works_with_and_without_scheme(string scheme)
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var token = (await root.GetAsync("/api/user/token")).Data!.GetValue<string>();
        Assert.Equal(32, token.Length);

        var caller = host.Anonymous.With("Authorization", scheme + token);
        Assert.Equal(HttpStatusCode.Unauthorized, (await caller.GetAsync("/api/user/self")).Status);
        Assert.True((await caller.With("New-Api-User", "1").GetAsync("/api/user/self")).Success);

        await root.GetAsync("/api/user/token");
        Assert.False((await caller.With("New-Api-User", "1").GetAsync("/api/user/self")).Success);
    }

    [Fact]
    public async Task A_session_counts_before_a_token()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;

        Assert.True((await root.With("Authorization", "Bearer nobody-has-this").GetAsync("/api/user/self")).Success);
    }

    [Fact]
    public async Task Demoting_takes_effect_on_the_next_request()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var carol = await host.CreateUserAsync(root, "carol", role: 10);
        Assert.True((await carol.GetAsync("/api/user/")).Success);

        Assert.True((await root.PostAsync("/api/user/manage", new JsonObject { ["id"] = carol.UserId, ["action"] = "demote" })).Success);

        Assert.False((await carol.GetAsync("/api/user/")).Success);
    }

    [Fact]
    public async Task An_account_with_an_unknown_role_is_refused()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var alice = await host.CreateUserAsync(root, "alice");
        await host.Database.WriteAsync(
            (db, ct) => db.Users.Where(row => row.Id == alice.UserId).Set(row => row.Role, 7).UpdateAsync(ct), TestContext.Current.CancellationToken);

        Assert.Equal("This account is not valid", (await alice.GetAsync("/api/user/self")).Message);
    }
}
