using System.Runtime.InteropServices;
using System.Text.Json;

namespace NewApi.Protocols;

/// <summary>JSON that is handed on as it came.</summary>
internal static class JsonRaw
{
    public static void WriteRaw(this Utf8JsonWriter json, JsonElement value) =>
        json.WriteRawValue(JsonMarshal.GetRawUtf8Value(value), skipInputValidation: true);

    public static void WriteRaw(this Utf8JsonWriter json, ReadOnlySpan<byte> name, JsonElement value)
    {
        json.WritePropertyName(name);
        json.WriteRaw(value);
    }
}
