using System.Text;
using System.Text.Json;

namespace NewApi.Domain.Pricing.Expressions;

/// <summary>
/// What an expression may know of a request besides its tokens, taken once when the hold is made: the settlement must see the same, and
/// the body may be gone by then.
/// </summary>
public sealed class PricedRequest
{
    private const int LongestText = 16 * 1024;

    private readonly PriceExpression _expression;
    private readonly Operand[] _params;
    private readonly string[] _headers;

    private PricedRequest(PriceExpression expression, DateTimeOffset startedAt, Operand[] values, string[] headers)
    {
        _expression = expression;
        StartedAt = startedAt;
        _params = values;
        _headers = headers;
    }

    internal DateTimeOffset StartedAt { get; }

    /// <summary>Reads what the expression asks for; <paramref name="header"/> gives the value of a header, or nothing.</summary>
    public static PricedRequest Read(PriceExpression expression, ReadOnlySpan<byte> body, Func<string, string?> header, DateTimeOffset startedAt)
    {
        ArgumentNullException.ThrowIfNull(expression);
        ArgumentNullException.ThrowIfNull(header);
        var values = expression.Params.Count == 0 ? [] : new Operand[expression.Params.Count];
        for (var index = 0; index < values.Length; index++)
        {
            values[index] = Find(body, expression.Params[index]);
        }
        return new PricedRequest(expression, startedAt, values, [.. expression.Headers.Select(name => Cut(header(name) ?? ""))]);
    }

    internal Operand Param(int index) => _params[index];

    internal string Header(int index) => _headers[index];

    /// <summary>Null for another expression: its members have other numbers.</summary>
    internal PricedRequest? For(PriceExpression expression) => ReferenceEquals(expression, _expression) ? this : null;

    /// <summary>
    /// What the price looked at, for the usage log: numbers and switches as they were, of texts only whether there was one, since a text may
    /// be part of a prompt.
    /// </summary>
    internal void WriteRules(Utf8JsonWriter json)
    {
        for (var index = 0; index < _params.Length; index++)
        {
            json.WriteStartObject();
            json.WriteString("param"u8, _expression.Params[index]);
            var value = _params[index];
            switch (value.Kind)
            {
                case OperandKind.Number:
                    json.WriteNumber("value"u8, value.Number);
                    break;
                case OperandKind.Flag:
                    json.WriteBoolean("value"u8, value.Flag);
                    break;
                default:
                    json.WriteBoolean("given"u8, value.Kind == OperandKind.Text);
                    break;
            }
            json.WriteEndObject();
        }
        for (var index = 0; index < _headers.Length; index++)
        {
            json.WriteStartObject();
            json.WriteString("header"u8, _expression.Headers[index]);
            json.WriteBoolean("given"u8, _headers[index].Length > 0);
            json.WriteEndObject();
        }
    }

    internal bool HasRules => _params.Length + _headers.Length > 0;

    /// <summary>
    /// A path is names and positions between dots: <c>messages.0.role</c>, and <c>messages.#</c> for how many there are; a dot in a name is
    /// written <c>\.</c>.
    /// </summary>
    private static Operand Find(ReadOnlySpan<byte> body, string path)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            return reader.Read() ? Find(ref reader, body, path) : Operand.Nothing;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // No JSON, or half of a surrogate pair in a text.
            return Operand.Nothing;
        }
    }

    private static Operand Find(ref Utf8JsonReader reader, ReadOnlySpan<byte> body, string path)
    {
        var rest = path.AsSpan();
        while (true)
        {
            var step = Step(ref rest);
            if (reader.TokenType == JsonTokenType.StartObject)
            {
                if (!Enter(ref reader, step))
                {
                    return Operand.Nothing;
                }
            }
            else if (reader.TokenType != JsonTokenType.StartArray)
            {
                return Operand.Nothing;
            }
            else if (step == "#")
            {
                return rest.IsEmpty ? Operand.Of(CountItems(ref reader)) : Operand.Nothing;
            }
            else if (!int.TryParse(step, out var position) || !Enter(ref reader, position))
            {
                return Operand.Nothing;
            }
            if (rest.IsEmpty)
            {
                return ValueOf(ref reader, body);
            }
        }
    }

    private static string Step(ref ReadOnlySpan<char> rest)
    {
        var step = new StringBuilder();
        while (!rest.IsEmpty)
        {
            var next = rest[0];
            rest = rest[1..];
            if (next == '.')
            {
                break;
            }
            if (next == '\\' && !rest.IsEmpty)
            {
                next = rest[0];
                rest = rest[1..];
            }
            step.Append(next);
        }
        return step.ToString();
    }

    private static bool Enter(ref Utf8JsonReader reader, string name)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = reader.ValueTextEquals(name);
            reader.Read();
            if (found)
            {
                return true;
            }
            reader.Skip();
        }
        return false;
    }

    private static bool Enter(ref Utf8JsonReader reader, int position)
    {
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (position-- == 0)
            {
                return true;
            }
            reader.Skip();
        }
        return false;
    }

    private static int CountItems(ref Utf8JsonReader reader)
    {
        var count = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            count++;
            reader.Skip();
        }
        return count;
    }

    private static Operand ValueOf(ref Utf8JsonReader reader, ReadOnlySpan<byte> body)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Number:
                return reader.TryGetDecimal(out var number) ? Operand.Of(number) : Operand.Nothing;
            case JsonTokenType.True or JsonTokenType.False:
                return Operand.Of(reader.TokenType == JsonTokenType.True);
            case JsonTokenType.String:
                return Operand.Of(Cut(reader.GetString()!));
            case JsonTokenType.StartObject or JsonTokenType.StartArray:
                // An object or a list is its own text, so that has() can look into it.
                return Operand.Of(RawText(ref reader, body));
            default:
                return Operand.Nothing;
        }
    }

    private static string RawText(ref Utf8JsonReader reader, ReadOnlySpan<byte> body)
    {
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        var length = Math.Min((int)reader.BytesConsumed - start, LongestText);
        return Encoding.UTF8.GetString(body.Slice(start, length));
    }

    private static string Cut(string text) => text.Length <= LongestText ? text : text[..LongestText];
}
