using System.Buffers;
using System.Text.Json;

namespace NewApi.Protocols;

/// <summary>One entry of a model list.</summary>
/// <param name="Id">Name that callers use.</param>
/// <param name="OwnedBy">Provider of the built-in catalogue entry, or <c>custom</c>.</param>
/// <param name="EndpointTypes">Such as <c>openai</c>, <c>anthropic</c>, <c>gemini</c>, <c>embeddings</c>.</param>
public readonly record struct ModelListing(string Id, string OwnedBy, IReadOnlyList<string> EndpointTypes);

/// <summary>Answers of <c>GET /v1/models</c> and <c>GET /v1/models/{model}</c> (specification: relay §1.6).</summary>
public static class ModelLists
{
    // Nobody knows when a model was made; every deployment of the reference says this instant, and clients sort by it.
    private const long Created = 1626777600;
    private static ReadOnlySpan<byte> CreatedAt => "2021-07-20T10:40:00Z"u8;

    /// <summary>The list in the shape of the given clients.</summary>
    public static void Write(IBufferWriter<byte> output, ErrorShape shape, IReadOnlyList<ModelListing> models)
    {
        using var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions);
        json.WriteStartObject();
        switch (shape)
        {
            case ErrorShape.Anthropic:
                json.WriteStartArray("data"u8);
                WriteEntries(json, shape, models);
                json.WriteEndArray();
                WriteOrNull(json, "first_id"u8, models.Count == 0 ? null : models[0].Id);
                WriteOrNull(json, "last_id"u8, models.Count == 0 ? null : models[^1].Id);
                json.WriteBoolean("has_more"u8, false);
                break;
            case ErrorShape.Gemini:
                json.WriteStartArray("models"u8);
                WriteEntries(json, shape, models);
                json.WriteEndArray();
                json.WriteNull("nextPageToken"u8);
                break;
            default:
                json.WriteBoolean("success"u8, true);
                json.WriteString("object"u8, "list"u8);
                json.WriteStartArray("data"u8);
                WriteEntries(json, shape, models);
                json.WriteEndArray();
                break;
        }

        json.WriteEndObject();
    }

    /// <summary>One model in the shape of the given clients.</summary>
    public static void WriteOne(IBufferWriter<byte> output, ErrorShape shape, in ModelListing model)
    {
        using var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions);
        WriteEntry(json, shape, model);
    }

    /// <summary>The answer for an unknown model, which goes out with status 200 (specification: relay §1.6).</summary>
    public static void WriteUnknown(IBufferWriter<byte> output, string model)
    {
        using var json = new Utf8JsonWriter(output, ErrorBody.WriterOptions);
        json.WriteStartObject();
        json.WriteStartObject("error"u8);
        json.WriteString("message"u8, $"The model '{model}' does not exist");
        json.WriteString("type"u8, "invalid_request_error"u8);
        json.WriteString("param"u8, "model"u8);
        json.WriteString("code"u8, "model_not_found"u8);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteEntries(Utf8JsonWriter json, ErrorShape shape, IReadOnlyList<ModelListing> models)
    {
        for (var i = 0; i < models.Count; i++)
        {
            WriteEntry(json, shape, models[i]);
        }
    }

    private static void WriteEntry(Utf8JsonWriter json, ErrorShape shape, in ModelListing model)
    {
        json.WriteStartObject();
        switch (shape)
        {
            case ErrorShape.Anthropic:
                json.WriteString("id"u8, model.Id);
                json.WriteString("created_at"u8, CreatedAt);
                json.WriteString("display_name"u8, model.Id);
                json.WriteString("type"u8, "model"u8);
                break;
            case ErrorShape.Gemini:
                json.WriteString("name"u8, model.Id.StartsWith("models/", StringComparison.Ordinal) ? model.Id["models/".Length..] : model.Id);
                json.WriteString("displayName"u8, model.Id);
                break;
            default:
                json.WriteString("id"u8, model.Id);
                json.WriteString("object"u8, "model"u8);
                json.WriteNumber("created"u8, Created);
                json.WriteString("owned_by"u8, model.OwnedBy);
                json.WriteStartArray("supported_endpoint_types"u8);
                for (var i = 0; i < model.EndpointTypes.Count; i++)
                {
                    json.WriteStringValue(model.EndpointTypes[i]);
                }

                json.WriteEndArray();
                break;
        }

        json.WriteEndObject();
    }

    private static void WriteOrNull(Utf8JsonWriter json, ReadOnlySpan<byte> name, string? value)
    {
        if (value is null)
        {
            json.WriteNull(name);
        }
        else
        {
            json.WriteString(name, value);
        }
    }
}
