using System.Net;
using System.Text.Json;
using LinqToDB.Async;
using Microsoft.AspNetCore.Http;
using NewApi.Data.Rows;
using NewApi.Testing.Upstreams;

namespace NewApi.RelayService.Tests.Pricing;

/// <summary>Prices that depend on more than tokens, from the request to the books.</summary>
public sealed class PricedCallTests
{
    private const string Formula =
        """{"gpt-4o":"param('service_tier') == 'priority' && has(header('X-Plan'), 'gold') ? tier('fast', p*6 + c*12) : tier('slow', p*2 + c*4)"}""";

    [Theory]
    [InlineData("priority", "gold", true, "fast", 6000)]
    [InlineData("priority", "gold", false, "fast", 6000)]
    [InlineData("priority", "", false, "slow", 2000)]
    [InlineData("default", "gold", true, "slow", 2000)]
    public async Task Formula_sees_the_request_until_the_bill(string serviceTier, string plan, bool stream, string tier, long points)
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync([RelayHost.Channel(1, upstream)], options: new()
        {
            ["billing_setting.billing_mode"] = """{"gpt-4o":"tiered_expr"}""",
            ["billing_setting.billing_expr"] = Formula,
        });
        relay.Http.DefaultRequestHeaders.Add("X-Plan", plan);
        // Long enough for the body to be let go before the settlement.
        var prompt = new string('x', 40_000);

