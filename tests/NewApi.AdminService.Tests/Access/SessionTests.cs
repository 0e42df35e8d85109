using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;

namespace NewApi.AdminService.Tests.Access;

public class SessionTests
{
    [Fact]
    public async Task The_cookie_has_the_attributes_of_the_specification()
    {
        var (host, _) = await AdminHost.StartSetUpAsync();
        await using var _1 = host;

        var reply = await host.Anonymous.PostAsync("/api/user/login", new JsonObject { ["username"] = "root", ["password"] = AdminHost.RootPassword });

        var attributes = reply.Headers.GetValues("Set-Cookie").Single().Split("; ").Skip(1).Select(part => part.ToLowerInvariant()).Order();
        Assert.Equal(["httponly", "max-age=2592000", "path=/", "samesite=strict"], attributes);
        JsonShape.Equal(
            """
            {"success":true,"message":"","data":{"id":1,"username":"root","display_name":"Root User","role":100,"status":1,"group":"default"}}
            """,
            reply.Text);
    }

    [Theory]
    [InlineData("a secret of our own", "a secret of our own", true)]
    [InlineData(null, null, true)]
    [InlineData("a secret of our own", "another secret", false)]
    public async Task A_second_node_on_the_same_database_reads_the_session_when_the_secret_is_the_same(string? first, string? second, bool works)
    {
        var (host, root) = await AdminHost.StartSetUpAsync(new() { ["SESSION_SECRET"] = first });
        await using var _ = host;
        await using var other = await AdminHost.StartAsync(new() { ["SESSION_SECRET"] = second }, host.SqlitePath);

        var reply = await (other.Anonymous with { Cookie = root.Cookie, UserId = 1 }).GetAsync("/api/user/self");

        Assert.Equal(works ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, reply.Status);
    }

    [Fact]
    public async Task A_changed_cookie_is_no_session()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var cookie = root.Cookie!;
        for (var i = "session=v1.".Length; i < cookie.Length; i += 7)
        {
            var forged = cookie[..i] + (cookie[i] == 'A' ? 'B' : 'A') + cookie[(i + 1)..];
            Assert.Equal(HttpStatusCode.Unauthorized, (await (root with { Cookie = forged }).GetAsync("/api/user/self")).Status);
        }
        Assert.Equal(HttpStatusCode.Unauthorized, (await (root with { Cookie = "session=MTc5NTM4NTM5MHxEWDhFQVFM" }).GetAsync("/api/user/self")).Status);
    }

    [Fact]
    public async Task A_session_lasts_thirty_days_and_no_longer()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(56));
        // A month of polls for changes of others would take a while.
        var (host, root) = await AdminHost.StartSetUpAsync(new() { ["SYNC_FREQUENCY"] = "86400" }, clock);
        await using var _ = host;

        clock.Advance(TimeSpan.FromDays(30) - TimeSpan.FromMinutes(1));
        Assert.True((await root.GetAsync("/api/user/self")).Success);

        clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(HttpStatusCode.Unauthorized, (await root.GetAsync("/api/user/self")).Status);
    }

    [Fact]
    public async Task Logging_out_clears_the_cookie()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;

        var reply = await root.GetAsync("/api/user/logout");

        Assert.True(reply.Success);
        Assert.Contains("session=;", reply.Headers.GetValues("Set-Cookie").Single());
    }

    [Fact]
    public async Task A_new_password_ends_other_sessions_and_keeps_the_own()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var here = await host.CreateUserAsync(root, "alice");
        var elsewhere = await host.LoginAsync("alice", "alice-pass-1");

        var reply = await here.PutAsync("/api/user/self", new JsonObject { ["password"] = "alice-pass-2", ["original_password"] = "alice-pass-1" });

        Assert.True(reply.Success, reply.Text);
        Assert.Equal(HttpStatusCode.Unauthorized, (await elsewhere.GetAsync("/api/user/self")).Status);
        var renewed = here with { Cookie = reply.Headers.GetValues("Set-Cookie").Single().Split(';')[0] };
        Assert.True((await renewed.GetAsync("/api/user/self")).Success);
        await host.LoginAsync("alice", "alice-pass-2");
    }
}
