using System.Text.Json;

namespace NewApi.RelayService.Channels;

/// <summary>Looks one value up in a JSON body by a dotted path, without building the whole of it.</summary>
internal static class BodyValue
{
    /// <summary>The text of the value, or its JSON when it is no text; null when it is absent, null, or the body is no JSON.</summary>
    public static string? Find(ReadOnlySpan<byte> body, string path)
    {
        try
        {
            var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = 256 });
            if (!reader.Read())
            {
                return null;
            }
            foreach (var step in path.Split('.'))
            {
                if (!Enter(ref reader, step))
                {
                    return null;
                }
            }
            if (reader.TokenType == JsonTokenType.Null)
            {
                return null;
            }
            if (reader.TokenType == JsonTokenType.String)
            {
                return reader.GetString();
            }
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            return System.Text.Encoding.UTF8.GetString(body[start..(int)reader.BytesConsumed]);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static bool Enter(ref Utf8JsonReader reader, string step)
    {
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var found = reader.ValueTextEquals(step);
                reader.Read();
                if (found)
                {
                    return true;
                }
                reader.Skip();
            }
        }
        else if (reader.TokenType == JsonTokenType.StartArray && int.TryParse(step, out var index))
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (index-- == 0)
                {
                    return true;
                }
                reader.Skip();
            }
        }
        return false;
    }
}
