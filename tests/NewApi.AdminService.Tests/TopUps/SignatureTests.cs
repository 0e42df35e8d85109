using System.Text;
using Microsoft.Extensions.Time.Testing;
using NewApi.Domain.Options;
using NewApi.Payments;

namespace NewApi.AdminService.Tests.TopUps;

/// <summary>Signatures against values that other implementations of the providers' documentation computed.</summary>
public class SignatureTests
{
    [Fact]
    public void Epay_signs_sorted_parameters_that_are_not_empty_with_the_key_behind_them()
    {
        var parameters = new Dictionary<string, string>
        {
            ["pid"] = "1001",
            ["type"] = "alipay",
            ["out_trade_no"] = "20160806151343349",
            ["notify_url"] = "http://www.example.com/notify_url.php",
            ["return_url"] = "http://www.example.com/return_url.php",
            ["name"] = "VIP会员",
            ["money"] = "1.00",
            ["param"] = "",
            ["sign"] = "whatever",
            ["sign_type"] = "MD5",
        };

        Assert.Equal("1156f417735c752cbd835fd4db8ef84e", Epay.Sign(parameters, "89unJUB8HZ54Hj7x4nUj56HN4nUzUJ8i"));
    }

    [Theory]
    [InlineData("fafb054f99b2a551d5d26f7150bdbd56494f2c99ec012986ad2285eb645ba5f8", true)]
    [InlineData("aafb054f99b2a551d5d26f7150bdbd56494f2c99ec012986ad2285eb645ba5f8", false)]
    [InlineData("", false)]
    public void Creem_signs_the_body_with_the_secret(string signature, bool genuine)
    {
        var body = """{"id":"evt_5WHHcZPv7VS0YUsberIuOz","eventType":"checkout.completed"}"""u8;

        Assert.Equal(genuine, Creem.IsGenuine(body, signature, Options(("CreemApiKey", "k"), ("CreemWebhookSecret", "whsec_creem"))));
        Assert.False(Creem.IsGenuine(body, signature, Options(("CreemApiKey", "k"), ("CreemTestMode", "true"))));
    }

    [Theory]
    [InlineData(1_700_000_000, 1_700_000_000, true)]
    [InlineData(1_700_000_000, 1_700_000_299, true)]
    [InlineData(1_700_000_000, 1_700_000_301, false)]
    [InlineData(1_700_000_001, 1_700_000_001, false)]
    public void Stripe_signs_time_and_body_and_old_reports_are_refused(long signedAt, long now, bool genuine)
    {
        var clock = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(now));
        var stripe = new StripeCheckout(null!, clock);

        var report = stripe.Read(
            """{"id":"evt_1","object":"event"}""",
            $"t={signedAt},v1=973d4160ecd58b40ef999bbdc76f61fec154f7152427db91879acf2c619c7751",
            Options(("StripeApiSecret", "k"), ("StripeWebhookSecret", "whsec_stripe")));

        Assert.Equal(genuine, report is not null);
    }

    [Fact]
    public void Without_a_secret_no_provider_is_set_up()
    {
        Assert.False(Epay.IsConfigured(Options(("PayAddress", "https://epay.example"), ("EpayId", "1"))));
        Assert.False(StripeCheckout.IsConfigured(Options(("StripeApiSecret", "k"))));
        Assert.False(Creem.IsConfigured(Options(("CreemApiKey", "k"), ("CreemTestMode", "true"))));
        // The signature of an empty key is easily computed: nobody may be believed for it.
        var report = new Dictionary<string, string> { ["pid"] = "1", ["money"] = "1.00" };
        report["sign"] = Epay.Sign(report, "");
        Assert.False(Epay.IsGenuine(report, Options(("PayAddress", "https://epay.example"), ("EpayId", "1"))));
        Assert.False(Creem.IsGenuine(
            "{}"u8,
            Convert.ToHexStringLower(System.Security.Cryptography.HMACSHA256.HashData(Array.Empty<byte>(), Encoding.UTF8.GetBytes("{}"))),
            Options(("CreemApiKey", "k"))));
    }

    private static GatewayOptions Options(params (string Key, string Value)[] rows) =>
        GatewayOptions.Parse(rows.ToDictionary(row => row.Key, row => row.Value), out _);
}
