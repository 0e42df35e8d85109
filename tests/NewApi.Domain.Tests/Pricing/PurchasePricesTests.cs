using NewApi.Domain.Options;
using NewApi.Domain.Pricing;

namespace NewApi.Domain.Tests.Pricing;

public class PurchasePricesTests
{
    private static readonly PriceBook Book = new(GatewayOptions.Parse(
        new Dictionary<string, string> { ["GroupRatio"] = """{"default":1,"vip":0.5,"free":0}""" }, out _));

    [Theory]
    [InlineData("""{"*":{"ratio":0.6}}""", "default", 2250L)]
    [InlineData("""{"*":{"ratio":0.6}}""", "vip", 2250L)] // what the group pays is no business of the upstream
    [InlineData("""{"*":{"ratio":0.6}}""", "free", 2250L)]
    [InlineData("""{"gpt-4o":{"model_ratio":1}}""", "default", 3000L)]
    [InlineData("""{"gpt-4o":{"model_ratio":1,"completion_ratio":2,"ratio":0.5}}""", "default", 1000L)]
    [InlineData("""{"gpt-4o":{"model_price":0.001}}""", "default", 500L)]
    [InlineData("""{"gpt-4o":{"model_ratio":0},"*":{"ratio":1}}""", "default", 0L)]
    [InlineData("""{"other":{"ratio":0.6}}""", "default", null)]
    public void Call_costs_the_operator_what_the_upstream_charges(string table, string group, long? expected)
    {
        var sale = Book.Find("gpt-4o", "default", group)!;

        var cost = PurchasePrices.Parse(table, out var problem)!.CostOf(sale, new Usage { Input = 1000, Output = 500 }, default);

        Assert.Null(problem);
        Assert.Equal(expected, cost?.Points);
    }

    [Fact]
    public void Answer_without_usage_cost_nothing() =>
        Assert.Equal(0, PurchasePrices.Parse("""{"*":{"ratio":1}}""", out _)!.CostOf(Book.Find("gpt-4o", "default", "default")!, default, default)!.Value.Points);

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"*":0.6}""")]
    [InlineData("""{"*":{"ratio":-1}}""")]
    [InlineData("""{"*":{"ratio":"cheap"}}""")]
    [InlineData("""{"*":{"discount":0.6}}""")]
    public void What_is_no_table_of_prices_is_told(string table)
    {
        Assert.Null(PurchasePrices.Parse(table, out var problem));
        Assert.NotNull(problem);
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("{}")]
    public void Nothing_is_no_mistake(string? table)
    {
        Assert.Null(PurchasePrices.Parse(table, out var problem));
        Assert.Null(problem);
    }
}
