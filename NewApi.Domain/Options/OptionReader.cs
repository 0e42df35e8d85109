using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using NewApi.Domain.Pricing.Expressions;

namespace NewApi.Domain.Options;

/// <summary>Reads typed values out of option rows. A value that cannot be read is reported by key, and the shipped default stands.</summary>
public sealed class OptionReader(IReadOnlyDictionary<string, string> rows, ICollection<string> problems)
{
    public string Text(string key) => OptionCatalog.ValueOf(key, rows) ?? "";

    /// <summary>Somebody has stored a value; without one the shipped default counts.</summary>
    public bool IsSet(string key) => rows.ContainsKey(key);

    public bool Flag(string key) => Text(key) == "true";

    public int Int(string key, int min = 0, int max = int.MaxValue) => (int)Long(key, min, max);

    public long Long(string key, long min = 0, long max = long.MaxValue) => (long)Number(key, min, max);

    public decimal Number(string key, decimal min = 0, decimal max = decimal.MaxValue)
    {
        if (RatioTable.TryNumber(Text(key), out var value) && value >= min && value <= max)
        {
            return value;
        }

        var fallback = Default(key);
        if (Text(key).Length > 0)
        {
            problems.Add($"{key}: not a number from {min} to {max}");
        }

        return RatioTable.TryNumber(fallback, out value) ? value : 0;
    }

    public string OneOf(string key, params ReadOnlySpan<string> allowed)
    {
        var value = Text(key);
        foreach (var candidate in allowed)
        {
            if (value == candidate)
            {
                return value;
            }
        }

        problems.Add($"{key}: not one of the values that it can have");
        return Default(key);
    }

    public FrozenDictionary<string, decimal> Ratios(string key) =>
        RatioTable.Parse(Text(key), problem => problems.Add($"{key}: {problem}")) ?? RatioTable.Parse(Default(key), static _ => { })!;

    public FrozenDictionary<string, FrozenDictionary<string, decimal>> NestedRatios(string key) =>
        RatioTable.ParseNested(Text(key), problem => problems.Add($"{key}: {problem}")) ?? RatioTable.ParseNested(Default(key), static _ => { })!;

    /// <summary>Names with one of the allowed words each; another word is left out and reported.</summary>
    public FrozenDictionary<string, string> Words(string key, params string[] allowed)
    {
        var words = Parsed(key, OptionJson.Default.DictionaryStringString);
        foreach (var (name, word) in words.ToList())
        {
            if (!allowed.Contains(word))
            {
                problems.Add($"{key}: {name} is not one of {string.Join(", ", allowed)}");
                words.Remove(name);
            }
        }

        return words.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>Names with a price formula each; one that is wrong, or gives no price for plain calls, is left out and reported.</summary>
    public FrozenDictionary<string, PriceExpression> Formulas(string key)
    {
        var formulas = new Dictionary<string, PriceExpression>(StringComparer.Ordinal);
        foreach (var (name, text) in Parsed(key, OptionJson.Default.DictionaryStringString))
        {
            if (!PriceExpression.TryParse(text ?? "", out var formula, out var error))
            {
                problems.Add($"{key}: {name}: {error}");
            }
            else if (formula.Try() is { } problem)
            {
                problems.Add($"{key}: {name}: {problem}");
            }
            else
            {
                formulas[name] = formula;
            }
        }

        return formulas.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>Price lists, each with a name and an address; one that lacks either is left out and reported.</summary>
    public IReadOnlyList<PriceCatalogSource> Catalogs(string key)
    {
        var catalogs = Parsed(key, OptionJson.Default.ListPriceCatalogSource);
        foreach (var catalog in catalogs.ToList())
        {
            if (string.IsNullOrWhiteSpace(catalog?.Name) || !Uri.TryCreate(catalog.Url, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
            {
                problems.Add($"{key}: an entry has no name or no http address");
                catalogs.Remove(catalog!);
            }
        }

        return catalogs;
    }

    public StatusCodeRanges StatusCodes(string key)
    {
        if (StatusCodeRanges.TryParse(Text(key), out var ranges))
        {
            return ranges;
        }

        problems.Add($"{key}: not a list of status codes and ranges");
        return StatusCodeRanges.TryParse(Default(key), out ranges) ? ranges : StatusCodeRanges.None;
    }

    /// <summary>Groups with a pair of counts, such as <c>{"vip":[0,1000]}</c>; a pair that cannot be one is left out and reported.</summary>
    public FrozenDictionary<string, RequestLimit> Limits(string key)
    {
        var limits = new Dictionary<string, RequestLimit>(StringComparer.Ordinal);
        foreach (var (group, pair) in Parsed(key, OptionJson.Default.DictionaryStringInt64Array))
        {
            if (pair is [>= 0 and <= int.MaxValue, >= 0 and <= int.MaxValue])
            {
                limits[group] = new RequestLimit((int)pair[0], (int)pair[1]);
            }
            else
            {
                problems.Add($"{key}: {group} is not a pair of counts");
            }
        }

        return limits.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>The lines of a text, trimmed, without empty ones.</summary>
    public IReadOnlyList<string> Lines(string key) => Split(key, '\n');

    public IReadOnlyList<string> Split(string key, char separator) =>
        Text(key).Split(separator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    public FrozenDictionary<string, T> Map<T>(string key, JsonTypeInfo<Dictionary<string, T>> type) =>
        Parsed(key, type).ToFrozenDictionary(StringComparer.Ordinal);

    public T Parsed<T>(string key, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            if (JsonSerializer.Deserialize(Text(key), type) is { } value)
            {
                return value;
            }
        }
        catch (JsonException)
        {
            // Reported below: the parser's own words would quote the value.
        }

        problems.Add($"{key}: not the JSON that it should be");
        return JsonSerializer.Deserialize(Default(key), type)!;
    }

    /// <summary>JSON that is passed on as it is; text that does not parse is replaced by the default.</summary>
    public JsonElement Json(string key)
    {
        foreach (var text in (string[])[Text(key), Default(key), "null"])
        {
            try
            {
                using var document = JsonDocument.Parse(text.Length == 0 ? "null" : text);
                return document.RootElement.Clone();
            }
            catch (JsonException)
            {
                problems.Add($"{key}: not JSON");
            }
        }

        return default;
    }

    private static string Default(string key) => OptionCatalog.Find(key)?.Default ?? "";
}
