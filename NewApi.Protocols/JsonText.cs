using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace NewApi.Protocols;

/// <summary>
/// Escapes of JSON strings, on bytes. Unlike the reader's own methods nothing here throws on lone surrogates or broken UTF-8: bodies come
/// from strangers, and an exception per string would be a cheap way to keep a core busy.
/// </summary>
public static class JsonText
{
    /// <summary>What must not stand in a JSON string as it is.</summary>
    private static readonly SearchValues<byte> Special = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Select(control => (byte)control), (byte)'"', (byte)'\\']);

    /// <summary>Length of the text once its escapes are resolved, in UTF-8 bytes.</summary>
    internal static int DecodedLength(ReadOnlySpan<byte> raw)
    {
        var length = 0;
        while (true)
        {
            var at = raw.IndexOf((byte)'\\');
            if (at < 0 || at + 1 >= raw.Length)
            {
                return length + raw.Length;
            }

            length += at;
            raw = raw[at..];
            raw = raw[Escape(raw, out var rune)..];
            length += rune.Utf8SequenceLength;
        }
    }

    /// <summary>Resolves escapes; lone surrogates become U+FFFD. The destination never needs more room than the source.</summary>
    public static int Decode(ReadOnlySpan<byte> raw, Span<byte> destination)
    {
        var length = 0;
        while (true)
        {
            var at = raw.IndexOf((byte)'\\');
            if (at < 0 || at + 1 >= raw.Length)
            {
                raw.CopyTo(destination[length..]);
                return length + raw.Length;
            }

            raw[..at].CopyTo(destination[length..]);
            length += at;
            raw = raw[at..];
            raw = raw[Escape(raw, out var rune)..];
            length += rune.EncodeToUtf8(destination[length..]);
        }
    }

    /// <summary>The text as a string; <c>null</c> when it is not valid UTF-8.</summary>
    internal static string? ToText(ReadOnlySpan<byte> raw, bool escaped)
    {
        if (!escaped)
        {
            return Utf8.IsValid(raw) ? Encoding.UTF8.GetString(raw) : null;
        }

        var rented = ArrayPool<byte>.Shared.Rent(raw.Length);
        try
        {
            var text = rented.AsSpan(0, Decode(raw, rented));
            return Utf8.IsValid(text) ? Encoding.UTF8.GetString(text) : null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>The current string as UTF-8, escapes resolved; valid until the reader moves or the scratch is used again.</summary>
    internal static ReadOnlySpan<byte> Utf8Of(scoped ref Utf8JsonReader reader, scoped ref byte[]? scratch)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            return default;
        }

        var raw = reader.ValueSpan;
        if (!reader.ValueIsEscaped)
        {
            return raw;
        }

        if (scratch is null || scratch.Length < raw.Length)
        {
            scratch = new byte[Math.Max(256, raw.Length)];
        }

        return scratch.AsSpan(0, Decode(raw, scratch));
    }

    /// <summary>The bytes, if they are UTF-8; else a copy with U+FFFD for what is not.</summary>
    internal static ReadOnlySpan<byte> Repair(ReadOnlySpan<byte> utf8) =>
        Utf8.IsValid(utf8) ? utf8 : Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(utf8));

    /// <summary>Whether the bytes are one JSON object.</summary>
    internal static bool IsObject(ReadOnlySpan<byte> utf8)
    {
        try
        {
            var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = 256 });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return false;
            }

            reader.Skip();
            return !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>Writes text as the inside of a JSON string: only what must be escaped is; broken UTF-8 becomes U+FFFD.</summary>
    internal static void WriteEscaped(IBufferWriter<byte> output, ReadOnlySpan<byte> utf8)
    {
        if (!Utf8.IsValid(utf8))
        {
            WriteEscaped(output, Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(utf8)));
            return;
        }

        while (true)
        {
            var at = utf8.IndexOfAny(Special);
            if (at < 0)
            {
                output.Write(utf8);
                return;
            }

            output.Write(utf8[..at]);
            switch (utf8[at])
            {
                case (byte)'"':
                    output.Write("\\\""u8);
                    break;
                case (byte)'\\':
                    output.Write("\\\\"u8);
                    break;
                case (byte)'\n':
                    output.Write("\\n"u8);
                    break;
                case (byte)'\r':
                    output.Write("\\r"u8);
                    break;
                case (byte)'\t':
                    output.Write("\\t"u8);
                    break;
                default:
                    output.Write([(byte)'\\', (byte)'u', (byte)'0', (byte)'0', HexDigit(utf8[at] >> 4), HexDigit(utf8[at] & 15)]);
                    break;
            }

            utf8 = utf8[(at + 1)..];
        }
    }

    private static byte HexDigit(int value) => (byte)(value < 10 ? '0' + value : 'a' + value - 10);

    /// <summary>Reads the escape that <paramref name="raw"/> begins with and returns its length.</summary>
    private static int Escape(ReadOnlySpan<byte> raw, out Rune rune)
    {
        switch (raw[1])
        {
            case (byte)'u':
                var high = Hex(raw, 2);
                if (high < 0)
                {
                    rune = Rune.ReplacementChar;
                    return Math.Min(6, raw.Length);
                }

                if (Rune.TryCreate(high, out rune))
                {
                    return 6;
                }

                if (raw.Length >= 12 && raw[6] == (byte)'\\' && raw[7] == (byte)'u' && Hex(raw, 8) is var low and >= 0
                    && Rune.TryCreate((char)high, (char)low, out rune))
                {
                    return 12;
                }

                rune = Rune.ReplacementChar;
                return 6;
            case (byte)'n':
                rune = new Rune('\n');
                return 2;
            case (byte)'t':
                rune = new Rune('\t');
                return 2;
            case (byte)'r':
                rune = new Rune('\r');
                return 2;
            case (byte)'b':
                rune = new Rune('\b');
                return 2;
            case (byte)'f':
                rune = new Rune('\f');
                return 2;
            default:
                // A quote, a slash or a backslash: the reader has let nothing else through.
                rune = raw[1] < 0x80 ? new Rune((char)raw[1]) : Rune.ReplacementChar;
                return 2;
        }
    }

    private static int Hex(ReadOnlySpan<byte> raw, int at)
    {
        if (raw.Length < at + 4)
        {
            return -1;
        }

        var value = 0;
        for (var i = at; i < at + 4; i++)
        {
            var digit = raw[i] switch
            {
                >= (byte)'0' and <= (byte)'9' => raw[i] - '0',
                >= (byte)'a' and <= (byte)'f' => raw[i] - 'a' + 10,
                >= (byte)'A' and <= (byte)'F' => raw[i] - 'A' + 10,
                _ => -1,
            };
            if (digit < 0)
            {
                return -1;
            }

            value = (value << 4) | digit;
        }

        return value;
    }
}
