using NewApi.Domain.Options;

namespace NewApi.Domain.Tests.Options;

public class GatewayOptionsTests
{
    [Fact]
    public void Empty_table_means_the_shipped_defaults()
    {
        var options = Parse(out var problems);

        Assert.Empty(problems);
        Assert.Equal(500_000, options.QuotaPerUnit);
        Assert.Equal(500, options.PreConsumedQuota);
        Assert.Equal(0, options.RetryTimes);
        Assert.Equal(1.25m, options.ModelRatio["gpt-4o"]);
        Assert.Equal(0.04m, options.ModelPrice["dall-e-3"]);
        Assert.Equal(["default"], options.AutoGroups);
        Assert.Equal(TimeSpan.FromSeconds(60), options.General.PingInterval);
        Assert.Equal("http://localhost:3000", options.ServerAddress);
        Assert.Equal(8192, options.Claude.DefaultMaxTokens("claude-opus-4-8"));
        Assert.Equal("v1", options.Gemini.Version("gemini-1.0-pro"));
        Assert.Equal("v1beta", options.Gemini.Version("gemini-2.5-pro"));
        Assert.Equal(7, options.AutomaticDisableKeywords.Count);
        Assert.True(options.EnableFreeModelPreConsume);
        Assert.Equal(["80", "443", "8080", "8443"], options.Fetch.AllowedPorts);
    }

    [Theory]
    [InlineData("true", true)]
    [InlineData("false", false)]
    [InlineData("True", false)]
    [InlineData("1", false)]
    [InlineData("", false)]
    public void Flag_is_true_or_it_is_not(string text, bool expected) =>
        Assert.Equal(expected, Parse(out _, ("SelfUseModeEnabled", text)).SelfUseModeEnabled);

    [Fact]
    public void Whole_number_drops_its_fraction() =>
        Assert.Equal(2, Parse(out _, ("RetryTimes", "2.000000")).RetryTimes);

    [Theory]
    [InlineData("QuotaPerUnit", "0")]
    [InlineData("QuotaPerUnit", "-1")]
    [InlineData("QuotaPerUnit", "NaN")]
    [InlineData("RetryTimes", "-1")]
    [InlineData("RetryTimes", "many")]
    [InlineData("SMTPPort", "99999")]
    [InlineData("AutomaticRetryStatusCodes", "500-400")]
    [InlineData("AutomaticDisableStatusCodes", "9")]
    [InlineData("ModelRatio", "{oops")]
    [InlineData("ModelRatio", "[]")]
    [InlineData("GroupGroupRatio", "1")]
    [InlineData("AutoGroups", "{}")]
    [InlineData("UserUsableGroups", "null")]
    [InlineData("ModelRequestRateLimitGroup", """{"vip":[1]}""")]
    [InlineData("Chats", "[")]
    [InlineData("general_setting.quota_display_type", "EUR")]
    [InlineData("claude.default_max_tokens", """{"default":"many"}""")]
    public void Value_that_cannot_be_read_keeps_the_default_and_is_reported(string key, string value)
    {
        var options = Parse(out var problems, (key, value));

        Assert.StartsWith(key, Assert.Single(problems), StringComparison.Ordinal);
        Assert.Equal(GatewayOptions.Default.QuotaPerUnit, options.QuotaPerUnit);
        Assert.Equal(GatewayOptions.Default.RetryTimes, options.RetryTimes);
        Assert.Equal(GatewayOptions.Default.ModelRatio.Count, options.ModelRatio.Count);
        Assert.Equal(GatewayOptions.Default.UserUsableGroups.Count, options.UserUsableGroups.Count);
        Assert.Equal(GatewayOptions.Default.AutomaticRetryStatusCodes.ToString(), options.AutomaticRetryStatusCodes.ToString());
        Assert.NotNull(OptionCatalog.Validate(key, value));
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("1e400")]
    [InlineData("1e10")]
    [InlineData("\"1\"")]
    [InlineData("null")]
    public void Entry_that_cannot_be_a_price_is_left_out_alone(string figure)
    {
        var options = Parse(out var problems, ("ModelRatio", $$"""{"good":0.1,"bad":{{figure}}}"""));

        Assert.Equal(0.1m, Assert.Single(options.ModelRatio).Value);
        Assert.Contains("bad", Assert.Single(problems), StringComparison.Ordinal);
    }

    [Fact]
    public void Problems_do_not_quote_values()
    {
        Parse(out var problems, ("Chats", "hunter2"), ("ModelRatio", "hunter2"), ("RetryTimes", "hunter2"), ("AutoGroups", "hunter2"));

        Assert.Equal(4, problems.Count);
        Assert.DoesNotContain(problems, problem => problem.Contains("hunter2", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("0.1", "0.1")]
    [InlineData("1.0", "1")]
    [InlineData("1e-7", "0.0000001")]
    [InlineData("0.273972602739726", "0.273972602739726")]
    public void Ratios_are_exact_decimals_without_trailing_zeros(string literal, string expected)
    {
        var ratio = Parse(out _, ("ModelRatio", $$"""{"m":{{literal}}}""")).ModelRatio["m"];

        Assert.Equal(expected, ratio.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public void Group_ratios_are_read_under_either_name()
    {
        Assert.Equal(0.8m, Parse(out _, ("GroupRatio", """{"vip":0.8}""")).GroupRatio["vip"]);
        Assert.Equal(0.7m, Parse(out _, ("group_ratio_setting.group_ratio", """{"vip":0.7}""")).GroupRatio["vip"]);
        Assert.Equal(
            ["GroupRatio", "group_ratio_setting.group_ratio"],
            OptionCatalog.RowsFor("GroupRatio", "{}").Select(row => row.Key));
    }

    [Fact]
    public void Legacy_currency_switch_still_chooses_the_display()
    {
        Assert.Equal(QuotaDisplay.Usd, GatewayOptions.Default.General.QuotaDisplayType);
        Assert.Equal(QuotaDisplay.Tokens, Parse(out _, ("DisplayInCurrencyEnabled", "false")).General.QuotaDisplayType);
        Assert.Equal(
            QuotaDisplay.Cny,
            Parse(out _, ("DisplayInCurrencyEnabled", "false"), ("general_setting.quota_display_type", "CNY")).General.QuotaDisplayType);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-5")]
    public void Ping_interval_that_is_not_positive_means_ten_seconds(string seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(10), Parse(out _, ("general_setting.ping_interval_seconds", seconds)).General.PingInterval);

    [Fact]
    public void Words_are_lowered_and_empty_lines_dropped() =>
        Assert.Equal(["bad word", "other"], Parse(out _, ("SensitiveWords", "Bad Word\r\n\n  OTHER \n")).SensitiveWords);

    private static GatewayOptions Parse(out IReadOnlyList<string> problems, params (string Key, string Value)[] rows) =>
        GatewayOptions.Parse(rows.ToDictionary(row => row.Key, row => row.Value), out problems);
}
