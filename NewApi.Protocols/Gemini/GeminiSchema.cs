using System.Buffers;
using System.Text.Json;

namespace NewApi.Protocols.Gemini;

/// <summary>
/// JSON schema to and from Gemini's <c>Schema</c>, a small part of OpenAPI 3.0 that refuses every member it does not know.
/// </summary>
internal static class GeminiSchema
{
    /// <summary>More nesting, references resolved, than a schema with a purpose has; deeper parts become free objects.</summary>
    private const int MaxDepth = 24;

    /// <summary>Objects written for one schema: references may refer to each other so that the whole grows without end.</summary>
    private const int MaxNodes = 10_000;

    /// <summary>Whether a schema of arguments says anything; a function without arguments has to go without a schema.</summary>
    public static bool IsEmpty(JsonElement schema) =>
        schema.ValueKind != JsonValueKind.Object
        || (!schema.TryGetProperty("$ref"u8, out _)
            && !schema.TryGetProperty("anyOf"u8, out _)
            && !schema.TryGetProperty("oneOf"u8, out _)
            && !schema.TryGetProperty("allOf"u8, out _)
            && !(schema.TryGetProperty("properties"u8, out var properties)
                && properties.ValueKind == JsonValueKind.Object && properties.EnumerateObject().MoveNext()));

    /// <summary>Writes a JSON schema as Gemini takes it: references resolved, members that it does not know left out.</summary>
    public static void Write(Utf8JsonWriter json, JsonElement schema)
    {
        var nodes = MaxNodes;
        Write(json, schema, schema, 0, ref nodes);
    }

