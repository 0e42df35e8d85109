using System.Text.Json;

namespace NewApi.Protocols.Canonical;

/// <summary>
/// A chat as every dialect can mean it: what one dialect's codec reads, another's writes. Only calls whose caller and upstream speak
/// differently become one; the same dialect passes as bytes. <c>null</c> means that the caller did not say.
/// </summary>
public sealed class ChatRequest
{
    public string Model { get; set; } = "";

    public bool Stream { get; set; }

    /// <summary>In the caller's order, system and developer messages where they stood.</summary>
    public List<ChatMessage> Messages { get; } = [];

    public List<ChatTool> Tools { get; } = [];

    /// <summary>
    /// Tools that the caller keeps in namespaces, by the names under which they are offered; also those that only earlier turns called. Calls
    /// of them are told as the caller names them.
    /// </summary>
    public Dictionary<string, QualifiedName> Qualified { get; } = [];

    public ToolChoice? ToolChoice { get; set; }

    public bool? ParallelToolCalls { get; set; }

    /// <summary>Most output tokens, reasoning included.</summary>
    public long? MaxOutput { get; set; }

    public decimal? Temperature { get; set; }

    public decimal? TopP { get; set; }

    public long? TopK { get; set; }

    public decimal? PresencePenalty { get; set; }

    public decimal? FrequencyPenalty { get; set; }

    public long? Seed { get; set; }

    /// <summary>Parallel answers wanted (<c>n</c>, <c>candidateCount</c>).</summary>
    public int? Choices { get; set; }

    public bool? LogProbs { get; set; }

    public int? TopLogProbs { get; set; }

    public List<string> Stop { get; } = [];

    public ReplyFormat? Format { get; set; }

    public ReasoningWish? Reasoning { get; set; }

    /// <summary>The web is to be searched: in place of a built-in tool, whatever the dialect calls it.</summary>
    public WebSearchWish? WebSearch { get; set; }

    /// <summary>OpenAI's <c>verbosity</c>: low, medium or high.</summary>
    public string? Verbosity { get; set; }

    /// <summary>Kinds of output wanted besides text: <c>image</c>, <c>audio</c>.</summary>
    public List<string> Modalities { get; } = [];

    /// <summary>OpenAI's <c>audio</c> object (voice, format), as it came.</summary>
    public JsonElement? AudioOutput { get; set; }

    /// <summary>The end user behind the caller (OpenAI <c>user</c>, Anthropic <c>metadata.user_id</c>).</summary>
    public string? EndUser { get; set; }

    public string? PromptCacheKey { get; set; }

    public string? ServiceTier { get; set; }

    public bool? Store { get; set; }

    /// <summary>Free metadata, an object as it came.</summary>
    public JsonElement? Metadata { get; set; }

    /// <summary>
    /// Top-level members that no dialect but the caller's own knows, as they came. An upstream of the same family gets them, any other does
    /// not: each case is a cell of the conformance matrix.
    /// </summary>
    public List<KeyValuePair<string, JsonElement>> Extensions { get; } = [];
}

public enum ChatRole
{
    System,
    Developer,
    User,
    Assistant,

    /// <summary>Results of tools; every part is a <see cref="ToolResultPart"/>.</summary>
    Tool,
}

public sealed class ChatMessage(ChatRole role, List<ChatPart> parts)
{
    public ChatRole Role { get; } = role;

    public List<ChatPart> Parts { get; } = parts;

    /// <summary>A participant's name, where the dialect has one.</summary>
    public string? Name { get; init; }
}

/// <summary>A tool on offer: a function of the caller, or a tool that the upstream runs itself.</summary>
/// <param name="Name">Name of the function, or the type of a built-in tool in the words of its dialect.</param>
public sealed record ChatTool(string Name)
{
    public string? Description { get; init; }

    /// <summary>JSON schema of the arguments; null for none.</summary>
    public JsonElement? Parameters { get; init; }

    public bool? Strict { get; init; }

    /// <summary>A tool of the upstream, as its dialect wrote it; null for a function.</summary>
    public JsonElement? BuiltIn { get; init; }

