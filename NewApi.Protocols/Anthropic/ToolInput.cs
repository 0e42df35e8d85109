using System.Text;
using System.Text.Json;

namespace NewApi.Protocols.Anthropic;

/// <summary>
/// Arguments of a call, which must be an object here. What a model wrote wrongly, or broke off, is wrapped rather than left out: a call that
/// disappears would leave its result without one, and the whole conversation refused.
/// </summary>
internal static class ToolInput
{
    public static void Write(Utf8JsonWriter json, string arguments)
    {
        var text = Encoding.UTF8.GetBytes(arguments);
        if (IsObject(text))
        {
            json.WriteRawValue(text, skipInputValidation: true);
            return;
        }

        json.WriteStartObject();
        if (arguments.AsSpan().Trim() is not ("" or "null"))
        {
            json.WriteString("arguments"u8, arguments);
        }

        json.WriteEndObject();
    }

    private static bool IsObject(ReadOnlySpan<byte> text)
    {
        try
        {
            var reader = new Utf8JsonReader(text, new JsonReaderOptions { MaxDepth = 256 });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return false;
            }

            reader.Skip();
            return !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
