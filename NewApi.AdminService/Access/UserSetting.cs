using System.Text.Json;
using System.Text.Json.Nodes;

namespace NewApi.AdminService.Access;

/// <summary>The JSON of <c>users.setting</c> (specification: data model §4.1). Members we do not know survive a change.</summary>
internal static class UserSetting
{
    private static readonly string[] Secrets = ["webhook_secret", "gotify_token"];

    public static JsonObject Parse(string? setting)
    {
        if (string.IsNullOrWhiteSpace(setting))
        {
            return [];
        }
        try
        {
            return JsonNode.Parse(setting) as JsonObject ?? [];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    /// <summary>The setting as other people may see it.</summary>
    public static string WithoutSecrets(string? setting)
    {
        var parsed = Parse(setting);
        return Secrets.Aggregate(false, (removed, name) => parsed.Remove(name) || removed) ? parsed.ToJsonString() : setting ?? "";
    }
}
