using System.Collections.Frozen;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Providers;

/// <summary>How an upstream wants to be shown the channel's credential.</summary>
public enum CredentialScheme
{
    /// <summary><c>Authorization: Bearer {key}</c></summary>
    Bearer,

    /// <summary><c>x-api-key: {key}</c>, with <c>anthropic-version</c>.</summary>
    AnthropicKey,

    /// <summary><c>x-goog-api-key: {key}</c></summary>
    GoogleKey,

    /// <summary><c>api-key: {key}</c></summary>
    AzureKey,
}

/// <summary>
/// A kind of upstream, as immutable data: its channel type number (specification: relay §4.1), its address, how it takes a credential
/// and which dialects it speaks on which paths. A derived profile uses <c>with</c>, so nobody edits somebody else's table; what rows
/// cannot say is a class beside the profile.
/// </summary>
public sealed record ProviderProfile(int ChannelType, string Name, string? BaseUrl)
{
    public CredentialScheme Credential { get; init; } = CredentialScheme.Bearer;

    /// <summary>
    /// Path per dialect that the upstream speaks. <c>{model}</c> is the upstream model, <c>{action}</c> the Gemini action and
    /// <c>{version}</c> the API version of the channel.
    /// </summary>
    public required FrozenDictionary<Dialect, string> Paths { get; init; }

    /// <summary>The upstream understands <c>stream_options.include_usage</c>; others refuse or ignore it, so it is taken out.</summary>
    public bool StreamOptions { get; init; }

    /// <summary>The channel's base URL is the whole address, with <c>{model}</c> replaced; no path is added.</summary>
    public bool WholeAddress { get; init; }

    /// <summary>Headers that every request carries.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>What stands for <c>{version}</c> in a path when the channel names no version.</summary>
    public string DefaultVersion { get; init; } = "v1beta";

    /// <summary>What rows cannot say; null for most.</summary>
    public ProviderAdapter? Adapter { get; init; }

    /// <summary>What the upstream understands when a request is translated for it.</summary>
    public UpstreamTraits Traits { get; init; } = new() { DefaultMaxTokens = 8192 };

    public bool Speaks(Dialect dialect) => WholeAddress || Paths.ContainsKey(dialect);

    /// <summary>The paths of OpenAI's own API, which most upstreams share.</summary>
    public static FrozenDictionary<Dialect, string> OpenAIPaths { get; } = new Dictionary<Dialect, string>
    {
        [Dialect.OpenAIChat] = "/v1/chat/completions",
        [Dialect.OpenAICompletions] = "/v1/completions",
        [Dialect.OpenAIEmbeddings] = "/v1/embeddings",
    }.ToFrozenDictionary();

    internal static FrozenDictionary<Dialect, string> With(FrozenDictionary<Dialect, string> paths, params (Dialect Dialect, string Path)[] more)
    {
        var all = paths.ToDictionary();
        foreach (var (dialect, path) in more)
        {
            all[dialect] = path;
        }
        return all.ToFrozenDictionary();
    }
}
