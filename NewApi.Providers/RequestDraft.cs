using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain;

namespace NewApi.Providers;

/// <summary>
/// A request body on its way to a provider: its top-level members, as they stood in the bytes, and what the provider's rules change of
/// them. A long prompt is walked over once and copied once; only members that a rule looks into are parsed.
/// </summary>
public sealed class RequestDraft
{
    private readonly ReadOnlyMemory<byte> _body;
    private readonly List<Member> _members = [];

    /// <param name="account">Where it goes.</param>
    /// <param name="dialect">What it is written in.</param>
    /// <param name="model">The upstream's name of the model.</param>
    /// <param name="body">A JSON object; it must outlive the draft.</param>
    /// <exception cref="JsonException">The body is no JSON object.</exception>
    public RequestDraft(ProviderAccount account, Dialect dialect, string model, ReadOnlyMemory<byte> body)
    {
        Account = account;
        Dialect = dialect;
        Model = model;
        _body = body;
        var reader = new Utf8JsonReader(body.Span, new JsonReaderOptions { MaxDepth = 256 });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("The body is no JSON object.");
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            _members.Add(new Member(name, body[start..(int)reader.BytesConsumed]));
        }
    }

    public ProviderAccount Account { get; }

    public Dialect Dialect { get; }

    /// <summary>The model as the address will name it; <see cref="Rename"/> changes it in the body too.</summary>
    public string Model { get; private set; }

    public bool Changed { get; private set; }

    public bool Has(string name) => Find(name) >= 0;

    /// <summary>The member's JSON text; empty when there is none. <c>null</c> counts as none.</summary>
    public ReadOnlyMemory<byte> Raw(string name) =>
        Find(name) is >= 0 and var at && !_members[at].Value.Span.SequenceEqual("null"u8) ? _members[at].Value : default;

    /// <summary>A copy of the member to look at and to change; <see cref="Set(string, JsonNode?)"/> puts it back.</summary>
    public JsonNode? Node(string name) => Raw(name) is { IsEmpty: false } raw ? JsonNode.Parse(raw.Span) : null;

    /// <summary>The member's text; null for anything else.</summary>
    public string? Text(string name) =>
        Node(name) is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;

    public decimal? Number(string name) =>
        Raw(name) is { IsEmpty: false } raw && new Utf8JsonReader(raw.Span) is var reader && reader.Read()
        && reader.TokenType == JsonTokenType.Number && reader.TryGetDecimal(out var number) ? number : null;

    public void Set(string name, JsonNode? value) => SetRaw(name, Encoding.UTF8.GetBytes(value?.ToJsonString() ?? "null"));

    /// <param name="name">The member.</param>
    /// <param name="json">Its value as JSON.</param>
    public void SetRaw(string name, ReadOnlyMemory<byte> json)
    {
        Changed = true;
        if (Find(name) is >= 0 and var at)
        {
            _members[at] = new Member(name, json);
        }
        else
        {
            _members.Add(new Member(name, json));
        }
    }

    public bool Remove(string name)
    {
        // A name that stands twice is taken out twice.
        var removed = _members.RemoveAll(member => member.Name == name) > 0;
        Changed |= removed;
        return removed;
    }

    /// <summary>Gives a member another name. Where that one is there too it stays, and the first goes.</summary>
    public void Move(string from, string to)
    {
        if (Find(from) is not (>= 0 and var at))
        {
            return;
        }
        Changed = true;
        var value = _members[at].Value;
        if (Raw(to).IsEmpty)
        {
            Remove(to);
            _members[Find(from)] = new Member(to, value);
        }
        Remove(from);
    }

    /// <summary>Another name for the model, in the address and in the body where it stands there.</summary>
    public void Rename(string model)
    {
        Model = model;
        if (Has("model"))
        {
            Set("model", model);
        }
    }

    public void WriteTo(IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (!Changed)
        {
            output.Write(_body.Span);
            return;
        }
        using var writer = new Utf8JsonWriter(output, new JsonWriterOptions { SkipValidation = true });
        writer.WriteStartObject();
        foreach (var (name, value) in _members)
        {
            writer.WritePropertyName(name);
            writer.WriteRawValue(value.Span, skipInputValidation: true);
        }
        writer.WriteEndObject();
    }

    public byte[] ToBytes()
    {
        var output = new ArrayBufferWriter<byte>(_body.Length + 256);
        WriteTo(output);
        return output.WrittenSpan.ToArray();
    }

    private int Find(string name) => _members.FindLastIndex(member => member.Name == name);

    private readonly record struct Member(string Name, ReadOnlyMemory<byte> Value);
}
