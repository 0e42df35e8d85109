using System.Text.Json;

namespace NewApi.AdminService.Channels;

/// <summary>The mapping of a channel from names callers use to names upstream knows; chains are followed, circles are not.</summary>
internal static class ModelMapping
{
    public static string Resolve(string? mapping, string model)
    {
        if (ChannelRules.Object(mapping ?? "") is not { } table)
        {
            return model;
        }
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (seen.Add(model) && table.TryGetProperty(model, out var next) && next.ValueKind == JsonValueKind.String
            && next.GetString() is { Length: > 0 } target)
        {
            model = target;
        }
        return model;
    }
}
