using System.Buffers;
using System.Text.Json;
using NewApi.Domain;

namespace NewApi.Protocols.Canonical;

/// <summary>The answer of OpenAI images.</summary>
internal static class Pictures
{
    public static RelayFault Blocked => new(400, "prompt_blocked", "The provider made no picture of this prompt.")
    {
        Type = "invalid_request_error",
        Final = true,
        Leg = Leg.Body,
    };

    /// <param name="output">Receives the body.</param>
    /// <param name="pictures">Base64 as JSON strings.</param>
    /// <param name="context">What the call knows.</param>
    /// <param name="usage">Left out when nobody counted.</param>
    public static void Write(IBufferWriter<byte> output, List<JsonElement> pictures, ReplyContext context, in Usage usage)
    {
        using var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions);
        json.WriteStartObject();
        json.WriteNumber("created"u8, context.Created);
        json.WriteStartArray("data"u8);
        foreach (var picture in pictures)
        {
            json.WriteStartObject();
            json.WritePropertyName("b64_json"u8);
            picture.WriteTo(json);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (!usage.IsEmpty)
        {
            var (input, made) = (usage.Input ?? 0, usage.Output ?? 0);
            json.WriteStartObject("usage"u8);
            json.WriteNumber("input_tokens"u8, input);
            json.WriteNumber("output_tokens"u8, made);
            json.WriteNumber("total_tokens"u8, input + made);
            json.WriteStartObject("input_tokens_details"u8);
            json.WriteNumber("text_tokens"u8, input - (usage.ImageInput ?? 0));
            json.WriteNumber("image_tokens"u8, usage.ImageInput ?? 0);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }
}
