using System.Text.Json;
using NewApi.AdminService.Http;
using NewApi.Data.Channels;
using NewApi.Data.Rows;
using NewApi.ServiceDefaults.Egress;

namespace NewApi.AdminService.Channels;

/// <summary>What a channel must be to be stored (specification: admin API §10.2).</summary>
internal static class ChannelRules
{
    public const long Vertex = 41;
    public const long Codex = 57;

    private const int LongestModel = 255;

    public static Text? Mistake(ChannelRow row)
    {
        if (string.IsNullOrWhiteSpace(row.Key))
        {
            return Say.ChannelKeyMissing;
        }
        if (Models(row.Models).Any(model => model.Length > LongestModel))
        {
            return Say.ChannelModelTooLong;
        }
        if (row.Type == Vertex && !IsApiKeyMode(row) && !HasMember(row.Other, "default"))
        {
            return Say.VertexRegion;
        }
        if (row.Type == Codex && KeyList.Split(row.Key) is var keys
            && !keys.All(key => HasMember(key, "access_token") && HasMember(key, "account_id")) && !HasMember(row.Key, "access_token"))
        {
            return Say.CodexKey;
        }
        foreach (var (name, text) in ((string, string?)[])
            [("setting", row.Setting), ("settings", row.Settings), ("model_mapping", row.ModelMapping),
             ("status_code_mapping", row.StatusCodeMapping), ("param_override", row.ParamOverride), ("header_override", row.HeaderOverride)])
        {
            if (!string.IsNullOrWhiteSpace(text) && Object(text) is null)
            {
                return Say.ChannelJson.Fill(name);
            }
        }
        return Object(row.Setting ?? "") is { } setting && setting.TryGetProperty("proxy", out var proxy)
            && proxy.ValueKind == JsonValueKind.String && proxy.GetString() is { Length: > 0 } address && ProxyAddress.Parse(address) is null
                ? Say.ChannelProxy
                : null;
    }

    /// <summary>Names of a comma list, trimmed, each once.</summary>
    public static IEnumerable<string> Models(string list) =>
        list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal);

    public static JsonElement? Object(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            return json.RootElement.ValueKind == JsonValueKind.Object ? json.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool HasMember(string text, string name) => Object(text) is { } json && json.TryGetProperty(name, out _);

    private static bool IsApiKeyMode(ChannelRow row) =>
        Object(row.Settings ?? "") is { } settings && settings.TryGetProperty("vertex_key_type", out var type)
        && type.ValueKind == JsonValueKind.String && type.GetString() == "api_key";
}
