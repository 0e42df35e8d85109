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
        if (key == "ModelRequestRateLimitGroup")
        {
            return RateLimitMistake(key, value);
        }
        if (key.StartsWith("console_setting.", StringComparison.Ordinal))
        {
            return ConsoleRules.Mistake(key, value);
        }
        // A value that cannot be read would silently count as its default; better to say so now.
        return OptionCatalog.Validate(key, value) is { } problem ? Text.Verbatim(problem) : null;
    }

    public static Text Wrong(string key, string english, string chinese) => new($"{key} {english}", $"{key} {chinese}");

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
