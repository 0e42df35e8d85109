using System.Text.Json;
using NewApi.Domain.Options;

namespace NewApi.Domain.Tests.Options;

public class OptionCatalogTests
{
    [Fact]
    public void Every_default_is_a_value_that_it_would_accept()
    {
        foreach (var entry in OptionCatalog.Entries)
        {
            if (entry.Default is { } value)
            {
                Assert.Null(OptionCatalog.Validate(entry.Key, value));
            }

            if (entry is { Kind: OptionKind.Json, Default.Length: > 0 })
            {
                JsonDocument.Parse(entry.Default).Dispose();
            }
        }
    }

    [Fact]
    public void Keys_are_listed_once() =>
        Assert.Equal(OptionCatalog.Entries.Count, OptionCatalog.Entries.Select(entry => entry.Key).Distinct().Count());

    [Theory]
    [InlineData("SMTPToken", true)]
    [InlineData("StripeApiSecret", true)]
    [InlineData("EpayKey", true)]
    [InlineData("oidc.client_secret", true)]
    [InlineData("model_deployment.ionet.api_key", true)]
    [InlineData("SystemName", false)]
    [InlineData("GitHubClientId", false)]
    [InlineData("AutomaticDisableKeywords", false)]
    public void Secrets_are_known_by_their_ending(string key, bool expected) => Assert.Equal(expected, OptionCatalog.IsSecret(key));

    [Fact]
    public void Effective_values_are_defaults_then_rows_then_strangers()
    {
        var rows = new Dictionary<string, string> { ["SystemName"] = "Ours", ["SomeUnknownKey"] = "42", ["LinuxDOClientId"] = "id" };

        var effective = OptionCatalog.Effective(rows);

        Assert.Contains(new("SystemName", "Ours"), effective);
        Assert.Contains(new("RetryTimes", "0"), effective);
        Assert.Contains(new("LinuxDOClientId", "id"), effective);
        Assert.Equal(new KeyValuePair<string, string>("SomeUnknownKey", "42"), effective[^1]);
        Assert.DoesNotContain(effective, option => option.Key == "FAQ");
    }

    [Theory]
    [InlineData("ModelRatio", """{"m":-1}""")]
    [InlineData("CompletionRatio", """{"m":"NaN"}""")]
    [InlineData("TopupGroupRatio", "[1]")]
    [InlineData("SelfUseModeEnabled", "yes")]
    public void Value_that_would_be_ignored_is_refused(string key, string value) => Assert.NotNull(OptionCatalog.Validate(key, value));

    [Fact]
    public void Unknown_key_takes_anything() => Assert.Null(OptionCatalog.Validate("SomeUnknownKey", "{oops"));

    [Theory]
    [InlineData("401", "401")]
    [InlineData(" 500 - 503 ，401", "401,500-503")]
    [InlineData("500-503,502-510,511", "500-511")]
    [InlineData("", "")]
    [InlineData(null, "")]
    public void Status_codes_merge_into_ranges(string? text, string expected)
    {
        Assert.True(StatusCodeRanges.TryParse(text, out var ranges));
        Assert.Equal(expected, ranges.ToString());
    }

    [Fact]
    public void Shipped_retry_codes_leave_out_bad_requests_and_gateway_timeouts()
    {
        var codes = GatewayOptions.Default.AutomaticRetryStatusCodes;

        Assert.All((int[])[401, 404, 429, 500, 503, 599, 101, 307], code => Assert.True(codes.Contains(code)));
        Assert.All((int[])[200, 400, 408, 504, 524, 99, 600, -1], code => Assert.False(codes.Contains(code)));
    }
}
