using System.Text.Json;

namespace NewApi.Protocols.Anthropic;

/// <summary>
/// Which functions can be strict. Claude compiles the strict schemas of a request, and the one of its answer, into one grammar, and refuses
/// a request that asks too much of it: https://platform.claude.com/docs/en/build-with-claude/structured-outputs. What does not fit is offered
/// without the promise, which is still an offer.
/// </summary>
internal sealed class StrictSchemas
{
    private const int MostTools = 20;
    private const int MostOptional = 24;
    private const int MostUnions = 16;

    /// <summary>Enough for any schema that could be compiled; references to references may double with each of them.</summary>
    private const int MostPlaces = 2000;

    private readonly HashSet<string> _open = [];
    private int _tools;
    private int _optional;
    private int _unions;
    private int _places;

    /// <summary>Counts a schema that goes out whether it fits or not.</summary>
    public void Add(JsonElement schema)
    {
        _places = 0;
        Walk(schema, schema, isRoot: true);
    }

    /// <summary>Counts the schema of a function, if there is room for it.</summary>
    public bool Take(JsonElement schema)
    {
        var before = (_optional, _unions);
        _places = 0;
        if (_tools < MostTools && schema.Word("type"u8) == "object" && Walk(schema, schema, isRoot: true)
            && _optional <= MostOptional && _unions <= MostUnions)
        {
            _tools++;
            return true;
        }

        (_optional, _unions) = before;
        return false;
    }

    /// <summary>Counts what a schema says; false when it says what no grammar can, or what closing its objects would change.</summary>
    private bool Walk(JsonElement schema, JsonElement root, bool isRoot = false)
    {
        if (++_places > MostPlaces || schema.ValueKind != JsonValueKind.Object)
        {
            return false;
        }

        var isUnion = schema.Find("type"u8) is { ValueKind: JsonValueKind.Array };
        foreach (var member in schema.EnumerateObject())
        {
            switch (member.Name)
            {
                case "$ref" when !Follow(member.Value, root):
                case "additionalProperties" when member.Value.ValueKind != JsonValueKind.False:
                case "patternProperties" or "propertyNames" or "unevaluatedProperties" or "dependentSchemas" or "dependentRequired":
                case "allOf" or "not" or "if" or "prefixItems" or "contains":
                case "items" when !Walk(member.Value, root):
                    return false;
                case "anyOf" or "oneOf":
                    isUnion = true;
                    if (member.Value.ValueKind != JsonValueKind.Array || !member.Value.EnumerateArray().All(choice => Walk(choice, root)))
                    {
                        return false;
                    }

                    break;
            }
        }

        _unions += isUnion ? 1 : 0;
        return WalkProperties(schema, root, isRoot);
    }

    private bool WalkProperties(JsonElement schema, JsonElement root, bool isRoot)
    {
        if (schema.Find("properties"u8) is not { ValueKind: JsonValueKind.Object } properties || properties.GetPropertyCount() == 0)
        {
            // An object of anything, unless it is known to be empty.
            return isRoot || !OutputSchema.IsObject(schema) || schema.Find("additionalProperties"u8) is not null;
        }

        var required = new HashSet<string?>();
        foreach (var name in schema.Items("required"u8))
        {
            required.Add(name.ValueKind == JsonValueKind.String ? name.GetString() : null);
        }

        foreach (var property in properties.EnumerateObject())
        {
            _optional += required.Contains(property.Name) ? 0 : 1;
            if (!Walk(property.Value, root))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Into a definition of the same document that does not refer to itself.</summary>
    private bool Follow(JsonElement reference, JsonElement root)
    {
        if (reference.ValueKind != JsonValueKind.String || reference.GetString()!.Split('/') is not ["#", "$defs" or "definitions", var name] path
            || root.Find(path[1] == "$defs" ? "$defs"u8 : "definitions"u8) is not { ValueKind: JsonValueKind.Object } definitions
            || !definitions.TryGetProperty(name, out var definition) || !_open.Add(name))
        {
            return false;
        }

        var fits = Walk(definition, root);
        _open.Remove(name);
        return fits;
    }
}
