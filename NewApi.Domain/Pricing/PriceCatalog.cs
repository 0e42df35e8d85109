using System.Text.Json;
using NewApi.Domain.Options;

namespace NewApi.Domain.Pricing;

/// <summary>
/// Reads price lists of others, told apart by their shape:
/// <code>
/// {"data":{"model_ratio":{"gpt-4o":1.25},"completion_ratio":{…},"model_price":{…}}}                  ratio table of a gateway
/// {"data":[{"model_name":"gpt-4o","quota_type":0,"model_ratio":1.25,"completion_ratio":4}]}          price list of a gateway
/// {"openai":{"models":{"gpt-4o":{"cost":{"input":2.5,"output":10,"cache_read":1.25}}}}}              models.dev, dollars per million
/// {"data":[{"id":"openai/gpt-4o","pricing":{"prompt":"0.0000025","completion":"0.00001"}}]}          OpenRouter, dollars per token
/// {"gpt-4o":{"input_cost_per_token":2.5e-06,"output_cost_per_token":1e-05,"mode":"chat"}}            LiteLLM, dollars per token
/// </code>
/// What is no price there is left out: such a list is somebody else's, and may contain anything.
/// </summary>
public static class PriceCatalog
{
    private const int MostModels = 20_000;

    /// <summary>Vendors whose word on a model counts before that of those who resell it.</summary>
    private static readonly string[] Vendors =
    [
        "openai", "anthropic", "google", "xai", "deepseek", "mistral", "moonshotai", "zhipuai", "zai", "alibaba", "cohere", "minimax", "perplexity",
    ];

    /// <summary>The tables that can be compared, by their names in answers of the management API.</summary>
    public static IReadOnlyList<string> Tables { get; } = ["model_ratio", "completion_ratio", "cache_ratio", "create_cache_ratio", "model_price"];

    /// <summary>The option that holds a table.</summary>
    public static string? OptionOf(string? table) => table switch
    {
        "model_ratio" => "ModelRatio",
        "completion_ratio" => "CompletionRatio",
        "cache_ratio" => "CacheRatio",
        "create_cache_ratio" => "CreateCacheRatio",
        "model_price" => "ModelPrice",
        _ => null,
    };

    /// <summary>Null when the document is not JSON, or no list of prices.</summary>
    public static IReadOnlyDictionary<string, CatalogPrice>? Read(ReadOnlyMemory<byte> json, decimal quotaPerUnit)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
            {
                return null;
            }
            var prices = new Dictionary<string, CatalogPrice>(StringComparer.Ordinal);
            var read = root.TryGetProperty("data", out var data)
                ? data.ValueKind switch
                {
                    JsonValueKind.Object => ReadTables(data, prices),
                    JsonValueKind.Array => ReadList(data, prices, quotaPerUnit),
                    _ => false,
                }
                : ReadModelsDev(root, prices, quotaPerUnit) || ReadLiteLlm(root, prices, quotaPerUnit);
            return read ? prices : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool ReadTables(JsonElement data, Dictionary<string, CatalogPrice> prices)
    {
        var any = false;
        foreach (var table in data.EnumerateObject())
        {
            if (table.Value.ValueKind != JsonValueKind.Object || !Tables.Contains(table.Name))
            {
                continue;
            }
            any = true;
            foreach (var entry in table.Value.EnumerateObject())
            {
                if (Figure(entry.Value) is { } figure)
                {
                    Add(prices, entry.Name, price => table.Name switch
                    {
                        "model_ratio" => price with { ModelRatio = figure },
                        "completion_ratio" => price with { CompletionRatio = figure },
                        "cache_ratio" => price with { CacheRatio = figure },
                        "create_cache_ratio" => price with { CreateCacheRatio = figure },
                        _ => price with { ModelPrice = figure },
                    });
                }
            }
        }
        return any;
    }

