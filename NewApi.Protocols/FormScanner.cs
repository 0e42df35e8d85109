using System.Buffers;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Unicode;
using NewApi.Domain;

namespace NewApi.Protocols;

/// <summary>
/// Reads a form body once and finds what routing, prices and rewriting need. Files are passed over where they lie:
/// <code>
/// --b\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n
/// --b\r\nContent-Disposition: form-data; name="file"; filename="a.mp3"\r\nContent-Type: audio/mpeg\r\n\r\n…\r\n--b--\r\n
/// </code>
/// </summary>
public static class FormScanner
{
    private const int MostParts = 256;
    private const int MostPartHeaders = 8 * 1024;
    private const int LongestBoundary = 200;
    private const int LongestWord = 256;
    private const int LongestPrompt = 1 << 20;

    /// <summary>The form that a content type names; JSON for whatever is none.</summary>
    public static BodyForm FormOf(string? contentType) =>
        contentType is null ? BodyForm.Json
        : contentType.StartsWith("multipart/form-data", StringComparison.OrdinalIgnoreCase) ? BodyForm.Multipart
        : contentType.StartsWith("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase) ? BodyForm.UrlEncoded
        : BodyForm.Json;

    /// <summary>Scans a body; what is wrong with it is in <see cref="RequestScan.Fault"/>, nothing is thrown.</summary>
    public static RequestScan Scan(Dialect dialect, ReadOnlySpan<byte> body, string contentType, bool modelKnown = false)
    {
        var scan = new RequestScan(dialect) { Form = FormOf(contentType) };
        var seen = new FormFields();
        var read = scan.Form == BodyForm.Multipart
            ? ReadMultipart(scan, seen, body, contentType)
            : ReadUrlEncoded(scan, seen, body);
        if (read)
        {
            CheckRequired(scan, seen, modelKnown);
        }

        return scan;
    }

    /// <summary>The marker of a multipart body; null when the content type names none.</summary>
    internal static string? BoundaryOf(string contentType)
    {
        if (!MediaTypeHeaderValue.TryParse(contentType, out var type))
        {
            return null;
        }

        foreach (var parameter in type.Parameters)
        {
            if (parameter.Name.Equals("boundary", StringComparison.OrdinalIgnoreCase) && parameter.Value?.Trim('"') is { Length: > 0 and <= LongestBoundary } boundary)
            {
                return boundary;
            }
        }

        return null;
    }

    private static bool ReadMultipart(RequestScan scan, FormFields seen, ReadOnlySpan<byte> body, string contentType)
    {
        if (BoundaryOf(contentType) is not { } boundary || !Ascii.IsValid(boundary))
        {
            return Refuse(scan, "The content type names no boundary.", null);
        }

        scan.Boundary = boundary;
        // With the line break before it, a marker cannot be mistaken for what a file holds.
        ReadOnlySpan<byte> marker = Encoding.ASCII.GetBytes("\r\n--" + boundary);
        var at = body.StartsWith(marker[2..]) ? marker.Length - 2 : body.IndexOf(marker) is >= 0 and var first ? first + marker.Length : -1;
        if (at < 0)
        {
            return Refuse(scan, "The body is not the multipart form that its content type says.", null);
        }

        scan.RootStart = at - marker.Length + 2;
        for (var parts = 0; ; parts++)
        {
            var rest = body[at..];
            if (rest.StartsWith("--"u8))
            {
                return true;
            }

            var line = rest.IndexOf("\r\n"u8);
            if (line < 0 || rest[..line].ContainsAnyExcept((byte)' ', (byte)'\t') || parts == MostParts)
            {
                return Refuse(scan, parts == MostParts ? "The form has too many parts." : "The multipart form is damaged.", null);
            }

            // The line break that ends the marker's line is also the one before an empty line that would end the headers.
            var headersStart = at + line;
            var headersLength = body[headersStart..Math.Min(body.Length, headersStart + MostPartHeaders)].IndexOf("\r\n\r\n"u8);
            if (headersLength < 0)
            {
                return Refuse(scan, "The multipart form is damaged.", null);
            }

            var content = headersStart + headersLength + 4;
            var length = body[content..].IndexOf(marker);
            if (length < 0)
            {
                return Refuse(scan, "The multipart form ends before its last marker.", null);
            }

            if (!TryReadHeaders(body.Slice(headersStart, headersLength), out var name, out var isFile))
            {
                return Refuse(scan, "A part of the multipart form is not named in a way that can be read.", null);
            }

            if (!(isFile
                ? TakeFile(scan, seen, name, content..(content + length))
                : TakeField(scan, seen, name, body.Slice(content, length), new MemberSpan(content, content, content + length))))
            {
                return false;
            }

            at = content + length + marker.Length;
        }
    }

    /// <summary>
    /// The part's name, and whether it is a file. Spellings that another reader may understand differently are refused: the price must be
    /// that of the model which the upstream reads.
    /// </summary>
    private static bool TryReadHeaders(ReadOnlySpan<byte> headers, out string name, out bool isFile)
    {
        name = "";
        isFile = false;
        var named = false;
        foreach (var range in headers.Split("\r\n"u8))
        {
            var line = headers[range];
            const int Name = 20;
            if (line.Length < Name || !Ascii.EqualsIgnoreCase(line[..Name], "content-disposition:"u8))
            {
                continue;
            }

            if (named || line.Contains((byte)'\\'))
            {
                return false;
            }

            named = true;
            var at = line[Name..];
            var semicolon = at.IndexOf((byte)';');
            at = semicolon < 0 ? default : at[(semicolon + 1)..];
            while (!at.IsEmpty)
            {
                at = at.TrimStart((byte)' ');
                var equals = at.IndexOf((byte)'=');
                if (equals <= 0)
                {
                    return false;
                }

                var parameter = at[..equals].Trim((byte)' ');
                at = at[(equals + 1)..].TrimStart((byte)' ');
                ReadOnlySpan<byte> value;
                if (at.StartsWith("\""u8))
                {
                    var quote = at[1..].IndexOf((byte)'"');
                    if (quote < 0)
                    {
                        return false;
                    }

                    value = at.Slice(1, quote);
                    at = at[(quote + 2)..].TrimStart((byte)' ');
                    if (!at.IsEmpty && at[0] != (byte)';')
                    {
                        return false;
                    }

                    at = at.IsEmpty ? at : at[1..];
                }
                else
                {
                    var end = at.IndexOf((byte)';');
                    value = (end < 0 ? at : at[..end]).TrimEnd((byte)' ');
                    at = end < 0 ? default : at[(end + 1)..];
                }

                if (Ascii.EqualsIgnoreCase(parameter, "name"u8))
                {
                    if (name.Length > 0 || value.IsEmpty || !Ascii.IsValid(value) || value.Contains((byte)'%'))
                    {
                        return false;
                    }

                    name = Encoding.ASCII.GetString(value);
                }
                else if (Ascii.EqualsIgnoreCase(parameter, "name*"u8))
                {
                    return false;
                }
                else if (Ascii.EqualsIgnoreCase(parameter, "filename"u8) || Ascii.EqualsIgnoreCase(parameter, "filename*"u8))
                {
                    isFile = true;
                }
            }
        }

        return name.Length > 0;
    }

    private static bool ReadUrlEncoded(RequestScan scan, FormFields seen, ReadOnlySpan<byte> body)
    {
        scan.RootStart = 0;
        var start = 0;
        var pairs = 0;
        while (start < body.Length)
        {
            var length = body[start..].IndexOf((byte)'&');
            var end = length < 0 ? body.Length : start + length;
            var pair = body[start..end];
            if (++pairs > MostParts)
            {
                return Refuse(scan, "The form has too many fields.", null);
            }

            var equals = pair.IndexOf((byte)'=');
            var value = equals < 0 ? end : start + equals + 1;
            var name = Decode(equals < 0 ? pair : pair[..equals]);
            var text = Encoding.UTF8.GetBytes(Decode(body[value..end]));
            if (!TakeField(scan, seen, name, text, new MemberSpan(start, value, end)))
            {
                return false;
            }

            start = end + 1;
        }

        return true;
    }

    private static string Decode(ReadOnlySpan<byte> escaped) => Uri.UnescapeDataString(Encoding.UTF8.GetString(escaped).Replace('+', ' '));

    private static bool TakeFile(RequestScan scan, FormFields seen, string name, Range bytes)
    {
        if (name is "file")
        {
            // The length of one has a price: an upstream must not read the other.
            if (!seen.Names.Add(name))
            {
                return Refuse(scan, "file is given more than once", name);
            }

            seen.Files++;
            scan.File = bytes;
        }
        else if (name is "image" or "image[]" || name.StartsWith("image[", StringComparison.Ordinal))
        {
            seen.Files++;
            scan.Images++;
        }

        return true;
    }

    private static bool TakeField(RequestScan scan, FormFields seen, string name, ReadOnlySpan<byte> value, MemberSpan span)
    {
        if (name is not ("model" or "prompt" or "n" or "size" or "quality" or "stream" or "response_format"))
        {
            if (name is "image" or "image[]" or "images")
            {
                scan.Images++;
                seen.Files++;
            }

            return true;
        }

        if (!seen.Names.Add(name))
        {
            return Refuse(scan, $"{name} is given more than once", name);
        }

        if (value.Length > (name == "prompt" ? LongestPrompt : LongestWord) || !Utf8.IsValid(value))
        {
            return Refuse(scan, $"{name} is too long, or not valid text", name);
        }

        if (name == "prompt")
        {
            scan.PromptBytes += value.Length;
            scan.Messages = 1;
            return true;
        }

        var text = Encoding.UTF8.GetString(value);
        switch (name)
        {
            case "model":
                scan.Model = text.Length == 0 ? null : text;
                scan.ModelValue = span;
                return true;
            case "size":
                scan.Size = text.Length == 0 ? null : text;
                return true;
            case "quality":
                scan.Quality = text.Length == 0 ? null : text;
                return true;
            case "response_format":
                scan.ResponseFormat = text.Length == 0 ? null : text;
                return true;
            case "stream":
                scan.Stream = text.Equals("true", StringComparison.OrdinalIgnoreCase) || text == "1";
                return scan.Stream || text.Length == 0 || text.Equals("false", StringComparison.OrdinalIgnoreCase) || text == "0"
                    || Refuse(scan, "stream must be true or false", name);
            default:
                if (text.Length == 0)
                {
                    return true;
                }

                if (!int.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var count) || count is < 1 or > RequestScanner.MaxChoices)
                {
                    return Refuse(scan, $"n must be a whole number from 1 to {RequestScanner.MaxChoices}", name);
                }

                scan.Choices = count;
                return true;
        }
    }

