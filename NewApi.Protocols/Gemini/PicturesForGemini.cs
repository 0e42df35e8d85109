using System.Buffers;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Gemini;

/// <summary>OpenAI images by a Gemini model that makes pictures as parts of a chat.</summary>
internal sealed class PicturesForGemini(string model) : DocumentTranslation
{
    public override string Action => "generateContent";

    public override void WriteRequest(JsonElement body, IBufferWriter<byte> output)
    {
        if (body.Count("n"u8) > 1)
        {
            throw new TranslationException("The provider of this model makes one picture per request: 'n' must be 1.");
        }

        using var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions);
        json.WriteStartObject();
        json.WriteStartArray("contents"u8);
        json.WriteStartObject();
        json.WriteString("role"u8, "user"u8);
        json.WriteStartArray("parts"u8);
        json.WriteStartObject();
        json.WriteString("text"u8, body.Text("prompt"u8) ?? throw new TranslationException("'prompt' is missing."));
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteStartObject("generationConfig"u8);
        json.WriteStartArray("responseModalities"u8);
        json.WriteStringValue("TEXT"u8);
        json.WriteStringValue("IMAGE"u8);
        json.WriteEndArray();
        var size = body.Text("size"u8);
        var kind = GeminiThinking.Series(model) >= 3 ? PictureSize.ClassOf(size) : null;
        if (PictureSize.RatioOf(size) is { } ratio)
        {
            json.WriteStartObject("imageConfig"u8);
            json.WriteString("aspectRatio"u8, ratio);
            if (kind is not null)
            {
                json.WriteString("imageSize"u8, kind);
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    public override void WriteReply(ReadOnlyMemory<byte> reply, IBufferWriter<byte> output, ReplyContext context, in Usage usage)
    {
        using var document = JsonDocument.Parse(reply);
        var pictures = new List<JsonElement>();
        foreach (var candidate in document.RootElement.Items("candidates"u8))
        {
            foreach (var part in candidate.Find("content"u8)?.Items("parts"u8) ?? default)
            {
                if (part.Find("thought"u8) is not { ValueKind: JsonValueKind.True }
                    && part.Find("inlineData"u8)?.Find("data"u8) is { ValueKind: JsonValueKind.String } data)
                {
                    pictures.Add(data);
                }
            }
        }

        if (pictures.Count == 0)
        {
            Fault = Pictures.Blocked;
            return;
        }

        Pictures.Write(output, pictures, context, usage);
    }
}
