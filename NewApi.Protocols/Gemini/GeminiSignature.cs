using System.Buffers;
using System.Buffers.Text;
using System.Text;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Gemini;

/// <summary>
/// Thought signatures as Gemini's callers carry them about: base64 of bytes. Gemini's own pass as they are; a signature or thoughts of
/// another kind of upstream are wrapped, and unwrapped when they come back.
/// </summary>
internal static class GeminiSignature
{
    /// <summary>Makes Gemini believe a function call that another model made, or whose signature was lost (documented by Google).</summary>
    public static ReadOnlySpan<byte> Bypass => "skip_thought_signature_validator"u8;

    private const string Signature = "newapi:signature:";
    private const string Encrypted = "newapi:encrypted:";

    // Base64 of "newapi": six bytes are eight letters, so what follows does not touch them.
    private const string Wrapped = "bmV3YXBp";

    /// <summary>A signature of the canonical model for a Gemini caller.</summary>
    public static string Wrap(ReadOnlySpan<byte> marked) =>
        marked.StartsWith(ThoughtMark.Gemini) ? Encoding.UTF8.GetString(marked[ThoughtMark.Gemini.Length..]) : Wrap(Signature, marked);

    /// <summary>Encrypted thoughts of the canonical model for a Gemini caller.</summary>
    public static string WrapEncrypted(ReadOnlySpan<byte> data) => Wrap(Encrypted, data);

    /// <summary>What a caller brings back; the canonical model's signature or encrypted thoughts.</summary>
    public static (string? Signature, string? Encrypted) Unwrap(string? thoughtSignature)
    {
        if (string.IsNullOrEmpty(thoughtSignature))
        {
            return default;
        }

        if (thoughtSignature.StartsWith(Wrapped, StringComparison.Ordinal) && Decode(thoughtSignature) is { } text)
        {
            if (text.StartsWith(Signature, StringComparison.Ordinal))
            {
                return (text[Signature.Length..], null);
            }

            if (text.StartsWith(Encrypted, StringComparison.Ordinal))
            {
                return (null, text[Encrypted.Length..]);
            }
        }

        return ("gemini:" + thoughtSignature, null);
    }

    /// <summary>The signature to send upstream; null when there is none, or when it is another upstream's.</summary>
    public static string? Own(string? marked) => ThoughtMark.Own(Dialect.GeminiContent, marked);

    private static string Wrap(string kind, ReadOnlySpan<byte> text) =>
        Convert.ToBase64String([.. Encoding.UTF8.GetBytes(kind), .. text]);

    private static string? Decode(string base64)
    {
        var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(base64.Length)];
        return Convert.TryFromBase64String(base64.Replace('-', '+').Replace('_', '/'), bytes, out var length)
            ? Encoding.UTF8.GetString(bytes, 0, length)
            : null;
    }
}