    /// <summary>A custom tool of OpenAI's, which takes plain text: offered as a function, called as what it is.</summary>
    public bool IsCustom { get; init; }

    /// <summary>What the built-in tool does, where dialects agree; <see cref="BuiltInTool.None"/> for functions and for what they do not share.</summary>
    public BuiltInTool Kind { get; init; }

    public CacheMark? Cache { get; init; }
}

/// <summary>A tool as the Responses dialect names it, which groups tools: <c>{"namespace":"mcp__github","name":"get_me"}</c>.</summary>
public sealed record QualifiedName(string Namespace, string Name);

public enum BuiltInTool
{
    None,
    WebSearch,
    CodeExecution,
    UrlContext,
}

public enum ToolChoiceMode
{
    Auto,
    None,

    /// <summary>Some tool must be called.</summary>
    Required,

    /// <summary>The tool of this name must be called.</summary>
    Named,
}

public sealed record ToolChoice(ToolChoiceMode Mode, string? Name = null);

/// <summary>The form that the answer must have.</summary>
/// <param name="Schema">JSON schema, or null for any JSON.</param>
public sealed record ReplyFormat(JsonElement? Schema)
{
    public string? Name { get; init; }

    public string? Description { get; init; }

    public bool? Strict { get; init; }
}

/// <summary>How much the model is to think. What a dialect cannot say is derived: an effort from a budget and the other way round.</summary>
public sealed record ReasoningWish
{
    /// <summary>False: thinking is switched off; true: on; null: as effort and budget say.</summary>
    public bool? Enabled { get; init; }

    /// <summary>none, minimal, low, medium, high, xhigh or max.</summary>
    public string? Effort { get; init; }

    /// <summary>Tokens that thinking may take.</summary>
    public long? Budget { get; init; }

    /// <summary>The model decides how long it thinks (Anthropic <c>adaptive</c>, Gemini budget −1).</summary>
    public bool Adaptive { get; init; }

    /// <summary>Thoughts are to be shown (Gemini <c>includeThoughts</c>).</summary>
    public bool? Show { get; init; }

    /// <summary>How thoughts are to be summed up: auto, concise, detailed.</summary>
    public string? Summary { get; init; }

    /// <summary>The wish as an effort; null when it says nothing about how much.</summary>
    public string? ToEffort() => Enabled == false ? "none" : Effort ?? Budget switch
    {
        null => null,
        0 => "none",
        < 0 => null,
        <= 1280 => "low",
        < 4096 => "medium",
        _ => "high",
    };

    /// <summary>The wish as a budget of tokens, 0 for no thinking at all; null when it says nothing about how much.</summary>
    public long? ToBudget() => Enabled == false ? 0 : Budget ?? Effort switch
    {
        "none" => 0,
        "minimal" => 1024,
        "low" => 1280,
        "medium" => 2048,
        "high" => 4096,
        "xhigh" => 8192,
        "max" => 16384,
        _ => null,
    };
}

/// <summary>The upstream is to search the web.</summary>
public sealed record WebSearchWish
{
    /// <summary>low, medium or high.</summary>
    public string? ContextSize { get; init; }

    /// <summary>Most searches.</summary>
    public int? MaxUses { get; init; }

    /// <summary>Where the user is: an object with some of city, region, country and timezone.</summary>
    public JsonElement? Location { get; init; }

    /// <summary>The wish as a size; null when it says nothing about how much.</summary>
    public string? ToContextSize() => ContextSize ?? MaxUses switch
    {
        null => null,
        <= 1 => "low",
        <= 5 => "medium",
        _ => "high",
    };

    /// <summary>The wish as a number of searches; null when it says nothing about how many.</summary>
    public int? ToMaxUses() => MaxUses ?? ContextSize switch
    {
        "low" => 1,
        "medium" => 5,
        "high" => 10,
        _ => null,
    };
}

/// <summary>A point up to which the prompt may be cached (Anthropic <c>cache_control</c>).</summary>
/// <param name="Ttl"><c>5m</c>, <c>1h</c>, or null for the upstream's default.</param>
public sealed record CacheMark(string? Ttl = null);
