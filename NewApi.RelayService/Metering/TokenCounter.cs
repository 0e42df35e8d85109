using System.Buffers;
using System.Globalization;
using System.Text.Unicode;
using Microsoft.ML.Tokenizers;
using NewApi.Domain.Tokens;

namespace NewApi.RelayService.Metering;

/// <summary>
/// Counts tokens where the upstream has not (specification: billing §9): with the vendor's tokenizer for models of the OpenAI family,
/// with <see cref="TokenEstimate"/> for all others and for whatever exceeds the budget of a prompt.
/// </summary>
/// <remarks>
/// Time is linear in the text. The tokenizer's own time grows with the square of a piece that it cannot cut, such as a hundred thousand
/// letters without a blank, so such pieces are cut for it. A tokenizer takes a second or so to load and some tens of megabytes to keep: it
/// loads when first needed, and until then callers who only need an estimate, as a hold does, should use the estimate.
/// </remarks>
internal sealed class TokenCounter
{
    /// <summary>Bytes of one prompt that are tokenized; the rest is estimated.</summary>
    internal const int TokenizedBytes = 64 * 1024;

    // Longest row of letters, blanks or signs that the tokenizer gets in one piece; a cut costs a token at the most.
    private const int LongestPiece = 100;
    private const int SliceBytes = 4096;

    private readonly Lazy<TiktokenTokenizer> _cl100k = new(static () => TiktokenTokenizer.CreateForEncoding("cl100k_base"));
    private readonly Lazy<TiktokenTokenizer> _o200k = new(static () => TiktokenTokenizer.CreateForEncoding("o200k_base"));

    /// <summary>Whether the model's vendor has published how it cuts text.</summary>
    public static bool HasTokenizer(string model) =>
        model.Contains("gpt-", StringComparison.Ordinal) || model.Contains("chatgpt", StringComparison.Ordinal)
        || model.Contains("o1", StringComparison.Ordinal) || model.Contains("o3", StringComparison.Ordinal)
        || model.Contains("o4", StringComparison.Ordinal);

    /// <summary>The quick way, right enough for a hold: never loads a tokenizer.</summary>
    public static long Estimate(string model, ReadOnlySpan<byte> utf8)
    {
        var estimate = TokenEstimate.For(model);
        estimate.Add(utf8);
        return estimate.Total;
    }

    /// <summary>Tokens of a whole text; bytes that are not UTF-8 count as signs.</summary>
    public long Count(string model, ReadOnlySpan<byte> utf8)
    {
        var budget = TokenizedBytes;
        return Count(model, utf8, ref budget);
    }

    /// <summary>Tokens of a part of a prompt, whose tokenized bytes are taken off the prompt's budget.</summary>
    internal long Count(string model, ReadOnlySpan<byte> utf8, ref int budget)
    {
        if (!HasTokenizer(model))
        {
            return Estimate(model, utf8);
        }

        long tokens = 0;
        var tokenizer = TokenizerOf(model);
        var characters = ArrayPool<char>.Shared.Rent(SliceBytes);
        try
        {
            while (!utf8.IsEmpty && budget >= SliceBytes)
            {
                var bytes = SliceLength(utf8);
                // No text has more UTF-16 units than UTF-8 bytes, so this cannot run out of room.
                Utf8.ToUtf16(utf8[..bytes], characters, out _, out var read);
                tokens += CountSlice(tokenizer, characters.AsSpan(0, read));
                budget -= bytes;
                utf8 = utf8[bytes..];
            }
        }
        finally
        {
            ArrayPool<char>.Shared.Return(characters, clearArray: true);
        }

        return utf8.IsEmpty ? tokens : tokens + Estimate(model, utf8);
    }

    private TiktokenTokenizer TokenizerOf(string model)
    {
        // The older models are the exception: everything since gpt-4o shares one vocabulary.
        var old = model.Contains("gpt-4", StringComparison.Ordinal) && !model.Contains("gpt-4o", StringComparison.Ordinal)
            && !model.Contains("gpt-4.", StringComparison.Ordinal);
        return old || model.Contains("gpt-3", StringComparison.Ordinal) ? _cl100k.Value : _o200k.Value;
    }

    /// <summary>Bytes up to the last blank that fits, so that no word is cut in two; without a blank, up to the last whole character.</summary>
    private static int SliceLength(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length <= SliceBytes)
        {
            return utf8.Length;
        }

        var length = utf8[..SliceBytes].LastIndexOf((byte)' ');
        if (length > 0)
        {
            return length;
        }

        length = SliceBytes;
        while (length > SliceBytes - 4 && (utf8[length] & 0xC0) == 0x80)
        {
            length--;
        }

        return length;
    }

    private static long CountSlice(TiktokenTokenizer tokenizer, ReadOnlySpan<char> slice)
    {
        long tokens = 0;
        var start = 0;
        var run = 0;
        var last = PieceKind.Other;
        for (var index = 0; index < slice.Length; index++)
        {
            var kind = KindOf(slice[index]);
            run = kind == last ? run + 1 : 1;
            last = kind;
            if (run > LongestPiece && !char.IsLowSurrogate(slice[index]))
            {
                tokens += tokenizer.CountTokens(slice[start..index], considerNormalization: false);
                start = index;
                run = 1;
            }
        }

        return start == slice.Length ? tokens : tokens + tokenizer.CountTokens(slice[start..], considerNormalization: false);
    }

    private static PieceKind KindOf(char character) =>
        char.IsWhiteSpace(character) ? PieceKind.Blank
        : char.IsDigit(character) ? PieceKind.Digit
        : char.IsLetter(character) || char.IsSurrogate(character)
            || char.GetUnicodeCategory(character) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark ? PieceKind.Letter
        : PieceKind.Other;

    private enum PieceKind
    {
        Other,
        Letter,
        Digit,
        Blank,
    }
}