    /// <summary>A JSON schema of a Gemini schema: lower-case types, <c>nullable</c> as a type.</summary>
    public static JsonElement ToJsonSchema(JsonElement schema)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, ErrorBody.WriterOptions))
        {
            WriteJsonSchema(json, schema);
        }

        return JsonElement.Parse(buffer.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter json, JsonElement schema, JsonElement root, int depth, ref int nodes)
    {
        schema = Resolve(schema, root);
        json.WriteStartObject();
        if (schema.ValueKind != JsonValueKind.Object || depth >= MaxDepth || --nodes < 0)
        {
            json.WriteString("type"u8, "object"u8);
            json.WriteEndObject();
            return;
        }

        var (type, nullable) = TypeOf(schema, root);
        if (type is not null)
        {
            json.WriteString("type"u8, type);
        }

        if (nullable)
        {
            json.WriteBoolean("nullable"u8, true);
        }

        foreach (var member in schema.EnumerateObject())
        {
            var value = member.Value;
            switch (member.Name)
            {
                case "title" or "description" or "pattern" when value.ValueKind == JsonValueKind.String:
                case "minItems" or "maxItems" or "minLength" or "maxLength" or "minProperties" or "maxProperties" or "minimum" or "maximum"
                    when value.ValueKind == JsonValueKind.Number:
                    member.WriteTo(json);
                    break;
                case "format" when value.ValueKind == JsonValueKind.String && Knows(type, value):
                    member.WriteTo(json);
                    break;
                case "enum" when value.ValueKind == JsonValueKind.Array && type is null or "string":
                    WriteEnum(json, value);
                    break;
                case "const" when value.ValueKind == JsonValueKind.String:
                    json.WriteStartArray("enum"u8);
                    value.WriteTo(json);
                    json.WriteEndArray();
                    break;
                case "properties" when value.ValueKind == JsonValueKind.Object:
                    json.WriteStartObject(member.Name);
                    foreach (var property in value.EnumerateObject())
                    {
                        json.WritePropertyName(property.Name);
                        Write(json, property.Value, root, depth + 1, ref nodes);
                    }

                    json.WriteEndObject();
                    break;
                case "required" when value.ValueKind == JsonValueKind.Array:
                    WriteRequired(json, value, schema);
                    break;
                case "items" when value.ValueKind == JsonValueKind.Object:
                    json.WritePropertyName("items"u8);
                    Write(json, value, root, depth + 1, ref nodes);
                    break;
                case "anyOf" or "oneOf" when value.ValueKind == JsonValueKind.Array:
                    WriteChoices(json, value, root, depth, ref nodes);
                    break;
                default:
                    break;
            }
        }

        if (type == "array" && !(schema.TryGetProperty("items"u8, out var items) && items.ValueKind == JsonValueKind.Object))
        {
            // An array must say of what.
            json.WriteStartObject("items"u8);
            json.WriteString("type"u8, "string"u8);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    /// <summary>
    /// The one type that Gemini can be told: of several the first, <c>null</c> among them apart. A choice of one type and <c>null</c> says no
    /// type of its own.
    /// </summary>
    private static (string? Type, bool Nullable) TypeOf(JsonElement schema, JsonElement root)
    {
        var nullable = schema.TryGetProperty("nullable"u8, out var said) && said.ValueKind == JsonValueKind.True;
        string? first = null;
        if (schema.TryGetProperty("type"u8, out var type))
        {
            if (type.ValueKind == JsonValueKind.String)
            {
                first = type.GetString();
            }
            else if (type.ValueKind == JsonValueKind.Array)
            {
                foreach (var one in type.EnumerateArray())
                {
                    var word = one.ValueKind == JsonValueKind.String ? one.GetString() : null;
                    nullable |= word == "null";
                    first ??= word == "null" ? null : word;
                }
            }
        }

        foreach (var choices in Choices(schema))
        {
            foreach (var choice in choices.EnumerateArray())
            {
                nullable |= IsNull(Resolve(choice, root));
            }
        }

        if (first is null)
        {
            first = schema.TryGetProperty("properties"u8, out _) ? "object"
                : schema.TryGetProperty("items"u8, out _) ? "array"
                : schema.TryGetProperty("enum"u8, out _) || schema.TryGetProperty("const"u8, out _) ? "string"
                : null;
        }

        return (first?.ToLowerInvariant(), nullable);
    }

    private static IEnumerable<JsonElement> Choices(JsonElement schema)
    {
        if (schema.TryGetProperty("anyOf"u8, out var any) && any.ValueKind == JsonValueKind.Array)
        {
            yield return any;
        }

        if (schema.TryGetProperty("oneOf"u8, out var one) && one.ValueKind == JsonValueKind.Array)
        {
            yield return one;
        }
    }

    private static bool IsNull(JsonElement schema) =>
        schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("type"u8, out var type)
        && type.ValueKind == JsonValueKind.String && type.ValueEquals("null"u8);

    private static void WriteChoices(Utf8JsonWriter json, JsonElement choices, JsonElement root, int depth, ref int nodes)
    {
        json.WriteStartArray("anyOf"u8);
        foreach (var choice in choices.EnumerateArray())
        {
            if (!IsNull(Resolve(choice, root)))
            {
                Write(json, choice, root, depth + 1, ref nodes);
            }
        }

        json.WriteEndArray();
    }

    /// <summary>Gemini's enums are texts.</summary>
    private static void WriteEnum(Utf8JsonWriter json, JsonElement values)
    {
        json.WriteStartArray("enum"u8);
        foreach (var value in values.EnumerateArray())
        {
            if (value.ValueKind == JsonValueKind.String && !value.ValueEquals(""u8))
            {
                value.WriteTo(json);
            }
        }

        json.WriteEndArray();
    }

    /// <summary>Only properties that exist: Gemini checks.</summary>
    private static void WriteRequired(Utf8JsonWriter json, JsonElement required, JsonElement schema)
    {
        if (!schema.TryGetProperty("properties"u8, out var properties) || properties.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        json.WriteStartArray("required"u8);
        foreach (var name in required.EnumerateArray())
        {
            if (name.ValueKind == JsonValueKind.String && properties.TryGetProperty(name.GetString()!, out _))
            {
                name.WriteTo(json);
            }
        }

        json.WriteEndArray();
    }

    private static bool Knows(string? type, JsonElement format) => type switch
    {
        "integer" => format.ValueEquals("int32"u8) || format.ValueEquals("int64"u8),
        "number" => format.ValueEquals("float"u8) || format.ValueEquals("double"u8),
        _ => format.ValueEquals("enum"u8) || format.ValueEquals("date-time"u8),
    };

    /// <summary>Follows <c>$ref</c> within the schema, and takes the one part of an <c>allOf</c> that has only one.</summary>
    private static JsonElement Resolve(JsonElement schema, JsonElement root)
    {
        for (var hops = 0; hops < 8 && schema.ValueKind == JsonValueKind.Object; hops++)
        {
            if (schema.TryGetProperty("$ref"u8, out var reference) && reference.ValueKind == JsonValueKind.String)
            {
                schema = Follow(reference.GetString()!, root);
            }
            else if (schema.TryGetProperty("allOf"u8, out var all) && all.ValueKind == JsonValueKind.Array && all.GetArrayLength() > 0
                && !schema.TryGetProperty("properties"u8, out _))
            {
                schema = all[0];
            }
            else
            {
                return schema;
            }
        }

        return schema;
    }

    /// <summary>A pointer such as <c>#/$defs/Node</c>.</summary>
    private static JsonElement Follow(string reference, JsonElement root)
    {
        if (!reference.StartsWith('#'))
        {
            return default;
        }

        var at = root;
        foreach (var step in reference[1..].Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            var name = Uri.UnescapeDataString(step).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(name, out at))
            {
                return default;
            }
        }

        return at;
    }

    private static void WriteJsonSchema(Utf8JsonWriter json, JsonElement schema)
    {
        if (schema.ValueKind != JsonValueKind.Object)
        {
            schema.WriteTo(json);
            return;
        }

        json.WriteStartObject();
        var nullable = schema.TryGetProperty("nullable"u8, out var said) && said.ValueKind == JsonValueKind.True;
        foreach (var member in schema.EnumerateObject())
        {
            var value = member.Value;
            switch (member.Name)
            {
                case "nullable" or "propertyOrdering" or "property_ordering":
                    break;
                case "format" when value.ValueKind == JsonValueKind.String && value.ValueEquals("enum"u8):
                    break;
                case "type" when value.ValueKind == JsonValueKind.String:
                    WriteType(json, value.GetString()!.ToLowerInvariant(), nullable);
                    break;
                case "properties" when value.ValueKind == JsonValueKind.Object:
                    json.WriteStartObject(member.Name);
                    foreach (var property in value.EnumerateObject())
                    {
                        json.WritePropertyName(property.Name);
                        WriteJsonSchema(json, property.Value);
                    }

                    json.WriteEndObject();
                    break;
                case "items":
                    json.WritePropertyName(member.Name);
                    WriteJsonSchema(json, value);
                    break;
                case "anyOf" or "any_of" when value.ValueKind == JsonValueKind.Array:
                    json.WriteStartArray("anyOf"u8);
                    foreach (var choice in value.EnumerateArray())
                    {
                        WriteJsonSchema(json, choice);
                    }

                    json.WriteEndArray();
                    break;
                default:
                    WriteLimit(json, member);
                    break;
            }
        }

        json.WriteEndObject();
    }

    private static void WriteType(Utf8JsonWriter json, string type, bool nullable)
    {
        if (type == "type_unspecified")
        {
            return;
        }

        if (!nullable)
        {
            json.WriteString("type"u8, type);
            return;
        }

        json.WriteStartArray("type"u8);
        json.WriteStringValue(type);
        json.WriteStringValue("null"u8);
        json.WriteEndArray();
    }

    /// <summary>Google writes 64-bit numbers as texts, and some clients write members with underscores.</summary>
    private static void WriteLimit(Utf8JsonWriter json, JsonProperty member)
    {
        var name = member.Name switch
        {
            "min_items" => "minItems",
            "max_items" => "maxItems",
            "min_length" => "minLength",
            "max_length" => "maxLength",
            "min_properties" => "minProperties",
            "max_properties" => "maxProperties",
            _ => member.Name,
        };
        json.WritePropertyName(name);
        if (name is "minItems" or "maxItems" or "minLength" or "maxLength" or "minProperties" or "maxProperties"
            && member.Value.ValueKind == JsonValueKind.String && long.TryParse(member.Value.GetString(), out var limit))
        {
            json.WriteNumberValue(limit);
            return;
        }

        member.Value.WriteTo(json);
    }
}
