namespace NewApi.Domain.Pricing;

/// <summary>What somebody else's price list says about a model, in the figures of our tables; what it leaves open is null.</summary>
public sealed record CatalogPrice
{
    public decimal? ModelRatio { get; init; }

    public decimal? CompletionRatio { get; init; }

    public decimal? CacheRatio { get; init; }

    public decimal? CreateCacheRatio { get; init; }

    public decimal? ModelPrice { get; init; }

    /// <summary>
    /// False for figures that lists give when they do not know: the ratio of an unpriced model (37.5 with a completion ratio of 1), and nothing
    /// at all.
    /// </summary>
    public bool Certain => !(ModelRatio == PriceBook.UnsetModelRatio && (CompletionRatio ?? 1) == 1) && (ModelPrice ?? ModelRatio) != 0;

    /// <summary>The figure for a table, by its name in answers of the management API.</summary>
    public decimal? this[string table] => table switch
    {
        "model_ratio" => ModelRatio,
        "completion_ratio" => CompletionRatio,
        "cache_ratio" => CacheRatio,
        "create_cache_ratio" => CreateCacheRatio,
        "model_price" => ModelPrice,
        _ => null,
    };
}
