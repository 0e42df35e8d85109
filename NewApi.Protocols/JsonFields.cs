using System.Text.Json;

namespace NewApi.Protocols;

/// <summary>Small readings shared by the dialects.</summary>
internal static class JsonFields
{
    /// <summary>Moves to the next member of the current object; the reader then stands on its name.</summary>
    public static bool NextMember(ref Utf8JsonReader reader) => reader.Read() && reader.TokenType == JsonTokenType.PropertyName;

    /// <summary>Keeps the larger of what is known and the count at the reader; what is no count is passed over.</summary>
    public static void TakeMax(ref Utf8JsonReader reader, ref long? known)
    {
        if (reader.TokenType != JsonTokenType.Number)
        {
            reader.Skip();
            return;
        }

        if (!reader.TryGetInt64(out var value))
        {
            // Some upstreams write counts as 12.0.
            if (!reader.TryGetDouble(out var real) || !(real >= 0 && real < 1e15))
            {
                return;
            }

            value = (long)real;
        }

        if (value >= 0 && (known is null || value > known))
        {
            known = value;
        }
    }

    /// <summary>Reads an object of counts: its members of these names, each as <see cref="TakeMax"/> does; others are passed over.</summary>
    public static void TakeCounts(
        ref Utf8JsonReader reader, ReadOnlySpan<byte> name1, ref long? known1, ReadOnlySpan<byte> name2, ref long? known2, ReadOnlySpan<byte> name3, ref long? known3)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (NextMember(ref reader))
        {
            if (reader.ValueSpan.SequenceEqual(name1))
            {
                reader.Read();
                TakeMax(ref reader, ref known1);
            }
            else if (reader.ValueSpan.SequenceEqual(name2))
            {
                reader.Read();
                TakeMax(ref reader, ref known2);
            }
            else if (reader.ValueSpan.SequenceEqual(name3))
            {
                reader.Read();
                TakeMax(ref reader, ref known3);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    public static void TakeCounts(ref Utf8JsonReader reader, ReadOnlySpan<byte> name1, ref long? known1, ReadOnlySpan<byte> name2, ref long? known2) =>
        TakeCounts(ref reader, name1, ref known1, name2, ref known2, name2, ref known2);

    public static void TakeCounts(ref Utf8JsonReader reader, ReadOnlySpan<byte> name, ref long? known) =>
        TakeCounts(ref reader, name, ref known, name, ref known, name, ref known);

    public static void Larger(ref long? known, long? other)
    {
        if (other is not null && (known is null || other > known))
        {
            known = other;
        }
    }

    /// <summary>The current string; words that every answer brings are not allocated anew.</summary>
    public static string? Word(ref Utf8JsonReader reader)
    {
        var raw = reader.ValueSpan;
        return raw.Length switch
        {
            4 when raw.SequenceEqual("stop"u8) => "stop",
            4 when raw.SequenceEqual("STOP"u8) => "STOP",
            6 when raw.SequenceEqual("length"u8) => "length",
            8 when raw.SequenceEqual("end_turn"u8) => "end_turn",
            8 when raw.SequenceEqual("tool_use"u8) => "tool_use",
            9 when raw.SequenceEqual("completed"u8) => "completed",
            10 when raw.SequenceEqual("max_tokens"u8) => "max_tokens",
            10 when raw.SequenceEqual("tool_calls"u8) => "tool_calls",
            10 when raw.SequenceEqual("MAX_TOKENS"u8) => "MAX_TOKENS",
            13 when raw.SequenceEqual("stop_sequence"u8) => "stop_sequence",
            14 when raw.SequenceEqual("content_filter"u8) => "content_filter",
            _ => JsonText.ToText(raw, reader.ValueIsEscaped),
        };
    }
}
