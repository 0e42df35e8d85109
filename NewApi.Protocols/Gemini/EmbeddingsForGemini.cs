using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Gemini;

/// <summary>
/// OpenAI embeddings by Gemini:
/// <code>
/// {"model":"m","input":["a","b"],"dimensions":256}
/// {"requests":[{"model":"models/m","content":{"parts":[{"text":"a"}]},"outputDimensionality":256},…]}
/// {"embeddings":[{"values":[0.1,…]},…]}
/// {"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.1,…]},…],"model":"m","usage":{…}}
/// </code>
/// </summary>
internal sealed class EmbeddingsForGemini(string model) : DocumentTranslation
{
    private bool _base64;

    public override string Action => "batchEmbedContents";

    public override void WriteRequest(JsonElement body, IBufferWriter<byte> output)
    {
        _base64 = body.Text("encoding_format"u8) == "base64";
        var dimensions = body.Count("dimensions"u8);
        using var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions);
        json.WriteStartObject();
        json.WriteStartArray("requests"u8);
        switch (body.Find("input"u8))
        {
            case { ValueKind: JsonValueKind.String } text:
                WriteText(json, text, dimensions);
                break;
            case { ValueKind: JsonValueKind.Array } texts:
                foreach (var text in texts.EnumerateArray())
                {
                    WriteText(json, text, dimensions);
                }

                break;
            default:
                throw new TranslationException("'input' must be a string or an array of strings.");
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    public override void WriteReply(ReadOnlyMemory<byte> reply, IBufferWriter<byte> output, ReplyContext context, in Usage usage)
    {
        using var document = JsonDocument.Parse(reply);
        if (document.RootElement.Find("embeddings"u8) is not { ValueKind: JsonValueKind.Array } embeddings)
        {
            throw new JsonException("The answer has no embeddings.");
        }

        using var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions);
        json.WriteStartObject();
        json.WriteString("object"u8, "list"u8);
        json.WriteStartArray("data"u8);
        var index = 0;
        foreach (var embedding in embeddings.EnumerateArray())
        {
            json.WriteStartObject();
            json.WriteString("object"u8, "embedding"u8);
            json.WriteNumber("index"u8, index++);
            json.WritePropertyName("embedding"u8);
            WriteValues(json, embedding.Find("values"u8) ?? throw new JsonException("An embedding has no values."));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("model"u8, context.Model);
        var tokens = usage.Input ?? 0;
        json.WriteStartObject("usage"u8);
        json.WriteNumber("prompt_tokens"u8, tokens);
        json.WriteNumber("total_tokens"u8, tokens);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void WriteText(Utf8JsonWriter json, JsonElement text, int? dimensions)
    {
        if (text.ValueKind != JsonValueKind.String)
        {
            throw new TranslationException("'input' must be text: the provider of this model takes no token numbers.");
        }

        json.WriteStartObject();
        json.WriteString("model"u8, "models/" + model);
        json.WriteStartObject("content"u8);
        json.WriteStartArray("parts"u8);
        json.WriteStartObject();
        json.WritePropertyName("text"u8);
        text.WriteTo(json);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        if (dimensions is { } most)
        {
            json.WriteNumber("outputDimensionality"u8, most);
        }

        json.WriteEndObject();
    }

    private void WriteValues(Utf8JsonWriter json, JsonElement values)
    {
        if (!_base64)
        {
            values.WriteTo(json);
            return;
        }

        // Little-endian floats, as OpenAI writes them.
        var bytes = new byte[values.GetArrayLength() * sizeof(float)];
        var at = 0;
        foreach (var value in values.EnumerateArray())
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(at), value.GetSingle());
            at += sizeof(float);
        }

        json.WriteBase64StringValue(bytes);
    }
}
