using System.Buffers;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Gemini;

/// <summary>Imagen's <c>:predict</c> by an upstream that speaks OpenAI images.</summary>
internal sealed class PicturesForOpenAI(string model) : DocumentTranslation
{
    public override void WriteRequest(JsonElement body, IBufferWriter<byte> output)
    {
        var instances = body.Items("instances"u8);
        if (!instances.MoveNext() || instances.Current.Text("prompt"u8) is not { } prompt)
        {
            throw new TranslationException("Only requests for pictures ('instances' with a 'prompt') can be sent to the provider of this model.");
        }

        var parameters = body.Object("parameters"u8) ?? default;
        using var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions);
        json.WriteStartObject();
        json.WriteString("model"u8, model);
        json.WriteString("prompt"u8, prompt);
        json.WriteNumber("n"u8, parameters.Count(GeminiJson.Of(parameters, "sampleCount"u8, "sample_count"u8)) ?? 1);
        if (PictureSize.OfRatio(parameters.Text(GeminiJson.Of(parameters, "aspectRatio"u8, "aspect_ratio"u8))) is { } size)
        {
            json.WriteString("size"u8, size);
        }

        if (model.StartsWith("dall-e", StringComparison.Ordinal))
        {
            // The others always answer so, and refuse to be asked.
            json.WriteString("response_format"u8, "b64_json"u8);
        }

        json.WriteEndObject();
    }

    public override void WriteReply(ReadOnlyMemory<byte> reply, IBufferWriter<byte> output, ReplyContext context, in Usage usage)
    {
        using var document = JsonDocument.Parse(reply);
        using var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions);
        json.WriteStartObject();
        json.WriteStartArray("predictions"u8);
        foreach (var picture in document.RootElement.Items("data"u8))
        {
            if (picture.Find("b64_json"u8) is not { ValueKind: JsonValueKind.String } data)
            {
                throw new JsonException("A picture came without its data.");
            }

            json.WriteStartObject();
            json.WriteString("mimeType"u8, "image/png"u8);
            json.WritePropertyName("bytesBase64Encoded"u8);
            data.WriteTo(json);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
