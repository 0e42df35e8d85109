using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text;

namespace NewApi.Domain.Tokens;

/// <summary>Whose way of cutting text into tokens is estimated.</summary>
public enum TokenFamily : byte
{
    Other,
    Gemini,
    Claude,
}

/// <summary>
/// Estimates tokens from classes of characters (specification: billing §9), for text that arrives in pieces: UTF-8 cut anywhere, even
/// inside a character, gives the same sum as the whole. State is a few bytes, time is linear whatever the text.
/// </summary>
/// <remarks>
/// Letters in a row are one word and digits in a row one number, up to <see cref="LongestRun"/>: longer ones count again, because text
/// without blanks must not be nearly free. Bytes that are not UTF-8 count as symbols.
/// </remarks>
[StructLayout(LayoutKind.Auto)]
public struct TokenEstimate(TokenFamily family)
{
    /// <summary>Letters or digits that are counted as one word or number; hardly a real word is longer.</summary>
    public const int LongestRun = 32;

    private const int Classes = 10;

    private readonly TokenFamily _family = family;
    private long _hundredths;
    private uint _partial;
    private byte _missing;
    private CharClass _run;
    private byte _runLength;

    private enum CharClass : byte
    {
        Letter,
        Digit,
        Cjk,
        Symbol,
        Math,
        UrlDelimiter,
        At,
        Emoji,
        NewLine,
        Space,
    }

    /// <summary>Tokens so far, rounded up. A character of which only a part has arrived counts as a symbol.</summary>
    public readonly long Total => (_hundredths + (_missing > 0 ? Weight(CharClass.Symbol) : 0) + 99) / 100;

    // Hundredths of a token, a row per family, columns in the order of CharClass.
    private static readonly ushort[] Weights =
    [
        102, 155, 85, 40, 268, 100, 200, 212, 50, 42,
        115, 280, 68, 38, 105, 120, 250, 108, 115, 20,
        113, 163, 121, 40, 452, 126, 282, 260, 89, 39,
    ];

    /// <summary>An empty estimate with the weights for a model.</summary>
    public static TokenEstimate For(string model) => new(FamilyOf(model));

    public static TokenFamily FamilyOf(string model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.Contains("claude", StringComparison.OrdinalIgnoreCase) ? TokenFamily.Claude
            : model.Contains("gemini", StringComparison.OrdinalIgnoreCase) ? TokenFamily.Gemini
            : TokenFamily.Other;
    }

    /// <summary>Adds the next piece of the text.</summary>
    public void Add(ReadOnlySpan<byte> utf8)
    {
        if (Vector256.IsHardwareAccelerated)
        {
            while (utf8.Length >= Vector256<byte>.Count)
            {
                utf8 = utf8[AddBlocks(utf8)..];
                var slowly = Math.Min(utf8.Length, Vector256<byte>.Count);
                AddBytes(utf8[..slowly]);
                utf8 = utf8[slowly..];
            }
        }

        AddBytes(utf8);
    }

    /// <summary>Adds text that is at hand as UTF-16; a lone surrogate counts as a symbol.</summary>
    public void Add(ReadOnlySpan<char> text)
    {
        Span<byte> utf8 = stackalloc byte[512];
        while (!text.IsEmpty)
        {
            Encoding.UTF8.GetEncoder().Convert(text, utf8, flush: true, out var read, out var written, out _);
            Add(utf8[..written]);
            text = text[read..];
        }
    }

    /// <summary>
    /// Thirty-two bytes at a time, up to the first block that is not ASCII or makes a word longer than the longest. Returns how many
    /// bytes were added.
    /// </summary>
    private int AddBlocks(ReadOnlySpan<byte> utf8)
    {
        if (_missing > 0)
        {
            return 0;
        }

        var (run, runLength) = (_run, (int)_runLength);
        long words = 0, numbers = 0, newLines = 0, blanks = 0, ats = 0, urls = 0, others = 0;
        var added = 0;
        for (; added <= utf8.Length - Vector256<byte>.Count; added += Vector256<byte>.Count)
        {
            var block = Vector256.Create(utf8.Slice(added, Vector256<byte>.Count));
            if (block.ExtractMostSignificantBits() != 0)
            {
                break;
            }

            var letters = Within(block | Vector256.Create((byte)0x20), (byte)'a', 25).ExtractMostSignificantBits();
            var digits = Within(block, (byte)'0', 9).ExtractMostSignificantBits();
            var going = runLength == 0 ? 0 : run == CharClass.Letter ? letters : digits;
            var continued = BitOperations.TrailingZeroCount(~going);
            if (runLength + continued > LongestRun)
            {
                break;
            }

            // A word starts at a letter that no letter precedes; the first one may go on with a word of the block before.
            words += BitOperations.PopCount(letters & ~(letters << 1 | (run == CharClass.Letter ? going & 1 : 0)));
            numbers += BitOperations.PopCount(digits & ~(digits << 1 | (run == CharClass.Digit ? going & 1 : 0)));
            newLines += BitOperations.PopCount(Within(block, (byte)'\t', 1).ExtractMostSignificantBits());
            blanks += BitOperations.PopCount((Within(block, 0x0B, 2) | Is(block, ' ')).ExtractMostSignificantBits());
            ats += BitOperations.PopCount(Is(block, '@').ExtractMostSignificantBits());
            urls += BitOperations.PopCount((Is(block, '/') | Is(block, ':') | Is(block, '?') | Is(block, '&')
                | Is(block, '=') | Is(block, ';') | Is(block, '#') | Is(block, '%')).ExtractMostSignificantBits());
            others += Vector256<byte>.Count - BitOperations.PopCount(letters | digits);

            var lastLetters = BitOperations.LeadingZeroCount(~letters);
            run = lastLetters > 0 ? CharClass.Letter : CharClass.Digit;
            runLength = lastLetters + BitOperations.LeadingZeroCount(~digits);
        }

        (_run, _runLength) = (run, (byte)runLength);
        _hundredths += words * Weight(CharClass.Letter) + numbers * Weight(CharClass.Digit)
            + newLines * Weight(CharClass.NewLine) + blanks * Weight(CharClass.Space)
            + ats * Weight(CharClass.At) + urls * Weight(CharClass.UrlDelimiter)
            + (others - newLines - blanks - ats - urls) * Weight(CharClass.Symbol);
        return added;

        static Vector256<byte> Is(Vector256<byte> block, char ascii) => Vector256.Equals(block, Vector256.Create((byte)ascii));

        static Vector256<byte> Within(Vector256<byte> block, byte first, byte count) =>
            Vector256.LessThanOrEqual(block - Vector256.Create(first), Vector256.Create(count));
    }

