namespace NewApi.Protocols;

/// <summary>Optional members that operators may forbid on a channel (specification: relay §3.8).</summary>
[Flags]
public enum RequestFields
{
    None = 0,
    ServiceTier = 1,
    InferenceGeo = 2,
    Speed = 4,
    SafetyIdentifier = 8,
    Store = 16,

    /// <summary><c>stream_options.include_obfuscation</c>; an emptied <c>stream_options</c> goes with it.</summary>
    IncludeObfuscation = 32,
}

/// <summary>What to change in a request body on its way upstream; the default changes nothing.</summary>
public readonly record struct RequestEdits
{
    /// <summary>The upstream's name of the model; <c>null</c> or the same name leaves the body's.</summary>
    public string? Model { get; init; }

    /// <summary>Ask for a usage chunk, whatever the caller asked. Only for streams of the chat and completions dialects.</summary>
    public bool ForceUsage { get; init; }

    /// <summary>Remove <c>stream_options</c>. Requests that are no streams lose it anyway.</summary>
    public bool DropStreamOptions { get; init; }

    public RequestFields Remove { get; init; }

    /// <summary><c>max_tokens</c> to add when the body bounds its output by no member of that name.</summary>
    public int? DefaultMaxTokens { get; init; }
}
