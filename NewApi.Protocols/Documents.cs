using System.Text;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols;

/// <summary>Documents for upstreams that read text only.</summary>
internal static class Documents
{
    /// <summary>The text of a document that is one, with its name above it.</summary>
    public static string ToText(string? name, string base64)
    {
        var text = Decode(base64);
        return name is null ? text : $"{name}:\n{text}";
    }

    public static string Decode(string base64)
    {
        try
        {
            return Encoding.UTF8.GetString(Convert.FromBase64String(base64));
        }
        catch (FormatException)
        {
            throw new TranslationException("The data of a file are not valid base64.");
        }
    }

    public static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
