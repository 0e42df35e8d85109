using System.Collections.Frozen;

namespace NewApi.Domain.Options;

/// <summary>Every known option: key, shipped default and kind (specification: data-model §5). The defaults are written down here only.</summary>
public static partial class OptionCatalog
{
    private static readonly FrozenDictionary<string, OptionEntry> ByKey;

    // The same data under two names, both of which front ends write.
    private static readonly FrozenDictionary<string, string> Aliases = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["GroupRatio"] = "group_ratio_setting.group_ratio",
        ["GroupGroupRatio"] = "group_ratio_setting.group_group_ratio",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    static OptionCatalog()
    {
        Entries = Build();
        ByKey = Entries.ToFrozenDictionary(entry => entry.Key, StringComparer.Ordinal);
    }

    /// <summary>All known options in the order in which they are listed.</summary>
    public static IReadOnlyList<OptionEntry> Entries { get; }

    public static OptionEntry? Find(string key) => ByKey.GetValueOrDefault(key);

    /// <summary>Whether the value must never leave the server (specification: admin-api §12.1).</summary>
    public static bool IsSecret(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key.EndsWith("Token", StringComparison.Ordinal) || key.EndsWith("Secret", StringComparison.Ordinal)
            || key.EndsWith("Key", StringComparison.Ordinal) || key.EndsWith("secret", StringComparison.Ordinal)
            || key.EndsWith("api_key", StringComparison.Ordinal);
    }

    /// <summary>
    /// The values in force, secrets included: defaults overlaid by rows, then the rows that are not known here, in order of their key.
    /// </summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Effective(IReadOnlyDictionary<string, string> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var effective = new List<KeyValuePair<string, string>>(Entries.Count + rows.Count);
        foreach (var entry in Entries)
        {
            if (ValueOf(entry.Key, rows) is { } value)
            {
                effective.Add(new(entry.Key, value));
            }
        }

        foreach (var row in rows.OrderBy(row => row.Key, StringComparer.Ordinal))
        {
            if (!ByKey.ContainsKey(row.Key))
            {
                effective.Add(row);
            }
        }

        return effective;
    }

    /// <summary>The rows to store when an option is written; more than one where older and newer releases keep it under different names.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> RowsFor(string key, string value)
    {
        foreach (var (flat, module) in Aliases)
        {
            if (key == flat || key == module)
            {
                return [new(flat, value), new(module, value)];
            }
        }

        return key == "DisplayInCurrencyEnabled"
            ? [new(key, value), new("general_setting.quota_display_type", value == "true" ? "USD" : "TOKENS")]
            : [new(key, value)];
    }

    /// <summary>
    /// Why a value could not take effect if it were stored, or null when it could: what is checked is what <see cref="GatewayOptions"/>
    /// does with it, so nothing is accepted here that would be ignored there. Unknown keys take any value.
    /// </summary>
    public static string? Validate(string key, string value)
    {
        if (Find(key) is { Kind: OptionKind.Flag } && value is not ("true" or "false"))
        {
            return $"{key}: neither true nor false";
        }

        GatewayOptions.Parse(new Dictionary<string, string>(StringComparer.Ordinal) { [key] = value }, out var problems);
        return problems.Count > 0 ? problems[0] : null;
    }

    /// <summary>The text in force for a known key; null when it is neither stored nor given a default.</summary>
    internal static string? ValueOf(string key, IReadOnlyDictionary<string, string> rows)
    {
        if (rows.TryGetValue(key, out var stored))
        {
            return stored;
        }

        foreach (var (flat, module) in Aliases)
        {
            if ((key == flat && rows.TryGetValue(module, out stored)) || (key == module && rows.TryGetValue(flat, out stored)))
            {
                return stored;
            }
        }

        if (key == "general_setting.quota_display_type" && rows.TryGetValue("DisplayInCurrencyEnabled", out stored) && stored != "true")
        {
            return "TOKENS";
        }

        return Find(key)?.Default;
    }
}
