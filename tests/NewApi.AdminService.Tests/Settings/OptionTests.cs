using System.Net;
using System.Text.Json.Nodes;

namespace NewApi.AdminService.Tests.Settings;

public class OptionTests
{
    [Fact]
    public async Task The_list_has_what_is_in_force_and_no_secrets()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        foreach (var (key, value) in ((string, string)[])
            [("SMTPToken", "smtp-hidden"), ("StripeApiSecret", "stripe-hidden"), ("EpayKey", "epay-hidden"), ("oidc.client_secret", "oidc-hidden"),
             ("model_deployment.ionet.api_key", "ionet-hidden"), ("TurnstileSiteKey", "site-hidden"), ("SomeUnknownOption", "42")])
        {
            Assert.True((await root.PutAsync("/api/option/", new JsonObject { ["key"] = key, ["value"] = value })).Success);
        }

        var reply = await root.GetAsync("/api/option/");

        Assert.DoesNotContain("hidden", reply.Text);
        var options = ((JsonArray)reply.Data!).ToDictionary(option => option!["key"]!.GetValue<string>(), option => option!["value"]!.GetValue<string>());
        Assert.Equal("42", options["SomeUnknownOption"]);
        Assert.Equal("500000", options["QuotaPerUnit"]);
        Assert.Equal("false", options["oidc.enabled"]);
        Assert.StartsWith("{", options["ModelRatio"]);
        Assert.DoesNotContain("SMTPToken", options.Keys);
    }

    [Theory]
    [InlineData("\"hello\"", "hello")]
    [InlineData("true", "true")]
    [InlineData("2000000", "2000000")]
    [InlineData("0.5", "0.5")]
    public async Task Values_may_be_text_numbers_and_booleans(string json, string stored)
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;

        Assert.True((await root.SendAsync(HttpMethod.Put, "/api/option/", $$"""{"key":"Anything","value":{{json}}}""")).Success);

        var option = ((JsonArray)(await root.GetAsync("/api/option/")).Data!).Single(entry => entry!["key"]!.GetValue<string>() == "Anything")!;
        Assert.Equal(stored, option["value"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"key":"Anything","value":{"a":1}}""")]
    public async Task What_is_no_option_is_a_400(string body)
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;

        var reply = await root.SendAsync(HttpMethod.Put, "/api/option/", body);

        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
        Assert.False(reply.Json["success"]!.GetValue<bool>());
    }

    [Theory]
    [InlineData("", "x")]
    [InlineData("GroupRatio", "{oops")]
    [InlineData("GroupRatio", "{\"default\":-1}")]
    [InlineData("ModelRatio", "{\"gpt-4o\":\"cheap\"}")]
    [InlineData("ImageRatio", "[]")]
    [InlineData("GitHubOAuthEnabled", "true")]
    [InlineData("LinuxDOOAuthEnabled", "true")]
    [InlineData("discord.enabled", "true")]
    [InlineData("oidc.enabled", "true")]
    [InlineData("WeChatAuthEnabled", "true")]
    [InlineData("TelegramOAuthEnabled", "true")]
    [InlineData("TurnstileCheckEnabled", "true")]
    [InlineData("ModelRequestRateLimitGroup", "{\"vip\":[0,0]}")]
    [InlineData("ModelRequestRateLimitGroup", "{\"vip\":[-1,5]}")]
    [InlineData("ModelRequestRateLimitGroup", "{\"vip\":[1,2147483648]}")]
    [InlineData("ModelRequestRateLimitGroup", "{\"vip\":5}")]
    [InlineData("AutomaticDisableStatusCodes", "401,abc")]
    [InlineData("AutomaticRetryStatusCodes", "500-400")]
    [InlineData("RetryTimes", "three")]
    [InlineData("AutoGroups", "{oops")]
    [InlineData("console_setting.faq", "[{\"question\":\"q\",\"answer\":\"<script>alert(1)</script>\"}]")]
    [InlineData("console_setting.faq", "{}")]
    [InlineData("console_setting.uptime_kuma_groups", "[{\"categoryName\":\"a\",\"url\":\"https://x.test\",\"slug\":\"a b\"}]")]
    [InlineData("console_setting.announcements", "[{\"content\":\"x\",\"publishDate\":\"tomorrow\"}]")]
    [InlineData("console_setting.api_info", "[{\"url\":\"javascript:alert(1)\",\"route\":\"r\",\"description\":\"d\",\"color\":\"blue\"}]")]
    public async Task Values_that_would_break_something_are_refused(string key, string value)
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;

        var reply = await root.PutAsync("/api/option/", new JsonObject { ["key"] = key, ["value"] = value });

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.False(reply.Success);
        Assert.NotEqual("", reply.Message);
    }

    [Fact]
    public async Task A_switch_is_accepted_once_what_it_needs_is_there()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        Assert.True((await root.PutAsync("/api/option/", new JsonObject { ["key"] = "GitHubClientId", ["value"] = "abc" })).Success);
        Assert.True((await root.PutAsync("/api/option/", new JsonObject { ["key"] = "GitHubOAuthEnabled", ["value"] = "true" })).Success);

        Assert.True((await host.Anonymous.GetAsync("/api/status")).Data!["github_oauth"]!.GetValue<bool>());
    }

    [Fact]
    public async Task Options_take_effect_at_once()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        foreach (var (key, path) in ((string, string)[])
            [("Notice", "/api/notice"), ("About", "/api/about"), ("HomePageContent", "/api/home_page_content"),
             ("legal.user_agreement", "/api/user-agreement"), ("legal.privacy_policy", "/api/privacy-policy")])
        {
            await root.PutAsync("/api/option/", new JsonObject { ["key"] = key, ["value"] = "# hello **" + key + "**" });
            JsonShape.Equal($$"""{"success":true,"message":"","data":"# hello **{{key}}**"}""", (await host.Anonymous.GetAsync(path)).Text);
        }
        await root.PutAsync("/api/option/", new JsonObject { ["key"] = "DisplayInCurrencyEnabled", ["value"] = false });
        Assert.Equal("TOKENS", (await host.Anonymous.GetAsync("/api/status")).Data!["quota_display_type"]!.GetValue<string>());
    }

    [Fact]
    public async Task Model_ratios_go_back_to_the_shipped_table()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        await root.PutAsync("/api/option/", new JsonObject { ["key"] = "ExposeRatioEnabled", ["value"] = true });
        await root.PutAsync("/api/option/", new JsonObject { ["key"] = "ModelRatio", ["value"] = "{\"mine\":1}" });
        Assert.Single((JsonObject)(await host.Anonymous.GetAsync("/api/ratio_config")).Data!["model_ratio"]!);

        Assert.True((await root.PostAsync("/api/option/rest_model_ratio")).Success);

        Assert.True(((JsonObject)(await host.Anonymous.GetAsync("/api/ratio_config")).Data!["model_ratio"]!).Count > 50);
    }
}
