using System.Buffers;
using System.Text;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Gemini;

/// <summary>Gemini's <c>embedContent</c> and <c>batchEmbedContents</c> by an upstream of OpenAI's dialect.</summary>
internal sealed class EmbeddingsForOpenAI(string model) : DocumentTranslation
{
    private bool _batch;

    public override void WriteRequest(JsonElement body, IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions);
        json.WriteStartObject();
        json.WriteString("model"u8, model);
        int? dimensions = null;
        if (body.Find("requests"u8) is { } requests)
        {
            if (requests.ValueKind != JsonValueKind.Array)
            {
                throw new TranslationException("'requests' must be an array.");
            }

            _batch = true;
            json.WriteStartArray("input"u8);
            foreach (var request in requests.EnumerateArray())
            {
                json.WriteStringValue(TextOf(request));
                dimensions ??= Dimensions(request);
            }

            json.WriteEndArray();
        }
        else
        {
            json.WriteString("input"u8, TextOf(body));
            dimensions = Dimensions(body);
        }

        if (dimensions is { } most)
        {
            json.WriteNumber("dimensions"u8, most);
        }

        json.WriteString("encoding_format"u8, "float"u8);
        json.WriteEndObject();
    }

    public override void WriteReply(ReadOnlyMemory<byte> reply, IBufferWriter<byte> output, ReplyContext context, in Usage usage)
    {
        using var document = JsonDocument.Parse(reply);
        if (document.RootElement.Find("data"u8) is not { ValueKind: JsonValueKind.Array } data || data.GetArrayLength() == 0)
        {
            throw new JsonException("The answer has no embeddings.");
        }

        using var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions);
        json.WriteStartObject();
        if (_batch)
        {
            json.WriteStartArray("embeddings"u8);
            foreach (var embedding in data.EnumerateArray())
            {
                WriteValues(json, embedding);
            }

            json.WriteEndArray();
        }
        else
        {
            json.WritePropertyName("embedding"u8);
            WriteValues(json, data[0]);
        }

        if (usage.Input is { } tokens)
        {
            json.WriteStartObject("usageMetadata"u8);
            json.WriteNumber("promptTokenCount"u8, tokens);
            json.WriteNumber("totalTokenCount"u8, tokens);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static int? Dimensions(JsonElement request) =>
        request.Count(GeminiJson.Of(request, "outputDimensionality"u8, "output_dimensionality"u8));

    private static string TextOf(JsonElement request)
    {
        var text = new StringBuilder();
        foreach (var part in request.Object("content"u8)?.Items("parts"u8) ?? default)
        {
            text.Append(part.Text("text"u8) ?? throw new TranslationException("The provider of this model embeds text only."));
        }

        return text.Length > 0 ? text.ToString() : throw new TranslationException("'content' must have parts with text.");
    }

    private static void WriteValues(Utf8JsonWriter json, JsonElement embedding)
    {
        json.WriteStartObject();
        json.WritePropertyName("values"u8);
        (embedding.Find("embedding"u8) is { ValueKind: JsonValueKind.Array } values ? values : throw new JsonException("An embedding has no values."))
            .WriteTo(json);
        json.WriteEndObject();
    }
}
