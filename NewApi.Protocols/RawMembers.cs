using System.Text.Json;

namespace NewApi.Protocols;

/// <summary>Walks the members of a JSON object, each value as it stands in the body.</summary>
internal ref struct RawMembers
{
    private readonly ReadOnlySpan<byte> _json;
    private Utf8JsonReader _reader;

    public RawMembers(ReadOnlySpan<byte> json)
    {
        _json = json;
        _reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 256 });
        if (!_reader.Read() || _reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("The body is no object.");
        }
    }

    /// <summary>The member's name, escapes resolved.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    public ReadOnlySpan<byte> Value { get; private set; }

    public bool Next()
    {
        if (!JsonFields.NextMember(ref _reader))
        {
            return false;
        }

        Name = _reader.ValueSpan;
        if (_reader.ValueIsEscaped)
        {
            var name = new byte[Name.Length];
            Name = name.AsSpan(0, JsonText.Decode(Name, name));
        }

        _reader.Read();
        var start = (int)_reader.TokenStartIndex;
        _reader.Skip();
        Value = _json[start..(int)_reader.BytesConsumed];
        return true;
    }

    /// <summary>Copies the current member.</summary>
    public readonly void Copy(Utf8JsonWriter json)
    {
        json.WritePropertyName(Name);
        json.WriteRawValue(Value, skipInputValidation: true);
    }
}
