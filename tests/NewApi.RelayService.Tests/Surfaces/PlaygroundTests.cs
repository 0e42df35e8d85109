using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using LinqToDB;
using LinqToDB.Async;
using Microsoft.Extensions.DependencyInjection;
using NewApi.Data.Rows;
using NewApi.Data.Sessions;
using NewApi.Testing.Upstreams;

namespace NewApi.RelayService.Tests.Surfaces;

/// <summary>The console's own chat: a session in place of a key, and the group in the body (specification: relay §1.2).</summary>
public sealed class PlaygroundTests
{
    private static readonly Dictionary<string, string> Groups = new()
    {
        ["GroupRatio"] = """{"default":1,"vip":3,"closed":1}""",
        ["UserUsableGroups"] = """{"default":"all","vip":"few"}""",
    };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_session_calls_in_the_group_that_it_names_and_the_wallet_pays()
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, upstream, row => row.Group = "vip")],
            options: Groups,
            token: key => (key.UnlimitedQuota, key.RemainQuota) = (false, 1_000));

        var reply = await PostAsync(relay, await CookieAsync(relay), "1", """{"group":"vip","messages":[{"role":"user","content":"好 <b>"}],"model":"gpt-4o"}""");

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal(OpenAIAnswers.Words, reply.Content);
        var asked = upstream.Requests.Single();
        Assert.Equal("/v1/chat/completions", asked.Path);
        Assert.Equal("""{"messages":[{"role":"user","content":"好 <b>"}],"model":"gpt-4o"}""", asked.Text);
        var row = Assert.Single(await relay.ChargesAsync());
        Assert.Equal((0L, "playground", "vip", 1L), (row.TokenId, row.TokenName, row.Group, row.UserId));
        var other = JsonNode.Parse(row.Other)!;
        Assert.Equal(("/pg/chat/completions", 3m), ((string?)other["request_path"], (decimal)other["group_ratio"]!));
        await using (var db = relay.Database.Open())
        {
            Assert.Equal((1_000L, 0L), await db.Tokens.Select(key => new ValueTuple<long, long>(key.RemainQuota, key.UsedQuota)).SingleAsync(Cancel));
        }
        await relay.AssertBooksAreRightAsync(row.Quota);
    }

    [Fact]
    public async Task Without_a_group_the_account_s_own_serves_and_streams_flow()
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync([RelayHost.Channel(1, upstream)], options: Groups);

        var reply = await PostAsync(relay, await CookieAsync(relay), "1", """{"group":null,"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"hi"}]}""");

        Assert.Equal(("text/event-stream", OpenAIAnswers.Words), (reply.ContentType, reply.Content));
        Assert.Equal("default", (await relay.ChargesAsync()).Single().Group);
    }

    [Theory]
    [InlineData("""{"group":"closed","model":"gpt-4o","messages":[]}""", 403)]
    [InlineData("""{"group":"nowhere","model":"gpt-4o","messages":[]}""", 403)]
    [InlineData("""{"group":7,"model":"gpt-4o","messages":[]}""", 400)]
    [InlineData("""{"group":"vip","group":"closed","model":"gpt-4o","messages":[]}""", 400)]
    [InlineData("[]", 400)]
    [InlineData("{", 400)]
    [InlineData("""{"group":"vip","messages":[]}""", 400)]
    public async Task Wrong_requests_are_told_in_the_caller_s_dialect(string body, int status)
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync([RelayHost.Channel(1, upstream, row => row.Group = "default,vip,closed")], options: Groups);

        var reply = await PostAsync(relay, await CookieAsync(relay), "1", body);

        Assert.Equal(status, (int)reply.Status);
        Assert.NotEmpty(reply.Json.GetProperty("error").GetProperty("message").GetString()!);
        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task Nobody_but_the_person_who_is_logged_in_may_call()
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync([RelayHost.Channel(1, upstream)], options: Groups);
        var cookie = await CookieAsync(relay);
        var pending = await relay.Services.GetRequiredService<SessionSeal>().SealAsync(new SessionState { PendingUserId = 1 }, Cancel);

        // Neither a key nor an access token opens it, and a page of another site cannot name the user.
        Assert.Equal(401, await StatusAsync(null, "1"));
        Assert.Equal(401, await StatusAsync(cookie, null));
        Assert.Equal(401, await StatusAsync(cookie, "2"));
        Assert.Equal(401, await StatusAsync(cookie[..^3] + "AAA", "1"));
        Assert.Equal(401, await StatusAsync("session=" + pending, "1"));
        Assert.Equal(200, await StatusAsync(cookie, "1"));

        await ChangeAsync(relay, user => user.Set(row => row.Status, 2));
        Assert.Equal(403, await StatusAsync(cookie, "1"));
        await ChangeAsync(relay, user => user.Set(row => row.Status, 1).Set(row => row.AuthVersion, row => row.AuthVersion + 1));
        Assert.Equal(401, await StatusAsync(cookie, "1"));
        await ChangeAsync(relay, user => user.Set(row => row.DeletedAt, DateTime.UnixEpoch));
        Assert.Equal(401, await StatusAsync(await CookieAsync(relay, version: 2), "1"));

        async Task<int> StatusAsync(string? with, string? user) =>
            (int)(await PostAsync(relay, with, user, """{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}""")).Status;
    }

    [Fact]
    public async Task The_request_limit_of_models_does_not_count_here()
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, upstream)],
            options: new()
            {
                ["ModelRequestRateLimitEnabled"] = "true",
                ["ModelRequestRateLimitCount"] = "1",
                ["limit_setting.rules"] = """{"key":{"*":{"rpm":1}}}""",
            });
        var cookie = await CookieAsync(relay);

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await PostAsync(relay, cookie, "1", """{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}""")).Status);
        }
        Assert.Equal(HttpStatusCode.OK, (await relay.ChatAsync()).Status);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await relay.ChatAsync()).Status);
    }

    private static async Task<string> CookieAsync(RelayHost relay, long version = 1) =>
        "session=" + await relay.Services.GetRequiredService<SessionSeal>().SealAsync(new SessionState { UserId = 1, AuthVersion = version }, Cancel);

    private static async Task<RelayReply> PostAsync(RelayHost relay, string? cookie, string? user, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/pg/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (cookie is not null)
        {
            request.Headers.Add("Cookie", cookie);
        }
        if (user is not null)
        {
            request.Headers.Add("New-Api-User", user);
        }
        using var response = await relay.Http.SendAsync(request, Cancel);
        return await RelayReply.ReadAsync(response, Cancel);
    }

    private static Task ChangeAsync(RelayHost relay, Func<IQueryable<UserRow>, LinqToDB.Linq.IUpdatable<UserRow>> change) =>
        relay.Database.WriteAsync((db, ct) => change(db.Users.Where(row => row.Id == 1)).UpdateAsync(ct), Cancel);
}
