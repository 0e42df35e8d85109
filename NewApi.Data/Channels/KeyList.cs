using System.Text.Json;

namespace NewApi.Data.Channels;

/// <summary>The credentials in <c>channels.key</c>: one a line, or the elements of a JSON array (specification: data model §4.4).</summary>
public static class KeyList
{
    public static List<string> Split(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var text = key.Trim();
        if (text.StartsWith('['))
        {
            try
            {
                using var json = JsonDocument.Parse(text);
                if (json.RootElement.ValueKind == JsonValueKind.Array)
                {
                    return [.. json.RootElement.EnumerateArray().Select(element =>
                        element.ValueKind == JsonValueKind.String ? element.GetString()! : element.GetRawText())];
                }
            }
            catch (JsonException)
            {
                // Not an array after all: a key may begin with a bracket.
            }
        }
        return [.. text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
    }
}
