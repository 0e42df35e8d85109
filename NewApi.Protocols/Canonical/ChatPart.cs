using System.Text.Json;

namespace NewApi.Protocols.Canonical;

/// <summary>A piece of a message.</summary>
public abstract record ChatPart
{
    public CacheMark? Cache { get; init; }
}

public sealed record TextPart(string Text) : ChatPart
{
    /// <summary>Web pages that the text relies on; null for none.</summary>
    public List<Citation>? Citations { get; init; }
}

/// <summary>A web page that a text relies on.</summary>
public sealed record Citation(string Url, string? Title);

/// <summary>The model declines to answer.</summary>
public sealed record RefusalPart(string Text) : ChatPart;

public sealed record ImagePart(MediaSource Source) : ChatPart
{
    /// <summary>low, high, auto or original.</summary>
    public string? Detail { get; init; }
}

public sealed record AudioPart(MediaSource Source) : ChatPart;

public sealed record VideoPart(MediaSource Source) : ChatPart;

/// <summary>A document.</summary>
public sealed record FilePart(MediaSource Source) : ChatPart
{
    public string? Name { get; init; }
}

/// <summary>Where media come from; exactly one of address, data and file id is set.</summary>
public sealed record MediaSource
{
    /// <summary>Type such as <c>image/png</c>; null when not said.</summary>
    public string? MimeType { get; init; }

    /// <summary>http(s) address; never a data URI.</summary>
    public string? Url { get; init; }

    /// <summary>Base64, without a prefix.</summary>
    public string? Base64 { get; init; }

    /// <summary>Id of a file that was uploaded to the upstream before.</summary>
    public string? FileId { get; init; }

    /// <summary>A source from a link, which may be a data URI: <c>data:image/png;base64,…</c>.</summary>
    public static MediaSource FromUrl(string url, string? mimeType = null)
    {
        ArgumentNullException.ThrowIfNull(url);
        if (!url.StartsWith("data:", StringComparison.OrdinalIgnoreCase))
        {
            return new MediaSource { Url = url, MimeType = mimeType };
        }

        var comma = url.IndexOf(',', StringComparison.Ordinal);
        if (comma < 0)
        {
            return new MediaSource { Base64 = "", MimeType = mimeType };
        }

        var head = url[5..comma];
        var type = head.Split(';')[0];
        return new MediaSource { Base64 = url[(comma + 1)..], MimeType = type.Length > 0 ? type : mimeType };
    }

    public string ToUrl() => Url ?? $"data:{MimeType ?? "application/octet-stream"};base64,{Base64}";
}

/// <summary>The model calls a function.</summary>
/// <param name="Id">Id that the result will name.</param>
/// <param name="Name">The function.</param>
/// <param name="Arguments">JSON text of an object, as the model wrote it; it may be invalid.</param>
public sealed record ToolCallPart(string Id, string Name, string Arguments) : ChatPart
{
    /// <summary>Gemini's thought signature, which must come back with the call.</summary>
    public string? Signature { get; init; }
}

/// <summary>What a function answered.</summary>
/// <param name="CallId">The call it answers.</param>
/// <param name="Content">Text and media.</param>
public sealed record ToolResultPart(string CallId, List<ChatPart> Content) : ChatPart
{
    /// <summary>Name of the function, where it is known.</summary>
    public string? Name { get; init; }

    public bool IsError { get; init; }
}

/// <summary>The model's thoughts from an earlier turn.</summary>
public sealed record ReasoningPart(string Text) : ChatPart
{
    /// <summary>Proof that the thoughts are the upstream's own; it must come back unchanged.</summary>
    public string? Signature { get; init; }

    /// <summary>Thoughts that only the upstream can read (Anthropic <c>redacted_thinking</c>, Responses <c>encrypted_content</c>).</summary>
    public string? Encrypted { get; init; }

    /// <summary>Id of a Responses reasoning item.</summary>
    public string? Id { get; init; }
}

/// <summary>
/// A block of one dialect that the others have no word for (a built-in tool's call and result, for example), as it came. Only the codec
/// of the same dialect writes it again.
/// </summary>
public sealed record ForeignPart(Domain.Dialect Dialect, JsonElement Value) : ChatPart;
