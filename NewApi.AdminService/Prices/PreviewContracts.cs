using System.Text.Json;

namespace NewApi.AdminService.Prices;

/// <summary>Which price to show: of a model for an account of one group by way of another, under options that are not saved yet.</summary>
internal sealed record PreviewRequest
{
    public string? Model { get; init; }

    /// <summary>The group that serves; the account's own when missing.</summary>
    public string? Group { get; init; }

    public string? UserGroup { get; init; }

    /// <summary>Option keys and the values they would get: a table as an object or as its text.</summary>
    public Dictionary<string, JsonElement>? Options { get; init; }

    public PreviewUsage? Usage { get; init; }

    /// <summary>A request for formulas to look into.</summary>
    public JsonElement Request { get; init; }

    public Dictionary<string, string>? Headers { get; init; }
}

/// <summary>A call to be priced.</summary>
internal sealed record PreviewUsage
{
    public long PromptTokens { get; init; }

    public long CompletionTokens { get; init; }

    public long CacheTokens { get; init; }

    public long CacheCreationTokens { get; init; }

    [System.Text.Json.Serialization.JsonPropertyName("cache_creation_tokens_1h")]
    public long CacheCreationTokens1h { get; init; }

    public long ImageTokens { get; init; }

    public long AudioInputTokens { get; init; }

    public long AudioOutputTokens { get; init; }

    public int Images { get; init; }

    /// <summary>The prompt leaves out what came from and went to the cache, as Anthropic counts.</summary>
    public bool Anthropic { get; init; }

    /// <summary>Built-in tools and their calls.</summary>
    public Dictionary<string, long>? Tools { get; init; }
}
