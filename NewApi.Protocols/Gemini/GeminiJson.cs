using System.Text.Json;

namespace NewApi.Protocols.Gemini;

/// <summary>Google's interfaces take members in both spellings, and so do we.</summary>
internal static class GeminiJson
{
    /// <summary>The spelling that an object uses.</summary>
    public static ReadOnlySpan<byte> Of(JsonElement element, ReadOnlySpan<byte> camel, ReadOnlySpan<byte> snake) =>
        element.ValueKind == JsonValueKind.Object && !element.TryGetProperty(camel, out _) ? snake : camel;
}
