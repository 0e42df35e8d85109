using System.Buffers;
using System.Text.Json;
using NewApi.Domain;

namespace NewApi.Protocols.OpenAI;

/// <summary>A fault as an event of a realtime session: <c>{"type":"error","event_id":"evt_…","error":{…}}</c>.</summary>
public static class RealtimeError
{
    public static void Write(IBufferWriter<byte> output, RelayFault fault, string requestId)
    {
        ArgumentNullException.ThrowIfNull(fault);
        using var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions);
        json.WriteStartObject();
        json.WriteString("type"u8, "error"u8);
        json.WriteString("event_id"u8, "evt_" + requestId);
        json.WriteStartObject("error"u8);
        ErrorBody.WriteOpenAIMembers(json, fault, requestId);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
