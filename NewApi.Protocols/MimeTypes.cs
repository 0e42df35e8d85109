namespace NewApi.Protocols;

/// <summary>Types of media where a request does not say them, or says them in its own words.</summary>
internal static class MimeTypes
{
    public static string? OfName(string? name) => Path.GetExtension(name)?.ToLowerInvariant() switch
    {
        ".pdf" => "application/pdf",
        ".txt" => "text/plain",
        ".md" => "text/markdown",
        ".csv" => "text/csv",
        ".html" or ".htm" => "text/html",
        ".json" => "application/json",
        ".xml" => "application/xml",
        ".png" => "image/png",
        ".jpg" or ".jpeg" => "image/jpeg",
        ".gif" => "image/gif",
        ".webp" => "image/webp",
        _ => null,
    };

    /// <summary>What base64 data is, told from its first bytes.</summary>
    public static string? OfData(string? base64) => base64 switch
    {
        null => null,
        _ when base64.StartsWith("iVBOR", StringComparison.Ordinal) => "image/png",
        _ when base64.StartsWith("/9j/", StringComparison.Ordinal) => "image/jpeg",
        _ when base64.StartsWith("R0lG", StringComparison.Ordinal) => "image/gif",
        _ when base64.StartsWith("UklG", StringComparison.Ordinal) => "image/webp",
        _ when base64.StartsWith("JVBER", StringComparison.Ordinal) => "application/pdf",
        _ => null,
    };

    /// <summary>Documents that are plain text, whatever their format.</summary>
    public static bool IsText(string? type) => type is not null
        && (type.StartsWith("text/", StringComparison.OrdinalIgnoreCase) || type is "application/json" or "application/xml");
}

/// <summary>OpenAI names sound by its format, everyone else by its type.</summary>
internal static class AudioFormats
{
    public static string ToMimeType(string? format) => format switch
    {
        null or "" or "wav" => "audio/wav",
        "mp3" => "audio/mpeg",
        "pcm16" => "audio/pcm",
        _ => "audio/" + format,
    };

    public static string FromMimeType(string? type) => type switch
    {
        null or "audio/wav" or "audio/x-wav" or "audio/wave" => "wav",
        "audio/mpeg" or "audio/mp3" => "mp3",
        "audio/pcm" => "pcm16",
        _ => type.StartsWith("audio/", StringComparison.Ordinal) ? type[6..] : type,
    };
}