        var reply = await relay.PostAsync(
            "/v1/chat/completions",
            $$"""{"model":"gpt-4o","stream":{{(stream ? "true" : "false")}},"max_tokens":50,"messages":[{"role":"user","content":"{{prompt}}"}],"service_tier":"{{serviceTier}}"}""");

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        var row = Assert.Single(await relay.ChargesAsync());
        var other = JsonDocument.Parse(row.Other).RootElement;
        Assert.Equal((points, tier), (row.Quota, other.GetProperty("matched_tier").GetString()));
        Assert.Equal("tiered_expr", other.GetProperty("billing_mode").GetString());
        Assert.DoesNotContain("gold", row.Other, StringComparison.Ordinal);
        await relay.AssertBooksAreRightAsync(points);
    }

    [Fact]
    public async Task Formula_that_has_no_answer_refuses_the_call_before_it_costs()
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync([RelayHost.Channel(1, upstream)], options: new()
        {
            ["billing_setting.billing_mode"] = """{"gpt-4o":"tiered_expr"}""",
            ["billing_setting.billing_expr"] = """{"gpt-4o":"param('copies') == nil ? p : p * param('copies')"}""",
        });

        var reply = await relay.PostAsync(
            "/v1/chat/completions", """{"model":"gpt-4o","copies":"many","messages":[{"role":"user","content":"x"}]}""");

        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
        Assert.Equal("model_price_error", reply.Json.GetProperty("error").GetProperty("code").GetString());
        Assert.Empty(upstream.Requests);
        await relay.AssertBooksAreRightAsync(0);
    }

    [Theory]
    [InlineData("default", 25_000)]
    [InlineData("half", 12_500)]
    public async Task Violation_costs_its_fee_once_and_is_not_retried(string group, long points)
    {
        await using var upstream = await FakeUpstream.StartAsync(Refuse);
        await using var second = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, upstream, row => (row.Priority, row.Group) = (5, group)), RelayHost.Channel(2, second, row => row.Group = group)],
            options: new()
            {
                ["RetryTimes"] = "3",
                ["GroupRatio"] = """{"default":1,"half":0.5}""",
                ["UserUsableGroups"] = """{"default":"d","half":"h"}""",
            },
            token: token => token.Group = group);

        var reply = await relay.ChatAsync();

        Assert.Equal(HttpStatusCode.Forbidden, reply.Status);
        Assert.Equal("violation_fee.safety_check", reply.Json.GetProperty("error").GetProperty("code").GetString());
        Assert.Empty(second.Requests);
        var row = Assert.Single(await relay.ChargesAsync());
        Assert.Equal(points, row.Quota);
        var other = JsonDocument.Parse(row.Other).RootElement;
        Assert.True(other.GetProperty("violation_fee").GetBoolean());
        Assert.Equal(points, other.GetProperty("fee_quota").GetInt64());
        Assert.Equal(403, other.GetProperty("status_code").GetInt32());
        Assert.Equal("SAFETY_CHECK_TYPE", other.GetProperty("violation_fee_marker").GetString());
        await relay.AssertBooksAreRightAsync(points);
    }

    [Fact]
    public async Task Violation_costs_nothing_where_the_operator_does_not_want_it()
    {
        await using var upstream = await FakeUpstream.StartAsync(Refuse);
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, upstream)], options: new() { ["grok.violation_deduction_enabled"] = "false" });

        Assert.Equal(HttpStatusCode.Forbidden, (await relay.ChatAsync()).Status);
        await relay.AssertBooksAreRightAsync(0);
    }

    [Fact]
    public async Task Built_in_tools_are_charged_and_an_unpriced_one_is_told_once()
    {
        await using var upstream = await FakeUpstream.StartAsync(Json(
            """{"id":"r","object":"response","status":"completed","model":"gpt-4o","tools":[{"type":"web_search_preview"}],"output":[{"type":"web_search_call","status":"completed","action":{"type":"search"}},{"type":"image_generation_call","status":"completed","quality":"low","size":"1024x1024"},{"type":"telepathy_call","status":"completed"},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Hi"}]}],"usage":{"input_tokens":1000,"output_tokens":500,"total_tokens":1500}}"""));
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, upstream)],
            options: new() { ["tool_price_setting.prices"] = """{"image_generation/low/1024x1024":11}""" });

        for (var call = 0; call < 2; call++)
        {
            var reply = await relay.PostAsync("/v1/responses", """{"model":"gpt-4o","input":"x"}""");
            Assert.Equal(HttpStatusCode.OK, reply.Status);
        }

        // Tokens, 25 dollars per thousand searches, 11 per thousand small images.
        const long Points = 3_750 + 12_500 + 5_500;
        var rows = await relay.ChargesAsync(2);
        Assert.All(rows, row => Assert.Equal(Points, row.Quota));
        Assert.Contains("web_search_preview: 1 at 25", rows[0].Content, StringComparison.Ordinal);
        Assert.Contains("\"unpriced_tools\":[\"telepathy\"]", rows[0].Other, StringComparison.Ordinal);
        Assert.Single(relay.Output.Lines, line => line.Contains("telepathy", StringComparison.Ordinal));
        await relay.AssertBooksAreRightAsync(2 * Points);
    }

    [Fact]
    public async Task Model_that_searches_by_itself_is_charged_a_search()
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, upstream, row => row.Models = "gpt-4o-search-preview")],
            options: new() { ["ModelRatio"] = """{"gpt-4o-search-preview":1.25}""" });

        await relay.ChatAsync(model: "gpt-4o-search-preview");

        Assert.Equal(3_750 + 12_500, Assert.Single(await relay.ChargesAsync()).Quota);
    }

    [Fact] // example 34
    public async Task Cache_writes_behind_openrouter_are_found_in_its_cost()
    {
        await using var upstream = await FakeUpstream.StartAsync(Json(
            """{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10000,"completion_tokens":500,"total_tokens":10500,"cost":0.0228,"prompt_tokens_details":{"cached_tokens":6000}}}"""));
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, upstream, row => (row.Type, row.Models) = (20, "claude-sonnet-4-20250514"))]);

        await relay.ChatAsync(model: "claude-sonnet-4-20250514");

        var row = Assert.Single(await relay.ChargesAsync());
        Assert.Equal(11_400, row.Quota);
        Assert.Equal(2000, JsonDocument.Parse(row.Other).RootElement.GetProperty("cache_creation_tokens").GetInt64());
    }

    [Fact]
    public async Task Group_that_comes_to_serve_is_the_one_that_is_billed()
    {
        await using var broken = await FakeUpstream.StartAsync(Faults.Status(500));
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync(
            [
                RelayHost.Channel(1, broken, row => row.Group = "cheap"),
                RelayHost.Channel(2, upstream, row => row.Group = "dear"),
            ],
            options: new()
            {
                ["GroupRatio"] = """{"cheap":0.1,"dear":2,"default":1}""",
                ["AutoGroups"] = """["cheap","dear"]""",
                ["UserUsableGroups"] = """{"cheap":"c","dear":"d","auto":"a"}""",
            },
            token: token => (token.Group, token.CrossGroupRetry) = ("auto", true));

        var reply = await relay.ChatAsync();

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        var row = Assert.Single(await relay.ChargesAsync());
        Assert.Equal((7_500, "dear"), (row.Quota, row.Group));
        await relay.AssertBooksAreRightAsync(7_500);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Purchase_price_of_the_channel_becomes_cost_and_margin(bool stream)
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync([RelayHost.Channel(1, upstream, row => row.Purchase = """{"*":{"ratio":0.6}}""")]);

        await relay.ChatAsync(stream);

        var row = Assert.Single(await relay.ChargesAsync());
        Assert.Equal(2_250, JsonDocument.Parse(row.Other).RootElement.GetProperty("admin_info").GetProperty("purchase_quota").GetInt64());
        await relay.AssertBooksAreRightAsync(3_750);
        await using var db = relay.Database.Open();
        var sums = await db.QuotaData.ToListAsync(TestContext.Current.CancellationToken);
        Assert.Equal((3_750, 2_250, 1_500, 1, 1_500), (sums.Sum(sum => sum.Quota), sums.Sum(sum => sum.Cost), sums.Sum(sum => sum.Margin), sums.Sum(sum => sum.Count), sums.Sum(sum => sum.TokenUsed)));
    }

    private static Task Refuse(HttpContext http, UpstreamRequestRecord request)
    {
        http.Response.StatusCode = 403;
        return http.Response.WriteAsync(
            """{"code":"The caller does not have permission to execute the specified operation","error":"Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_TEST"}""");
    }

    private static UpstreamScript Json(string body) => (http, _) =>
    {
        http.Response.ContentType = "application/json";
        return http.Response.WriteAsync(body);
    };
}