    private void AddBytes(ReadOnlySpan<byte> utf8)
    {
        foreach (var octet in utf8)
        {
            if (_missing > 0)
            {
                if ((octet & 0xC0) == 0x80)
                {
                    _partial = (_partial << 6) | (octet & 0x3Fu);
                    if (--_missing == 0)
                    {
                        Count(Classify(_partial));
                    }

                    continue;
                }

                _missing = 0;
                Count(CharClass.Symbol);
            }

            if (octet < 0x80)
            {
                Count(ClassifyAscii(octet));
            }
            else
            {
                Begin(octet);
            }
        }
    }

    /// <summary>The first byte of a character of two to four.</summary>
    private void Begin(byte octet)
    {
        switch (octet)
        {
            case >= 0xC2 and <= 0xDF:
                (_partial, _missing) = (octet & 0x1Fu, 1);
                break;
            case >= 0xE0 and <= 0xEF:
                (_partial, _missing) = (octet & 0x0Fu, 2);
                break;
            case >= 0xF0 and <= 0xF4:
                (_partial, _missing) = (octet & 0x07u, 3);
                break;
            default:
                Count(CharClass.Symbol);
                break;
        }
    }

    private void Count(CharClass kind)
    {
        if (kind > CharClass.Digit)
        {
            _runLength = 0;
            _hundredths += Weight(kind);
        }
        else if (_runLength == 0 || _run != kind || _runLength == LongestRun)
        {
            _run = kind;
            _runLength = 1;
            _hundredths += Weight(kind);
        }
        else
        {
            _runLength++;
        }
    }

    private readonly int Weight(CharClass kind) => Weights[(int)_family * Classes + (int)kind];

    private static CharClass ClassifyAscii(byte octet) => octet switch
    {
        (>= (byte)'a' and <= (byte)'z') or (>= (byte)'A' and <= (byte)'Z') => CharClass.Letter,
        >= (byte)'0' and <= (byte)'9' => CharClass.Digit,
        (byte)'\n' or (byte)'\t' => CharClass.NewLine,
        (byte)' ' or (>= 0x0B and <= 0x0D) => CharClass.Space,
        (byte)'@' => CharClass.At,
        (byte)'/' or (byte)':' or (byte)'?' or (byte)'&' or (byte)'=' or (byte)';' or (byte)'#' or (byte)'%' => CharClass.UrlDelimiter,
        _ => CharClass.Symbol,
    };

    private static CharClass Classify(uint code) => code switch
    {
        > 0x10FFFF => CharClass.Symbol,
        // Ideographs, kana, hangul and their extensions; not the punctuation between them.
        (>= 0x2E80 and <= 0x2FDF) or (>= 0x3040 and <= 0x30FF) or (>= 0x3105 and <= 0x318F) or (>= 0x31A0 and <= 0x31FF)
            or (>= 0x3400 and <= 0x4DBF) or (>= 0x4E00 and <= 0x9FFF) or (>= 0x1100 and <= 0x11FF) or (>= 0xA960 and <= 0xA97F)
            or (>= 0xAC00 and <= 0xD7FF) or (>= 0xF900 and <= 0xFAFF) or (>= 0xFF66 and <= 0xFFDC)
            or (>= 0x20000 and <= 0x3FFFF) => CharClass.Cjk,
        (>= 0x2600 and <= 0x27BF) or (>= 0x1F000 and <= 0x1FAFF) => CharClass.Emoji,
        _ => CharUnicodeInfo.GetUnicodeCategory((int)code) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
                or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter or UnicodeCategory.NonSpacingMark
                or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark => CharClass.Letter,
            UnicodeCategory.DecimalDigitNumber => CharClass.Digit,
            UnicodeCategory.MathSymbol => CharClass.Math,
            UnicodeCategory.SpaceSeparator => CharClass.Space,
            UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => CharClass.NewLine,
            _ => CharClass.Symbol,
        },
    };
}
