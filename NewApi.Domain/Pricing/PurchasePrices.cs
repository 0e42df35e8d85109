using System.Collections.Frozen;
using NewApi.Domain.Options;

namespace NewApi.Domain.Pricing;

/// <summary>
/// What one upstream account charges the operator, beside what callers are charged: by model, or <c>*</c> for all that are not named.
/// <code>{"*":{"ratio":0.6},"gpt-4o":{"model_ratio":1.25,"completion_ratio":4},"dall-e-3":{"model_price":0.03}}</code>
/// A ratio is a share of the sale price at a group ratio of 1; other figures replace those of the sale price, in the same units.
/// </summary>
public sealed class PurchasePrices
{
    private const string AnyModel = "*";

    private static readonly string[] Figures = ["ratio", "model_ratio", "completion_ratio", "cache_ratio", "create_cache_ratio", "model_price"];

    private readonly FrozenDictionary<string, FrozenDictionary<string, decimal>> _prices;

    private PurchasePrices(FrozenDictionary<string, FrozenDictionary<string, decimal>> prices) => _prices = prices;

    /// <summary>Null, and what is wrong, for a text that is no table of prices; null without a word for an empty one.</summary>
    public static PurchasePrices? Parse(string? json, out string? problem)
    {
        problem = null;
        if (string.IsNullOrWhiteSpace(json))
        {
            return null;
        }

        string? found = null;
        var prices = RatioTable.ParseNested(json, mistake => found ??= mistake);
        if (found is null && prices!.Values.SelectMany(price => price.Keys).FirstOrDefault(figure => !Figures.Contains(figure)) is { } unknown)
        {
            found = $"{unknown} is not one of {string.Join(", ", Figures)}";
        }

        problem = found;
        return found is null && prices!.Count > 0 ? new PurchasePrices(prices) : null;
    }

    /// <summary>Points that a call cost the operator; null where nobody knows.</summary>
    public Quota? CostOf(Price sale, in Usage usage, in ChargeFactors factors)
    {
        if (Find(sale) is not var (purchase, share))
        {
            return null;
        }

        // What nobody charged for is not a cost of ours either; what a formula cannot price is not known.
        var charge = purchase.For(usage, factors);
        return charge.PriceProblem is null && QuotaRounding.TryRound(charge.Quota.Points * share, out var cost) ? cost : null;
    }

    /// <summary>Points that an accepted task costs the operator; null where nobody knows.</summary>
    public Quota? CostOfTask(Price sale, in ChargeFactors factors) =>
        Find(sale) is var (purchase, share) && purchase.HoldForTask(factors, out var price) is null
        && QuotaRounding.TryRound(price.Points * share, out var cost) ? cost : null;

    private (Price Purchase, decimal Share)? Find(Price sale)
    {
        ArgumentNullException.ThrowIfNull(sale);
        if (!_prices.TryGetValue(sale.Model, out var price) && !_prices.TryGetValue(AnyModel, out price))
        {
            return null;
        }

        var purchase = sale with { GroupRatio = 1, UserGroupRatio = null };
        if (price.TryGetValue("model_price", out var perCall))
        {
            purchase = purchase with { PerCallPrice = perCall, ModelRatio = 0, Expression = null };
        }
        else if (price.TryGetValue("model_ratio", out var ratio))
        {
            var byToken = sale.Expression is null && sale.PerCallPrice is null;
            purchase = purchase with
            {
                PerCallPrice = null,
                Expression = null,
                ModelRatio = ratio,
                CompletionRatio = price.TryGetValue("completion_ratio", out var output) ? output : byToken ? sale.CompletionRatio : 1,
                CacheRatio = price.TryGetValue("cache_ratio", out var read) ? read : byToken ? sale.CacheRatio : 1,
                CreateCacheRatio = price.TryGetValue("create_cache_ratio", out var write) ? write : byToken ? sale.CreateCacheRatio : 1,
            };
        }

        return (purchase, price.TryGetValue("ratio", out var part) ? part : 1);
    }
}
