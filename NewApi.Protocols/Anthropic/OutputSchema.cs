using System.Text.Json;
using System.Text.RegularExpressions;

namespace NewApi.Protocols.Anthropic;

/// <summary>
/// A JSON schema as <c>output_config.format</c> and strict tools take it: objects are closed, and what they refuse, such as bounds of numbers,
/// texts and lists, goes into the description, where the model at least reads it.
/// </summary>
internal static partial class OutputSchema
{
    public static void Write(Utf8JsonWriter json, JsonElement schema)
    {
        switch (schema.ValueKind)
        {
            case JsonValueKind.Object:
                WriteObject(json, schema);
                break;
            case JsonValueKind.Array:
                json.WriteStartArray();
                foreach (var item in schema.EnumerateArray())
                {
                    Write(json, item);
                }

                json.WriteEndArray();
                break;
            default:
                json.WriteRaw(schema);
                break;
        }
    }

    private static void WriteObject(Utf8JsonWriter json, JsonElement schema)
    {
        var bounds = new List<string>();
        json.WriteStartObject();
        foreach (var member in schema.EnumerateObject())
        {
            switch (member.Name)
            {
                case "minimum" or "maximum" or "exclusiveMinimum" or "exclusiveMaximum" or "multipleOf" or "minLength" or "maxLength"
                    or "maxItems" or "uniqueItems" or "minProperties" or "maxProperties":
                case "format" when !IsKnownFormat(member.Value):
                case "pattern" when !IsPlainPattern(member.Value):
                case "minItems" when !(member.Value.ValueKind == JsonValueKind.Number && member.Value.TryGetInt32(out var least) && least <= 1):
                    bounds.Add($"{member.Name}: {member.Value.GetRawText()}");
                    break;
                case "additionalProperties" or "description" or "$schema":
                    break;
                case "properties" or "$defs" or "definitions":
                    json.WriteStartObject(member.Name);
                    foreach (var named in member.Value.ValueKind == JsonValueKind.Object ? member.Value.EnumerateObject() : default)
                    {
                        json.WritePropertyName(named.Name);
                        Write(json, named.Value);
                    }

                    json.WriteEndObject();
                    break;
                case "items" or "anyOf" or "allOf" or "oneOf" or "not":
                    json.WritePropertyName(member.Name == "oneOf" ? "anyOf" : member.Name);
                    Write(json, member.Value);
                    break;
                default:
                    json.WriteRaw(System.Text.Encoding.UTF8.GetBytes(member.Name), member.Value);
                    break;
            }
        }

        var description = schema.Word("description"u8);
        if (bounds.Count > 0)
        {
            var limits = "{" + string.Join(", ", bounds) + "}";
            description = description is null ? limits : $"{description} {limits}";
        }

        if (description is not null)
        {
            json.WriteString("description"u8, description);
        }

        if (IsObject(schema))
        {
            json.WriteBoolean("additionalProperties"u8, false);
        }

        json.WriteEndObject();
    }

    private static bool IsKnownFormat(JsonElement format) => format.ValueKind == JsonValueKind.String
        && format.GetString() is "date-time" or "time" or "date" or "duration" or "email" or "hostname" or "uri" or "ipv4" or "ipv6" or "uuid";

    /// <summary>No looking around, no word boundaries, no references to groups.</summary>
    private static bool IsPlainPattern(JsonElement pattern) => pattern.ValueKind == JsonValueKind.String
        && !Unknown().IsMatch(pattern.GetString()!);

    [GeneratedRegex(@"\(\?(?!:)|\\[bB1-9k]")]
    private static partial Regex Unknown();

    public static bool IsObject(JsonElement schema) => schema.Find("type"u8) switch
    {
        { ValueKind: JsonValueKind.String } type => type.GetString() == "object",
        { ValueKind: JsonValueKind.Array } types => types.EnumerateArray().Any(type => type.ValueKind == JsonValueKind.String && type.GetString() == "object"),
        _ => schema.Find("properties"u8) is not null,
    };
}
