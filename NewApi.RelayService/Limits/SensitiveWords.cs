using System.Buffers;
using System.Text;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Domain.Options;

namespace NewApi.RelayService.Limits;

/// <summary>
/// Refuses prompts that hold a word of the operator's list (specification: relay §7.4), before anything is held or called. All words are
/// looked for at once, case aside. Answers are not looked at.
/// </summary>
internal sealed class SensitiveWords
{
    private readonly SearchValues<string> _words;

    private SensitiveWords(IReadOnlyList<string> words) => _words = SearchValues.Create([.. words], StringComparison.OrdinalIgnoreCase);

    /// <summary>Null when the operator does not ask for it.</summary>
    public static SensitiveWords? From(GatewayOptions options) =>
        options is { CheckSensitiveEnabled: true, CheckSensitiveOnPromptEnabled: true } && options.SensitiveWords.Where(word => word.Length > 0).ToList() is { Count: > 0 } words
            ? new SensitiveWords(words)
            : null;

    public RelayFault? Check(ReadOnlySpan<byte> body) => Holds(body)
        ? new RelayFault(400, "sensitive_words_detected", "The prompt holds a word that is not allowed here.") { Final = true }
        : null;

    private bool Holds(ReadOnlySpan<byte> body)
    {
        // Almost every body is clean: the whole text is looked through at once, and only a hit, or an escape that could hide one, is
        // looked at string by string.
        var escaped = body.IndexOf("\\u"u8) >= 0;
        var chars = ArrayPool<char>.Shared.Rent(Encoding.UTF8.GetMaxCharCount(body.Length));
        try
        {
            return (escaped || chars.AsSpan(0, Encoding.UTF8.GetChars(body, chars)).ContainsAny(_words)) && HoldsInText(body, chars);
        }
        finally
        {
            ArrayPool<char>.Shared.Return(chars);
        }
    }

    private bool HoldsInText(ReadOnlySpan<byte> body, char[] space)
    {
        try
        {
            var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = 256 });
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.String && space.AsSpan(0, reader.CopyString(space)).ContainsAny(_words))
                {
                    return true;
                }
            }
            return false;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // No JSON (a form), or text that is none: what was found in it as a whole stands.
            return space.AsSpan(0, Encoding.UTF8.GetChars(body, space)).ContainsAny(_words);
        }
    }
}
