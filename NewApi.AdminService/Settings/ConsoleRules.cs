using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using NewApi.AdminService.Http;

namespace NewApi.AdminService.Settings;

/// <summary>
/// Bounds of the lists that the dashboard shows, and no markup that runs (specification: data model §5.3, known problem G5).
/// </summary>
internal static partial class ConsoleRules
{
    private static readonly HashSet<string> Colors = new(StringComparer.Ordinal)
    {
        "blue", "green", "cyan", "purple", "pink", "red", "orange", "amber", "yellow", "lime", "light-green", "teal", "light-blue", "indigo",
        "violet", "grey",
    };

    private static readonly HashSet<string> Kinds = new(StringComparer.Ordinal) { "", "default", "ongoing", "success", "warning", "error" };

    public static Text? Mistake(string key, string value)
    {
        var (most, fields) = key switch
        {
            "console_setting.api_info" => (50, new Dictionary<string, int> { ["url"] = 500, ["route"] = 100, ["description"] = 200, ["color"] = 20 }),
            "console_setting.announcements" => (100, new() { ["content"] = 500, ["publishDate"] = 64, ["type"] = 20, ["extra"] = 200 }),
            "console_setting.faq" => (100, new() { ["question"] = 200, ["answer"] = 1000 }),
            "console_setting.uptime_kuma_groups" => (20, new() { ["categoryName"] = 50, ["url"] = 500, ["slug"] = 100 }),
            _ => (0, []),
        };
        if (most == 0)
        {
            return value is "true" or "false" ? null : OptionRules.Wrong(key, "must be true or false", "须为 true 或 false");
        }
        if (value.Length == 0)
        {
            return null;
        }
        if (OptionRules.Parse(value) is not { ValueKind: JsonValueKind.Array } list || list.GetArrayLength() > most)
        {
            return OptionRules.Wrong(key, $"must be a JSON list of at most {most} entries", $"须为最多 {most} 项的 JSON 数组");
        }
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in list.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Object || BadField(item, fields) is { } || !FitsKind(key, item, names))
            {
                return OptionRules.Wrong(key, "has an entry with a missing, too long or forbidden value", "中有条目缺失、过长或包含不允许的内容");
            }
        }
        return null;
    }

    private static string? BadField(JsonElement item, Dictionary<string, int> fields)
    {
        foreach (var (name, limit) in fields)
        {
            if (item.TryGetProperty(name, out var value)
                && (value.ValueKind != JsonValueKind.String || value.GetString()!.Length > limit || Dangerous().IsMatch(value.GetString()!)))
            {
                return name;
            }
        }
        return null;
    }

    private static bool FitsKind(string key, JsonElement item, HashSet<string> names) => key switch
    {
        "console_setting.api_info" => IsUrl(Of(item, "url")) && Of(item, "route").Length > 0 && Of(item, "description").Length > 0
            && Colors.Contains(Of(item, "color")),
        "console_setting.announcements" => Of(item, "content").Length > 0 && Kinds.Contains(Of(item, "type"))
            && DateTimeOffset.TryParse(Of(item, "publishDate"), CultureInfo.InvariantCulture, out _),
        "console_setting.faq" => Of(item, "question").Length > 0 && Of(item, "answer").Length > 0,
        _ => IsUrl(Of(item, "url")) && Slug().IsMatch(Of(item, "slug")) && Of(item, "categoryName") is { Length: > 0 } name && names.Add(name),
    };

    private static string Of(JsonElement item, string name) =>
        item.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static bool IsUrl(string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is ("http" or "https");

    [GeneratedRegex("^[A-Za-z0-9_-]+$")]
    private static partial Regex Slug();

    [GeneratedRegex(@"<\s*/?\s*(script|iframe|object|embed)|javascript:|\son[a-z]+\s*=", RegexOptions.IgnoreCase)]
    private static partial Regex Dangerous();
}
