using System.Collections.Frozen;
using NewApi.Domain.Options;

namespace NewApi.Domain.Pricing;

/// <summary>
/// What built-in tools of upstreams cost, in US dollars per thousand calls (specification: billing §6). Keys are
/// <c>tool</c>, <c>tool:model-prefix*</c>, and for image generation <c>image_generation/quality/size</c>.
/// </summary>
public sealed class ToolPrices
{
    public const string WebSearch = "web_search";
    public const string WebSearchPreview = "web_search_preview";
    public const string FileSearch = "file_search";
    public const string GoogleSearch = "google_search";
    public const string ImageGeneration = "image_generation";

    internal const string Shipped =
        """{"web_search":10,"web_search_preview":10,"web_search_preview:gpt-4o*":25,"web_search_preview:gpt-4.1*":25,"file_search":2.5,"google_search":14,"image_generation":150}""";

    private static readonly FrozenDictionary<string, decimal> ShippedPrices = RatioTable.Parse(Shipped, static _ => { })!;

    private readonly FrozenDictionary<string, decimal> _prices;

    internal ToolPrices(FrozenDictionary<string, decimal> prices) => _prices = prices;

    /// <summary>A model that searches by itself: outside the responses dialect each call of it counts as one preview search.</summary>
    public static bool ImpliesSearch(string model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.EndsWith("search-preview", StringComparison.Ordinal);
    }

    /// <summary>
    /// US dollars per thousand calls; null for a tool that nobody has priced, which is worth a warning. What an administrator has
    /// set is final, a zero included; tools that the administrator's table lacks cost what we ship.
    /// </summary>
    public decimal? Find(string tool, string? tier, string model) =>
        (tier is null ? null : Find(_prices, $"{tool}/{tier}", model)) ?? Find(_prices, tool, model) ?? Find(ShippedPrices, tool, model);

    private static decimal? Find(FrozenDictionary<string, decimal> prices, string tool, string model)
    {
        decimal? found = prices.TryGetValue(tool, out var plain) ? plain : null;
        var longest = -1;
        foreach (var (key, price) in prices)
        {
            // "tool:prefix*"
            if (key.Length > tool.Length && key[tool.Length] == ':' && key.StartsWith(tool, StringComparison.Ordinal))
            {
                var prefix = key.AsSpan(tool.Length + 1).TrimEnd('*');
                if (prefix.Length > longest && model.StartsWith(prefix, StringComparison.Ordinal))
                {
                    longest = prefix.Length;
                    found = price;
                }
            }
        }

        return found;
    }
}

/// <summary>What tool calls added to a charge; the price is in US dollars per thousand calls.</summary>
public readonly record struct ToolSurcharge(string Tool, long Calls, decimal Price);