    private static void CheckRequired(RequestScan scan, FormFields seen, bool modelKnown)
    {
        if (scan.Model is null && !modelKnown)
        {
            Refuse(scan, "field model is required", "model");
        }
        else if (scan.Dialect is Dialect.OpenAITranscriptions or Dialect.OpenAITranslations && seen.Files == 0)
        {
            Refuse(scan, "field file is required", "file");
        }
        else if (scan.Dialect == Dialect.OpenAIImageEdits && !seen.Names.Contains("prompt"))
        {
            Refuse(scan, "field prompt is required", "prompt");
        }
    }

    private static bool Refuse(RequestScan scan, string message, string? param)
    {
        scan.Fault = new RelayFault(400, "invalid_request", message) { Param = param, Final = true };
        return false;
    }

    /// <summary>What has been seen of a form so far.</summary>
    private sealed class FormFields
    {
        public HashSet<string> Names { get; } = new(StringComparer.Ordinal);

        public int Files { get; set; }
    }
}

/// <summary>Puts the upstream's name of the model into a form body; every other byte stays as the caller sent it.</summary>
internal static class FormRewriter
{
    public static bool TryWrite(ReadOnlySpan<byte> body, RequestScan scan, in RequestEdits edits, IBufferWriter<byte> output)
    {
        if (edits.Model is not { } model || string.Equals(model, scan.Model, StringComparison.Ordinal))
        {
            return false;
        }

        var text = scan.Form == BodyForm.UrlEncoded ? Uri.EscapeDataString(model) : model;
        if (scan.ModelValue.Exists)
        {
            output.Write(body[..scan.ModelValue.ValueStart]);
            output.Write(Encoding.UTF8.GetBytes(text));
            output.Write(body[scan.ModelValue.End..]);
            return true;
        }

        output.Write(body[..scan.RootStart]);
        output.Write(Encoding.UTF8.GetBytes(scan.Form == BodyForm.UrlEncoded
            ? $"model={text}&"
            : $"--{scan.Boundary}\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n{text}\r\n"));
        output.Write(body[scan.RootStart..]);
        return true;
    }
}
