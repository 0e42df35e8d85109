using NewApi.Domain;
using NewApi.Domain.Pricing;

namespace NewApi.Protocols;

/// <summary>
/// What the gateway needs to know of a request body, found in one pass by <see cref="RequestScanner"/>. Positions are byte offsets into
/// the scanned body; the scan holds no reference to it.
/// </summary>
public sealed class RequestScan
{
    internal RequestScan(Dialect dialect)
    {
        Dialect = dialect;
        if (dialect is Dialect.OpenAIImages or Dialect.OpenAIImageEdits)
        {
            // Requests for pictures bound nothing by themselves; per picture.
            MaxOutput = ImagePrice.AssumedOutputTokens;
        }
    }

    public Dialect Dialect { get; }

    /// <summary>The model asked for; <c>null</c> when the body names none (Gemini names it in the URL).</summary>
    public string? Model { get; internal set; }

    /// <summary>Offset of the model's JSON value, opening quote included; -1 when the body names none.</summary>
    public int ModelStart => ModelValue.Exists ? ModelValue.ValueStart : -1;

    /// <summary>Length of the model's JSON value in bytes, both quotes included; 0 when the body names none.</summary>
    public int ModelLength => ModelValue.Exists ? ModelValue.End - ModelValue.ValueStart : 0;

    /// <summary>The body asks for a stream. Always false for Gemini, where the URL decides.</summary>
    public bool Stream { get; internal set; }

    /// <summary><c>stream_options.include_usage</c>, <c>null</c> when not said.</summary>
    public bool? IncludeUsage { get; internal set; }

    /// <summary>The largest bound on output tokens that the body sets; <c>null</c> when it sets none.</summary>
    public long? MaxOutput { get; internal set; }

    /// <summary>How many answers are wanted (<c>n</c>, <c>candidateCount</c>); <c>null</c> when not said.</summary>
    public int? Choices { get; internal set; }

    /// <summary>UTF-8 bytes of prompt text, escapes resolved; media data is left out, tool descriptions and schemas are in.</summary>
    public int PromptBytes { get; internal set; }

    /// <summary>Prompt given as token numbers (embeddings, legacy completions): one token each.</summary>
    public int PromptTokenIds { get; internal set; }

    public int Images { get; internal set; }

    public int Audios { get; internal set; }

    public int Videos { get; internal set; }

    public int Files { get; internal set; }

    /// <summary>Elements of <c>messages</c>, <c>input</c>, <c>prompt</c> or <c>contents</c>; 1 for plain text.</summary>
    public int Messages { get; internal set; }

    public int Tools { get; internal set; }

    /// <summary>Size of the pictures asked for, as written; <c>null</c> when not said.</summary>
    public string? Size { get; internal set; }

    /// <summary>Quality of the pictures asked for; <c>null</c> when not said.</summary>
    public string? Quality { get; internal set; }

    /// <summary>The form that the answer shall have: a sound format, or <c>json</c>, <c>text</c>, <c>srt</c>…; <c>null</c> when not said.</summary>
    public string? ResponseFormat { get; internal set; }

    /// <summary>Unicode code points of the text that is to be spoken.</summary>
    public long Characters { get; internal set; }

    /// <summary>How the body is written.</summary>
    public BodyForm Form { get; internal set; }

    /// <summary>The first file of a form: where its bytes stand; empty when there is none.</summary>
    public Range File { get; internal set; }

    /// <summary>Of a multipart form.</summary>
    internal string Boundary { get; set; } = "";

    /// <summary>What OpenAI's callers give so that related calls find the same cache.</summary>
    public string? PromptCacheKey { get; internal set; }

    /// <summary>How much thought OpenAI's callers ask for, in their word; <c>null</c> when not said.</summary>
    public string? ReasoningEffort { get; internal set; }

    /// <summary><c>metadata.user_id</c>: Anthropic's word for whom a call is made, constant through a session of Claude Code.</summary>
    public string? MetadataUserId { get; internal set; }

    /// <summary>Why the body is refused; the message never repeats text of the body. <c>null</c> when it is fine.</summary>
    public RelayFault? Fault { get; internal set; }

    internal int RootStart { get; set; } = -1;

    internal MemberSpan ModelValue { get; set; }

    internal MemberSpan StreamOptions { get; set; }

    internal bool StreamOptionsIsObject { get; set; }

    internal int StreamOptionsMembers { get; set; }

    internal MemberSpan IncludeUsageValue { get; set; }

    internal MemberSpan IncludeObfuscation { get; set; }

    internal MemberSpan ServiceTier { get; set; }

    internal MemberSpan InferenceGeo { get; set; }

    internal MemberSpan Speed { get; set; }

    internal MemberSpan SafetyIdentifier { get; set; }

    internal MemberSpan Store { get; set; }

    internal bool HasMaxTokens { get; set; }
}

/// <summary>How a request body is written.</summary>
public enum BodyForm
{
    Json,

    /// <summary><c>multipart/form-data</c></summary>
    Multipart,

    /// <summary><c>application/x-www-form-urlencoded</c></summary>
    UrlEncoded,
}

/// <summary>Where a member stands: <c>Start</c> is the opening quote of its name, <c>End</c> one past its value.</summary>
internal readonly record struct MemberSpan(int Start, int ValueStart, int End)
{
    public bool Exists => End > 0;
}
