using System.Buffers;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Gemini;

/// <summary>
/// OpenAI images by Imagen:
/// <code>
/// {"instances":[{"prompt":"…"}],"parameters":{"sampleCount":2,"aspectRatio":"16:9"}}
/// {"predictions":[{"mimeType":"image/png","bytesBase64Encoded":"…"}]}
/// </code>
/// </summary>
internal sealed class PicturesForImagen(string model) : DocumentTranslation
{
    public override string Action => "predict";

    public override void WriteRequest(JsonElement body, IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions);
        json.WriteStartObject();
        json.WriteStartArray("instances"u8);
        json.WriteStartObject();
        json.WriteString("prompt"u8, body.Text("prompt"u8) ?? throw new TranslationException("'prompt' is missing."));
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteStartObject("parameters"u8);
        json.WriteNumber("sampleCount"u8, body.Count("n"u8) ?? 1);
        var size = body.Text("size"u8);
        if (PictureSize.RatioOf(size) is { } ratio)
        {
            json.WriteString("aspectRatio"u8, ratio);
        }

        if (PictureSize.ClassOf(size) is { } kind && !model.Contains("-fast", StringComparison.Ordinal))
        {
            // Imagen ends at 2K.
            json.WriteString("sampleImageSize"u8, kind == "4K" ? "2K" : kind);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    public override void WriteReply(ReadOnlyMemory<byte> reply, IBufferWriter<byte> output, ReplyContext context, in Usage usage)
    {
        using var document = JsonDocument.Parse(reply);
        var pictures = new List<JsonElement>();
        foreach (var prediction in document.RootElement.Items("predictions"u8))
        {
            if (prediction.Find("bytesBase64Encoded"u8) is { ValueKind: JsonValueKind.String } data)
            {
                pictures.Add(data);
            }
        }

        if (pictures.Count == 0)
        {
            // Imagen leaves out what its filters catch, all of it if need be.
            Fault = Pictures.Blocked;
            return;
        }

        Pictures.Write(output, pictures, context, usage);
    }
}
