using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace NewApi.Providers.Tasks;

/// <summary>
/// What a caller orders: a film or a song, in the words that all surfaces share. Immutable, and read by several attempts: a service clones
/// what it puts into a payload of its own.
/// </summary>
public sealed record TaskOrder
{
    /// <summary>Longest film that a caller may order.</summary>
    public const int MostSeconds = 3600;

    /// <summary>The model as the caller names it.</summary>
    public required string Model { get; init; }

    /// <summary>One of <see cref="TaskActions"/>, where the surface says it; empty leaves it to the service.</summary>
    public string Action { get; init; } = "";

    public string Prompt { get; init; } = "";

    public string Mode { get; init; } = "";

    /// <summary>Pictures to begin with: addresses, data URIs or bare base64.</summary>
    public IReadOnlyList<string> Images { get; init; } = [];

    /// <summary><c>1280x720</c>, or as the provider writes it; empty for none.</summary>
    public string Size { get; init; } = "";

    /// <summary>Length that was asked for, at most <see cref="MostSeconds"/>.</summary>
    public int? Seconds { get; init; }

    /// <summary>Members for the provider's own payload; they win over what the gateway puts there.</summary>
    public JsonObject? Metadata { get; init; }

    /// <summary>There is a picture to begin with.</summary>
    public bool HasImage => Images.Count > 0 || Form?.Parts.Any(part => part.FileName is not null) == true;

    /// <summary>The body as it came, when it was JSON.</summary>
    public JsonObject? Body { get; init; }

    /// <summary>The body as it came, when it was a form.</summary>
    public TaskForm? Form { get; init; }

    /// <summary>The upstream's id of the finished task that this one continues; null for none.</summary>
    public string? Source { get; init; }

    /// <summary>What multiplied the price of that task.</summary>
    public IReadOnlyDictionary<string, decimal>? SourceFactors { get; init; }
}

/// <summary>Kinds of work, as <c>tasks.action</c> has them.</summary>
public static class TaskActions
{
    public const string Music = "MUSIC";
    public const string Lyrics = "LYRICS";

    /// <summary>A film from a picture.</summary>
    public const string FromImage = "generate";

    public const string FromText = "textGenerate";

    /// <summary>A film from its first and its last picture.</summary>
    public const string FromFirstAndLast = "firstTailGenerate";

    /// <summary>A film with what several pictures show.</summary>
    public const string FromReferences = "referenceGenerate";

    public const string Remix = "remixGenerate";
}

/// <summary>A form, taken apart.</summary>
public sealed record TaskForm(IReadOnlyList<TaskPart> Parts)
{
    /// <summary>The text of a field; null when there is none.</summary>
    public string? Field(string name)
    {
        foreach (var part in Parts)
        {
            if (part.Name == name && part.FileName is null)
            {
                return System.Text.Encoding.UTF8.GetString(part.Value.Span);
            }
        }
        return null;
    }

    /// <summary>The same form with some fields replaced or added.</summary>
    /// <param name="boundary">A text that stands in no part.</param>
    /// <param name="fields">Name and value.</param>
    public HttpContent With(string boundary, params ReadOnlySpan<(string Name, string Value)> fields)
    {
        var content = new MultipartFormDataContent(boundary);
        foreach (var part in Parts)
        {
            if (part.FileName is not null || !Contains(fields, part.Name))
            {
                Add(content, part);
            }
        }
        foreach (var (name, value) in fields)
        {
            Add(content, new TaskPart(name, null, null, System.Text.Encoding.UTF8.GetBytes(value)));
        }
        // Not every server reads a boundary in quotes.
        content.Headers.Remove("Content-Type");
        content.Headers.TryAddWithoutValidation("Content-Type", "multipart/form-data; boundary=" + boundary);
        return content;
    }

    private static void Add(MultipartFormDataContent content, TaskPart part)
    {
        var value = new ReadOnlyMemoryContent(part.Value);
        // Likewise names without them.
        value.Headers.ContentDisposition = new ContentDispositionHeaderValue("form-data") { Name = Quoted(part.Name) };
        if (part.FileName is { } file)
        {
            value.Headers.ContentDisposition.FileName = Quoted(file);
        }
        if (part.ContentType is { } type)
        {
            value.Headers.TryAddWithoutValidation("Content-Type", type);
        }
        content.Add(value);
    }

    private static string Quoted(string name) =>
        '"' + string.Concat(name.Select(character => character is '"' or '\\' || char.IsControl(character) ? '_' : character)) + '"';

    private static bool Contains(ReadOnlySpan<(string Name, string Value)> fields, string name)
    {
        foreach (var field in fields)
        {
            if (field.Name == name)
            {
                return true;
            }
        }
        return false;
    }
}

/// <summary>One part of a form.</summary>
/// <param name="Name">Its name.</param>
/// <param name="FileName">Null when it is a field and no file.</param>
/// <param name="ContentType">As the caller gave it.</param>
/// <param name="Value">Its bytes.</param>
public sealed record TaskPart(string Name, string? FileName, string? ContentType, ReadOnlyMemory<byte> Value);
