using NewApi.Domain.Options;
using NewApi.Domain.Payments;

namespace NewApi.Domain.Tests.Payments;

public sealed class TopUpPriceTests
{
    [Theory]
    [InlineData(10, "default", "73.00")]
    [InlineData(100, "default", "657.00")]
    [InlineData(101, "default", "737.30")]
    [InlineData(10, "vip", "58.40")]
    [InlineData(100, "vip", "525.60")]
    [InlineData(10, "zero", "73.00")]
    [InlineData(10, "unknown", "73.00")]
    public void Group_ratio_and_discount_multiply_the_price(long amount, string group, string money)
    {
        var refusal = TopUpPrice.Of(Options(), group, amount, 7.3m, 1, out var price);

        Assert.Equal(TopUpRefusal.None, refusal);
        Assert.Equal(money, price.Money.ToString("0.00", System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal((amount, amount * 500_000), (price.Units, price.Points));
    }

    [Fact]
    public void Halves_of_a_hundredth_go_up()
    {
        TopUpPrice.Of(Options(), "default", 1, 0.125m, 1, out var price);

        Assert.Equal(0.13m, price.Money);
    }

    [Fact]
    public void Where_amounts_are_shown_as_points_they_are_typed_as_points()
    {
        var options = Options(("general_setting.quota_display_type", "TOKENS"), ("payment_setting.amount_discount", """{"1000000":0.5}"""));

        Assert.Equal(TopUpRefusal.None, TopUpPrice.Of(options, "default", 1_000_000, 7.3m, 2, out var price));
        Assert.Equal((2L, 1_000_000L, 7.3m), (price.Units, price.Points, price.Money));
        Assert.Equal(TopUpRefusal.TooSmall, TopUpPrice.Of(options, "default", 999_999, 7.3m, 2, out _));
        Assert.Equal(TopUpRefusal.NotWholeUnits, TopUpPrice.Of(options, "default", 1_250_000, 7.3m, 2, out _));
    }

    [Theory]
    [InlineData(0, 1, 1, TopUpRefusal.TooSmall)]
    [InlineData(-5, 1, 1, TopUpRefusal.TooSmall)]
    [InlineData(long.MinValue, 1, 1, TopUpRefusal.TooSmall)]
    [InlineData(4, 1, 5, TopUpRefusal.TooSmall)]
    [InlineData(long.MaxValue, 1, 1, TopUpRefusal.TooLarge)]
    [InlineData(TopUpPrice.MostUnits + 1, 1, 1, TopUpRefusal.TooLarge)]
    [InlineData(1, 0.004, 1, TopUpRefusal.TooCheap)]
    public void Amounts_out_of_bounds_have_no_price(long amount, double unitPrice, long least, TopUpRefusal refusal) =>
        Assert.Equal(refusal, TopUpPrice.Of(Options(), "default", amount, (decimal)unitPrice, least, out _));

    private static GatewayOptions Options(params (string Key, string Value)[] more)
    {
        var rows = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["TopupGroupRatio"] = """{"default":1,"vip":0.8,"zero":0}""",
            ["payment_setting.amount_discount"] = """{"100":0.9}""",
        };
        foreach (var (key, value) in more)
        {
            rows[key] = value;
        }
        var options = GatewayOptions.Parse(rows, out var problems);
        Assert.Empty(problems);
        return options;
    }
}
