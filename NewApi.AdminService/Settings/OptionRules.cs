using System.Text.Json;
using NewApi.AdminService.Http;
using NewApi.Domain.Options;

namespace NewApi.AdminService.Settings;

/// <summary>What an option may be set to (specification: admin API §12.1, data model §5).</summary>
internal static class OptionRules
{
    private const int LongestKey = 191;

    /// <summary>Switches that are useless, or lock people out, before another option is there.</summary>
    private static readonly Dictionary<string, string[]> Needs = new(StringComparer.Ordinal)
    {
        ["GitHubOAuthEnabled"] = ["GitHubClientId"],
        ["LinuxDOOAuthEnabled"] = ["LinuxDOClientId"],
        ["discord.enabled"] = ["discord.client_id"],
        ["oidc.enabled"] = ["oidc.client_id"],
        ["WeChatAuthEnabled"] = ["WeChatServerAddress"],
        ["TelegramOAuthEnabled"] = ["TelegramBotToken"],
        ["TurnstileCheckEnabled"] = ["TurnstileSiteKey"],
        ["EmailDomainRestrictionEnabled"] = ["EmailDomainWhitelist"],
    };

    private static readonly HashSet<string> Ratios = new(StringComparer.Ordinal)
    {
        "ModelRatio", "ModelPrice", "CompletionRatio", "CacheRatio", "CreateCacheRatio", "ImageRatio", "AudioRatio", "AudioCompletionRatio",
        "GroupRatio", "TopupGroupRatio", "group_ratio_setting.group_ratio", "tool_price_setting.prices", "payment_setting.amount_discount",
    };

    private static readonly HashSet<string> StatusCodes = new(StringComparer.Ordinal)
    {
        "AutomaticDisableStatusCodes", "AutomaticRetryStatusCodes",
    };

    public static Text? Mistake(string key, string value, OptionSnapshot current)
    {
        if (key.Length is 0 or > LongestKey)
        {
            return Say.OptionKeyMissing;
        }
        if (value == "true" && Needs.TryGetValue(key, out var needed))
        {
            var effective = OptionCatalog.Effective(current.Rows).ToDictionary(option => option.Key, option => option.Value);
            foreach (var name in needed)
            {
                if (string.IsNullOrWhiteSpace(effective.GetValueOrDefault(name)))
                {
                    return Say.OptionNeeds.Fill(name);
                }
            }
        }
        if (Ratios.Contains(key))
        {
            return RatioMistake(key, value);
        }
        if (StatusCodes.Contains(key))
        {
            return StatusCodeRanges.TryParse(value, out _) ? null : Wrong(key, "expects codes and ranges such as 401,500-503", "须为状态码或范围，例如 401,500-503");
        }
        return key switch
        {
            "ModelRequestRateLimitGroup" => RateLimitMistake(key, value),
            "GroupGroupRatio" or "group_ratio_setting.group_group_ratio" => NestedMistake(key, value),
            _ when key.StartsWith("console_setting.", StringComparison.Ordinal) => ConsoleRules.Mistake(key, value),
            _ => KindMistake(key, value),
        };
    }

    public static Text Wrong(string key, string english, string chinese) => new($"{key} {english}", $"{key} {chinese}");

    private static Text? RatioMistake(string key, string value)
    {
        string? problem = null;
        return RatioTable.Parse(value, text => problem ??= text) is null || problem is not null
            ? Wrong(key, $"is not a table of names and numbers: {problem}", "须为名称到非负数字的 JSON 对象")
            : null;
    }

    private static Text? NestedMistake(string key, string value)
    {
        string? problem = null;
        return RatioTable.ParseNested(value, text => problem ??= text) is null || problem is not null
            ? Wrong(key, $"is not a table of tables of numbers: {problem}", "须为嵌套的 JSON 对象")
            : null;
    }

    private static Text? RateLimitMistake(string key, string value)
    {
        var wrong = Wrong(key, "expects pairs such as {\"vip\":[0,1000]}", "须为形如 {\"vip\":[0,1000]} 的 JSON");
        if (Parse(value) is not { ValueKind: JsonValueKind.Object } table)
        {
            return wrong;
        }
        foreach (var group in table.EnumerateObject())
        {
            if (group.Value.ValueKind != JsonValueKind.Array || group.Value.GetArrayLength() != 2
                || !group.Value[0].IsCount(0) || !group.Value[1].IsCount(1))
            {
                return wrong;
            }
        }
        return null;
    }

    private static bool IsCount(this JsonElement value, long least) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var count) && count >= least && count <= int.MaxValue;

    /// <summary>A known option that cannot be read would silently count as its default; better to say so now.</summary>
    private static Text? KindMistake(string key, string value) => OptionCatalog.Find(key)?.Kind switch
    {
        OptionKind.Number when value.Length > 0 && !RatioTable.TryNumber(value, out _) => Wrong(key, "must be a number", "须为数字"),
        OptionKind.Json when value.Length > 0 && Parse(value) is null => Wrong(key, "must be JSON", "须为 JSON"),
        OptionKind.Flag when value is not ("true" or "false" or "") => Wrong(key, "must be true or false", "须为 true 或 false"),
        _ => null,
    };

    internal static JsonElement? Parse(string value)
    {
        try
        {
            using var document = JsonDocument.Parse(value);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
