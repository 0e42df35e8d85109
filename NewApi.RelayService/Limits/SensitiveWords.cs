using System.Buffers;
using System.Text;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Domain.Options;
using NewApi.Protocols;

namespace NewApi.RelayService.Limits;

/// <summary>
/// Refuses prompts that hold a word of the operator's list (specification: relay §7.4), before anything is held or called. All words are
/// looked for at once, case aside, in one piece of the body after the other: a body that lies on disk is not brought into memory for it.
/// Answers are not looked at.
/// </summary>
internal sealed class SensitiveWords
{
    /// <summary>Bytes of a piece.</summary>
    private const int Piece = 64 * 1024;

    /// <summary>What JSON may, and sometimes must, write as an escape; any other character it may write by its number.</summary>
    private static readonly SearchValues<char> Escaped = SearchValues.Create("\"\\/\b\f\t");

    private readonly SearchValues<string> _words;

    /// <summary>A piece begins with so many characters of the one before it, so that no word is cut in two.</summary>
    private readonly int _overlap;

    /// <summary>Where this is not in a body, no word is hidden by escapes.</summary>
    private readonly byte[] _escape;

    private SensitiveWords(List<string> words)
    {
        _words = SearchValues.Create([.. words], StringComparison.OrdinalIgnoreCase);
        _overlap = words.Max(word => word.Length) - 1;
        _escape = [.. words.Any(word => word.AsSpan().ContainsAny(Escaped)) ? "\\"u8 : "\\u"u8];
    }

    /// <summary>Null when the operator does not ask for it.</summary>
    public static SensitiveWords? From(GatewayOptions options) =>
        options is { CheckSensitiveEnabled: true, CheckSensitiveOnPromptEnabled: true } && options.SensitiveWords.Where(word => word.Length > 0).ToList() is { Count: > 0 } words
            ? new SensitiveWords(words)
            : null;

    public RelayFault? Check(ReadOnlySpan<byte> body) => Holds(body)
        ? new RelayFault(400, "sensitive_words_detected", "The prompt holds a word that is not allowed here.") { Final = true }
        : null;

    // Almost every body is clean: the whole text is looked through first, and only a hit, or an escape that could hide one, is looked at
    // string by string.
    private bool Holds(ReadOnlySpan<byte> body) => (body.IndexOf(_escape) >= 0 || Holds(body, escaped: false)) && HoldsInStrings(body);

    private bool HoldsInStrings(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = 256 });
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.String && Holds(reader.ValueSpan, reader.ValueIsEscaped))
                {
                    return true;
                }
            }
            return false;
        }
        catch (JsonException)
        {
            // No JSON (a form): it is the whole text that counts.
            return Holds(body, escaped: false);
        }
    }

    private bool Holds(ReadOnlySpan<byte> text, bool escaped)
    {
        var most = Math.Min(text.Length, Piece);
        var chars = ArrayPool<char>.Shared.Rent(_overlap + most);
        var bytes = escaped ? ArrayPool<byte>.Shared.Rent(most) : [];
        try
        {
            for (var kept = 0; !text.IsEmpty;)
            {
                var piece = text[..(escaped ? EndOfEscaped(text) : EndOf(text))];
                text = text[piece.Length..];
                // Half a surrogate becomes U+FFFD: it must not keep the rest from being read.
                var plain = escaped ? bytes.AsSpan(0, JsonText.Decode(piece, bytes)) : piece;
                var length = kept + Encoding.UTF8.GetChars(plain, chars.AsSpan(kept));
                if (chars.AsSpan(0, length).ContainsAny(_words))
                {
                    return true;
                }
                kept = Math.Min(length, _overlap);
                chars.AsSpan(length - kept, kept).CopyTo(chars);
            }
            return false;
        }
        finally
        {
            ArrayPool<char>.Shared.Return(chars);
            if (escaped)
            {
                ArrayPool<byte>.Shared.Return(bytes);
            }
        }
    }

    /// <summary>Where the first piece of a text ends: between two characters.</summary>
    private static int EndOf(ReadOnlySpan<byte> text)
    {
        if (text.Length <= Piece)
        {
            return text.Length;
        }
        var end = Piece;
        while (end > Piece - 4 && (text[end] & 0xC0) == 0x80)
        {
            end--;
        }
        return end;
    }

    /// <summary>The same, and neither within an escape nor between the two halves of a character.</summary>
    private static int EndOfEscaped(ReadOnlySpan<byte> text)
    {
        var end = EndOf(text);
        if (end == text.Length)
        {
            return end;
        }
        for (var at = 0; ;)
        {
            var next = text[at..end].IndexOf((byte)'\\');
            if (next < 0)
            {
                return end;
            }
            at += next;
            var length = text[at + 1] != 'u' ? 2 : IsLowSurrogate(text[(at + 6)..]) ? 12 : 6;
            if (at + length > end)
            {
                return at;
            }
            at += length;
        }
    }

    private static bool IsLowSurrogate(ReadOnlySpan<byte> text) =>
        text is [(byte)'\\', (byte)'u', (byte)'d' or (byte)'D', >= (byte)'c' and <= (byte)'f' or >= (byte)'C' and <= (byte)'F', ..];
}
