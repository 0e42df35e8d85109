using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using NewApi.AdminService.Access;

namespace NewApi.AdminService.Tests.Accounts;

public class SecondFactorTests
{
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UnixEpoch.AddYears(56));

    [Theory]
    [InlineData(1, "287082")]
    [InlineData(37037036, "081804")]
    [InlineData(666666666, "353130")]
    public void Codes_are_those_of_the_standard(long step, string code)
    {
        Assert.Equal(code, TimeCodes.CodeOf("12345678901234567890"u8.ToArray(), step));
        Assert.Equal("12345678901234567890"u8.ToArray(), TimeCodes.Decode("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"));
    }

    [Fact]
    public async Task Setting_up_logging_in_and_switching_off_take_codes_that_work_once()
    {
        var (host, root) = await AdminHost.StartSetUpAsync(clock: _clock);
        await using var _ = host;
        var (secret, backup) = await SetUpAsync(root);
        JsonShape.Equal(
            """{"success":true,"message":"","data":{"enabled":true,"locked":false,"backup_codes_remaining":4}}""",
            (await root.GetAsync("/api/user/2fa/status")).Text);
        Assert.False((await root.PostAsync("/api/user/2fa/setup")).Success);

        var first = await PendingAsync(host);
        Assert.False((await first.PostAsync("/api/user/login/2fa", Code(Now(secret)))).Success);
        _clock.Advance(TimeSpan.FromSeconds(30));
        var entered = await first.PostAsync("/api/user/login/2fa", Code(Now(secret).Insert(3, " ")));
        Assert.True(entered.Success, entered.Text);
        Assert.Equal("root", entered.Data!["username"]!.GetValue<string>());

        Assert.True((await first.PostAsync("/api/user/login/2fa", Code(backup[0].ToLowerInvariant()))).Success);
        Assert.False((await first.PostAsync("/api/user/login/2fa", Code(backup[0]))).Success);
        Assert.Equal(3, (await root.GetAsync("/api/user/2fa/status")).Data!["backup_codes_remaining"]!.GetValue<int>());

        Assert.True((await root.PostAsync("/api/user/2fa/disable", Code(backup[1]))).Success);
        Assert.False((await root.GetAsync("/api/user/2fa/status")).Data!["enabled"]!.GetValue<bool>());
        await host.LoginAsync("root", AdminHost.RootPassword);
    }

    [Fact]
    public async Task Five_wrong_codes_lock_it_for_five_minutes_however_fast_they_come()
    {
        var (host, root) = await AdminHost.StartSetUpAsync(clock: _clock);
        await using var _ = host;
        var (secret, _) = await SetUpAsync(root);
        _clock.Advance(TimeSpan.FromMinutes(1));
        var pending = await PendingAsync(host);

        var replies = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => pending.PostAsync("/api/user/login/2fa", Code("abcdef"))));

        Assert.All(replies, reply => Assert.False(reply.Success));
        Assert.Equal("Too many wrong codes; try again in five minutes", (await pending.PostAsync("/api/user/login/2fa", Code(Now(secret)))).Message);
        _clock.Advance(TimeSpan.FromSeconds(301));
        Assert.True((await pending.PostAsync("/api/user/login/2fa", Code(Now(secret)))).Success);
    }

    [Fact]
    public async Task Without_a_password_first_no_code_opens_anything()
    {
        var (host, root) = await AdminHost.StartSetUpAsync(clock: _clock);
        await using var _ = host;
        var (secret, _) = await SetUpAsync(root);
        var pending = await PendingAsync(host);
        _clock.Advance(TimeSpan.FromMinutes(1));

        Assert.False((await host.Anonymous.PostAsync("/api/user/login/2fa", Code(Now(secret)))).Success);
        _clock.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal("Log in with your password first", (await pending.PostAsync("/api/user/login/2fa", Code(Now(secret)))).Message);
    }

    [Fact]
    public async Task An_administrator_takes_it_away_from_those_below()
    {
        var (host, root) = await AdminHost.StartSetUpAsync(clock: _clock);
        await using var _ = host;
        var alice = await host.CreateUserAsync(root, "alice");
        var carol = await host.CreateUserAsync(root, "carol", role: 10);
        await SetUpAsync(alice);
        await SetUpAsync(root);
        JsonShape.Equal(
            """{"success":true,"message":"","data":{"total_users":3,"enabled_users":2,"enabled_rate":"66.7%"}}""", (await carol.GetAsync("/api/user/2fa/stats")).Text);

        Assert.False((await carol.DeleteAsync("/api/user/1/2fa")).Success);
        Assert.True((await carol.DeleteAsync($"/api/user/{alice.UserId}/2fa")).Success);

        await host.LoginAsync("alice", "alice-pass-1");
    }

    private async Task<(string Secret, string[] Backup)> SetUpAsync(Session user)
    {
        var data = (await user.PostAsync("/api/user/2fa/setup")).Data!;
        var secret = data["secret"]!.GetValue<string>();
        Assert.StartsWith("otpauth://totp/New%20API:", data["qr_code_data"]!.GetValue<string>());
        Assert.False((await user.PostAsync("/api/user/2fa/enable", Code("000000"))).Success);
        Assert.True((await user.PostAsync("/api/user/2fa/enable", Code(Now(secret)))).Success);
        return (secret, [.. data["backup_codes"]!.AsArray().Select(code => code!.GetValue<string>())]);
    }

    private static async Task<Session> PendingAsync(AdminHost host)
    {
        var reply = await host.Anonymous.PostAsync("/api/user/login", new JsonObject { ["username"] = "root", ["password"] = AdminHost.RootPassword });
        Assert.True(reply.Data!["require_2fa"]!.GetValue<bool>());
        return host.Anonymous with { Cookie = reply.Headers.GetValues("Set-Cookie").Single().Split(';')[0] };
    }

    private string Now(string secret) => TimeCodes.CodeOf(TimeCodes.Decode(secret), _clock.GetUtcNow().ToUnixTimeSeconds() / 30);

    private static JsonObject Code(string code) => new() { ["code"] = code };
}
