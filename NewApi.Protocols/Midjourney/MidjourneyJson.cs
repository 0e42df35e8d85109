using System.Globalization;
using System.Text.Json;

namespace NewApi.Protocols.Midjourney;

/// <summary>Reads members that proxies write in more than one way.</summary>
internal static class MidjourneyJson
{
    /// <summary>A text, or a number as text (ids come either way); empty for everything else.</summary>
    public static string TextOf(this JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String or JsonValueKind.Number ? value.ToString() : "";

    /// <summary>The JSON of a list or an object; empty for everything else.</summary>
    public static string RawOf(this JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.Array or JsonValueKind.Object ? value.GetRawText() : "";

    public static long NumberOf(this JsonElement element, string name) =>
        long.TryParse(element.TextOf(name), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : 0;

    public static bool TryReadNumber(this JsonElement element, out int number)
    {
        number = 0;
        return element.ValueKind switch
        {
            JsonValueKind.Number => element.TryGetInt32(out number),
            JsonValueKind.String => int.TryParse(element.GetString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number),
            _ => false,
        };
    }
}
