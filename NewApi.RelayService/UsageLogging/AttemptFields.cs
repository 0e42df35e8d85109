using System.Text.Json;

namespace NewApi.RelayService.UsageLogging;

/// <summary>What a log row tells administrators of the attempts of its call: which channels, why those, and what became of each.</summary>
internal static class AttemptFields
{
    public static void Write(Utf8JsonWriter json, RelayCall call)
    {
        Span<char> id = stackalloc char[20];
        json.WriteStartArray("use_channel"u8);
        foreach (var attempt in call.Attempts)
        {
            attempt.Channel.Id.TryFormat(id, out var length);
            json.WriteStringValue(id[..length]);
        }
        json.WriteEndArray();
        json.WriteStartArray("attempts"u8);
        foreach (var attempt in call.Attempts)
        {
            json.WriteStartObject();
            json.WriteNumber("channel"u8, attempt.Channel.Id);
            json.WriteString("choice"u8, attempt.ChoiceName);
            json.WriteNumber("ms"u8, attempt.Milliseconds);
            if (attempt is { Channel.IsMultiKey: true, Key: { } key })
            {
                json.WriteNumber("key"u8, key.Index);
            }
            if (attempt.IsProbe)
            {
                json.WriteBoolean("probe"u8, true);
            }
            if (attempt.Fault is { } fault)
            {
                json.WriteNumber("status"u8, fault.Status);
                json.WriteString("code"u8, fault.Code);
            }
            else if (attempt.Outrun)
            {
                json.WriteBoolean("outrun"u8, true);
            }
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
