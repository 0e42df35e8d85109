using System.Collections.Frozen;

namespace NewApi.Protocols.Gemini;

/// <summary>Types of media that Gemini takes.</summary>
internal static class GeminiMedia
{
    private static readonly FrozenDictionary<string, string> Types = new Dictionary<string, string>
    {
        ["png"] = "image/png",
        ["jpg"] = "image/jpeg",
        ["jpeg"] = "image/jpeg",
        ["gif"] = "image/gif",
        ["webp"] = "image/webp",
        ["heic"] = "image/heic",
        ["heif"] = "image/heif",
        ["bmp"] = "image/bmp",
        ["wav"] = "audio/wav",
        ["mp3"] = "audio/mp3",
        ["aiff"] = "audio/aiff",
        ["aac"] = "audio/aac",
        ["ogg"] = "audio/ogg",
        ["flac"] = "audio/flac",
        ["m4a"] = "audio/m4a",
        ["mp4"] = "video/mp4",
        ["mpeg"] = "video/mpeg",
        ["mov"] = "video/mov",
        ["avi"] = "video/avi",
        ["flv"] = "video/x-flv",
        ["mpg"] = "video/mpg",
        ["webm"] = "video/webm",
        ["wmv"] = "video/wmv",
        ["3gp"] = "video/3gpp",
        ["pdf"] = "application/pdf",
        ["json"] = "application/json",
        ["txt"] = "text/plain",
        ["md"] = "text/markdown",
        ["csv"] = "text/csv",
        ["html"] = "text/html",
        ["css"] = "text/css",
        ["xml"] = "text/xml",
        ["rtf"] = "text/rtf",
        ["js"] = "text/javascript",
        ["py"] = "text/x-python",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>The type without parameters; null for none, or for one that says nothing.</summary>
    public static string? Normalize(string? type)
    {
        var bare = type?.Split(';')[0].Trim().ToLowerInvariant();
        return bare switch
        {
            null or "" or "application/octet-stream" => null,
            "image/jpg" => "image/jpeg",
            _ => bare,
        };
    }

    public static bool Takes(string type) =>
        type.StartsWith("image/", StringComparison.Ordinal) ? type != "image/svg+xml"
        : type.StartsWith("audio/", StringComparison.Ordinal)
        || type.StartsWith("video/", StringComparison.Ordinal)
        || type.StartsWith("text/", StringComparison.Ordinal)
        || type is "application/pdf" or "application/json" or "application/x-javascript" or "application/x-python";

    public static string? TypeOfName(string? name)
    {
        var dot = name?.LastIndexOf('.') ?? -1;
        return dot >= 0 ? Types.GetValueOrDefault(name![(dot + 1)..]) : null;
    }

    /// <summary>The type of pictures and documents shows in their first bytes, and so in their base64.</summary>
    public static string? TypeOfData(string base64) => base64 switch
    {
        _ when base64.StartsWith("iVBORw0KGgo", StringComparison.Ordinal) => "image/png",
        _ when base64.StartsWith("/9j/", StringComparison.Ordinal) => "image/jpeg",
        _ when base64.StartsWith("R0lGOD", StringComparison.Ordinal) => "image/gif",
        _ when base64.StartsWith("UklGR", StringComparison.Ordinal) && base64.Length > 16 && base64[12..16] == "RUJQ" => "image/webp",
        _ when base64.StartsWith("JVBERi0", StringComparison.Ordinal) => "application/pdf",
        _ => null,
    };
}
