using System.Collections.Frozen;
using System.Text.Json;
using NewApi.Domain.Options;

namespace NewApi.Domain.Pricing;

/// <summary>
/// The price tables as shipped, each a JSON object of model name to number (specification: billing §2). They are the reference's figures
/// with the entries repaired that never matched a real model name; <see cref="Corrections"/> lists those.
/// </summary>
public static class DefaultPrices
{
    private static readonly Dictionary<string, string> Tables = Load();

    public static string ModelRatio => Tables["model_ratio"];

    public static string CompletionRatio => Tables["completion_ratio"];

    public static string CacheRatio => Tables["cache_ratio"];

    public static string CreateCacheRatio => Tables["create_cache_ratio"];

    public static string ModelPrice => Tables["model_price"];

    public static string ImageRatio => Tables["image_ratio"];

    public static string AudioRatio => Tables["audio_ratio"];

    public static string AudioCompletionRatio => Tables["audio_completion_ratio"];

    /// <summary>Where the shipped figures differ from the reference's on purpose, for the release notes and for whoever compares bills.</summary>
    public static IReadOnlyList<PriceCorrection> Corrections { get; } =
    [
        new("completion", "o4*", "1", "4"),
        new("completion", "gpt-4.1*", "2", "4"),
        new("completion", "gpt-3.5-turbo, gpt-3.5*-0125", "2", "3"),
        new("completion", "other gpt-3.5* without 1106", "2", "1.3333333333333333"),
        new("completion", "deepseek-chat, deepseek-reasoner, deepseek-coder", "1", "4"),
        new("completion", "claude-* of generation 5 and later", "1", "5"),
        new("completion", "claude-2*, claude-instant*", "1", "3"),
        new("completion", "rules marked locked", "rule wins over the table", "an entry of CompletionRatio always wins"),
        new("ratio", "gemini-2.5-flash-lite…-thinking-N", "unpriced: the key was misspelt", "0.05"),
        new("audio", "gpt-4o-realtime-preview-2024-12-17, -2024-10-01", "1", "8, 20"),
        new("audio", "gpt-4o-mini-realtime-preview-2024-12-17", "1", "16.67"),
        new("audio", "gpt-4o-audio-preview-2024-10-01", "1", "40"),
        new("audio completion", "gpt-4o-realtime-preview*, gpt-4o-mini-realtime-preview*, gpt-4o-audio-preview*, gpt-4o-mini-audio-preview", "1", "2"),
    ];

    /// <summary>The shipped model ratios, to tell a customised price from ours.</summary>
    internal static FrozenDictionary<string, decimal> ShippedModelRatio { get; } = RatioTable.Parse(ModelRatio, static _ => { })!;

    private static Dictionary<string, string> Load()
    {
        using var resource = typeof(DefaultPrices).Assembly.GetManifestResourceStream("default-prices.json")
            ?? throw new InvalidOperationException("The price tables are not part of this build.");
        using var document = JsonDocument.Parse(resource);
        var tables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var table in document.RootElement.EnumerateObject())
        {
            tables.Add(table.Name, JsonSerializer.Serialize(table.Value, OptionJson.Default.JsonElement));
        }

        return tables;
    }
}

/// <summary>One deliberate difference from the reference's shipped prices.</summary>
public sealed record PriceCorrection(string Kind, string Models, string Reference, string Ours);