    private static bool ReadList(JsonElement list, Dictionary<string, CatalogPrice> prices, decimal quotaPerUnit)
    {
        var any = list.GetArrayLength() == 0;
        foreach (var item in list.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Object)
            {
                continue;
            }
            if (Text(item, "model_name") is { } name)
            {
                any = true;
                var perCall = Figure(item, "quota_type") == 1;
                Add(prices, name, _ => perCall
                    ? new CatalogPrice { ModelPrice = Figure(item, "model_price") }
                    : new CatalogPrice
                    {
                        ModelRatio = Figure(item, "model_ratio"),
                        CompletionRatio = Figure(item, "completion_ratio"),
                        CacheRatio = Figure(item, "cache_ratio"),
                        CreateCacheRatio = Figure(item, "create_cache_ratio"),
                    });
            }
            else if (Text(item, "id") is { } id && item.TryGetProperty("pricing", out var pricing) && pricing.ValueKind == JsonValueKind.Object)
            {
                any = true;
                // "vendor/model:variant": a variant is another product, often a free one.
                if (!id.Contains(':', StringComparison.Ordinal))
                {
                    Add(prices, id[(id.LastIndexOf('/') + 1)..], _ => OfDollars(
                        PerMillion(pricing, "prompt"), PerMillion(pricing, "completion"),
                        PerMillion(pricing, "input_cache_read"), PerMillion(pricing, "input_cache_write"), quotaPerUnit));
                }
            }
        }
        return any;
    }

    private static bool ReadModelsDev(JsonElement root, Dictionary<string, CatalogPrice> prices, decimal quotaPerUnit)
    {
        var any = false;
        foreach (var provider in root.EnumerateObject().OrderBy(provider => Array.IndexOf(Vendors, provider.Name) is >= 0 and var rank ? rank : int.MaxValue))
        {
            if (provider.Value.ValueKind != JsonValueKind.Object || !provider.Value.TryGetProperty("models", out var models)
                || models.ValueKind != JsonValueKind.Object)
            {
                continue;
            }
            any = true;
            foreach (var model in models.EnumerateObject())
            {
                if (!prices.ContainsKey(model.Name) && model.Value.ValueKind == JsonValueKind.Object
                    && model.Value.TryGetProperty("cost", out var cost) && cost.ValueKind == JsonValueKind.Object)
                {
                    Add(prices, model.Name, _ => OfDollars(
                        Figure(cost, "input"), Figure(cost, "output"), Figure(cost, "cache_read"), Figure(cost, "cache_write"), quotaPerUnit));
                }
            }
        }
        return any;
    }

    private static bool ReadLiteLlm(JsonElement root, Dictionary<string, CatalogPrice> prices, decimal quotaPerUnit)
    {
        var any = false;
        foreach (var model in root.EnumerateObject())
        {
            // "azure/…" and its like repeat what stands there without a prefix.
            if (model.Value.ValueKind != JsonValueKind.Object || model.Name == "sample_spec" || model.Name.Contains('/', StringComparison.Ordinal))
            {
                continue;
            }
            var input = PerMillion(model.Value, "input_cost_per_token");
            any |= input is not null || model.Value.TryGetProperty("mode", out _);
            Add(prices, model.Name, _ => Figure(model.Value, "output_cost_per_image") is { } image && input is null or 0
                ? new CatalogPrice { ModelPrice = image }
                : OfDollars(
                    input, PerMillion(model.Value, "output_cost_per_token"),
                    PerMillion(model.Value, "cache_read_input_token_cost"), PerMillion(model.Value, "cache_creation_input_token_cost"), quotaPerUnit));
        }
        return any;
    }

    /// <summary>US dollars per million tokens as ratios.</summary>
    private static CatalogPrice? OfDollars(decimal? input, decimal? output, decimal? cacheRead, decimal? cacheWrite, decimal quotaPerUnit)
    {
        return input is not { } dollars ? null : new CatalogPrice
        {
            ModelRatio = Round(dollars * quotaPerUnit / 1_000_000),
            CompletionRatio = Share(output),
            CacheRatio = Share(cacheRead),
            CreateCacheRatio = Share(cacheWrite),
        };

        decimal? Share(decimal? part) => part is { } price && dollars > 0 && price / dollars <= RatioTable.Largest ? Round(price / dollars) : null;
    }

    private static decimal Round(decimal figure) => Math.Round(figure, 6, MidpointRounding.AwayFromZero) / 1.0000000000000000000000000000m;

    private static void Add(Dictionary<string, CatalogPrice> prices, string model, Func<CatalogPrice, CatalogPrice?> change)
    {
        if (model.Length is > 0 and <= 255 && (prices.Count < MostModels || prices.ContainsKey(model))
            && change(prices.GetValueOrDefault(model) ?? new CatalogPrice()) is { } price)
        {
            prices[model] = price;
        }
    }

    private static decimal? PerMillion(JsonElement item, string name) =>
        Figure(item, name) is { } dollars and <= 1000 ? dollars * 1_000_000 : null;

    private static decimal? Figure(JsonElement item, string name) => item.TryGetProperty(name, out var value) ? Figure(value) : null;

    private static decimal? Figure(JsonElement value)
    {
        var text = value.ValueKind switch
        {
            JsonValueKind.Number => value.GetRawText(),
            JsonValueKind.String => value.GetString(),
            _ => null,
        };
        return RatioTable.TryNumber(text, out var figure) && figure is >= 0 and <= RatioTable.Largest ? figure : null;
    }

    private static string? Text(JsonElement item, string name) =>
        item.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
