using System.Collections.Frozen;
using System.Net.Http.Headers;
using NewApi.Domain;
using NewApi.Protocols.Canonical;
using NewApi.Providers.Tasks;

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

    /// <summary>Where the upstream lists its models.</summary>
    public string ModelsPath { get; init; } = "/v1/models";

    /// <summary>The upstream understands <c>stream_options.include_usage</c>; others refuse or ignore it, so it is taken out.</summary>
    public bool StreamOptions { get; init; }

    /// <summary>
    /// Chats of other dialects go out as Responses where its models want that (<see cref="Translations.PrefersResponses"/>), unless a channel's
    /// setting <c>chat_only</c> says that its address has none.
    /// </summary>
    public bool PrefersResponses { get; init; }

    /// <summary>The channel's base URL is the whole address, with <c>{model}</c> replaced; no path is added.</summary>
    public bool WholeAddress { get; init; }

    /// <summary>
    /// Where a request goes when a path per dialect cannot say it: a path, or a whole address; null falls back to the paths.
    /// </summary>
    public Func<UpstreamMessage, string?>? Route { get; init; }

    /// <summary>Names that stand for several addresses at once in the channel's base URL: plans with addresses of their own.</summary>
    public IReadOnlyList<SpecialBase> SpecialBases { get; init; } = [];

    /// <summary>What a path loses at its beginning behind Cloudflare's AI gateway, which has that part in its own address.</summary>
    public string? GatewayPrefix { get; init; }

    /// <summary>What the provider wants different in the body, in this order.</summary>
    public IReadOnlyList<BodyRule> Rules { get; init; } = [];

    /// <summary>Headers that every request carries.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>Headers that depend on the request.</summary>
    public Action<UpstreamMessage, HttpRequestHeaders>? AddHeaders { get; init; }

    /// <summary>What stands for <c>{version}</c> in a path when the channel names no version.</summary>
    public string DefaultVersion { get; init; } = "v1beta";

    /// <summary>What rows cannot say; null for most.</summary>
    public ProviderAdapter? Adapter { get; init; }

    /// <summary>Work that is ordered now and fetched later; null for most.</summary>
    public TaskService? Tasks { get; init; }

    /// <summary>What the upstream understands when a request is translated for it.</summary>
    public UpstreamTraits Traits { get; init; } = new() { DefaultMaxTokens = 8192 };

    public bool Speaks(Dialect dialect) => Paths.ContainsKey(dialect);

    /// <summary>The chat and embeddings paths of OpenAI's API, which most upstreams share.</summary>
    public static FrozenDictionary<Dialect, string> ChatPaths { get; } = new Dictionary<Dialect, string>
    {
        [Dialect.OpenAIChat] = "/v1/chat/completions",
        [Dialect.OpenAICompletions] = "/v1/completions",
        [Dialect.OpenAIEmbeddings] = "/v1/embeddings",
    }.ToFrozenDictionary();

    /// <summary>All paths of OpenAI's own API, and what its resellers add.</summary>
    public static FrozenDictionary<Dialect, string> OpenAIPaths { get; } = With(
        ChatPaths,
        (Dialect.OpenAIResponses, "/v1/responses"),
        (Dialect.OpenAIResponsesCompact, "/v1/responses/compact"),
        (Dialect.OpenAIEdits, "/v1/edits"),
        (Dialect.OpenAIModerations, "/v1/moderations"),
        (Dialect.OpenAIImages, "/v1/images/generations"),
        (Dialect.OpenAIImageEdits, "/v1/images/edits"),
        (Dialect.OpenAISpeech, "/v1/audio/speech"),
        (Dialect.OpenAITranscriptions, "/v1/audio/transcriptions"),
        (Dialect.OpenAITranslations, "/v1/audio/translations"),
        (Dialect.OpenAIRealtime, "/v1/realtime?model={model}"),
        (Dialect.Rerank, "/v1/rerank"));

    internal static FrozenDictionary<Dialect, string> With(FrozenDictionary<Dialect, string> paths, params (Dialect Dialect, string Path)[] more)
    {
        var all = paths.ToDictionary();
        foreach (var (dialect, path) in more)
        {
            all[dialect] = path;
        }
        return all.ToFrozenDictionary();
    }

    internal static FrozenDictionary<Dialect, string> Only(params (Dialect Dialect, string Path)[] paths) =>
        paths.ToFrozenDictionary(path => path.Dialect, path => path.Path);
}

/// <summary>A plan of a provider with addresses of its own, chosen by writing its name in place of a base URL.</summary>
/// <param name="Name">What stands in the channel's base URL.</param>
/// <param name="Anthropic">Base of <c>/v1/messages</c>.</param>
/// <param name="OpenAI">Base of <c>/chat/completions</c> and its kin.</param>
public sealed record SpecialBase(string Name, string Anthropic, string OpenAI)
{
    private static readonly FrozenDictionary<Dialect, string> OpenAIPaths = ProviderProfile.Only(
        (Dialect.OpenAIChat, "/chat/completions"),
        (Dialect.OpenAICompletions, "/completions"),
        (Dialect.OpenAIEmbeddings, "/embeddings"),
        (Dialect.OpenAIImages, "/images/generations"));

    /// <summary>The plans that channels of several types may name.</summary>
    internal static IReadOnlyList<SpecialBase> All { get; } =
    [
        new("glm-coding-plan", "https://open.bigmodel.cn/api/anthropic", "https://open.bigmodel.cn/api/coding/paas/v4"),
        new("glm-coding-plan-international", "https://api.z.ai/api/anthropic", "https://api.z.ai/api/coding/paas/v4"),
        new("kimi-coding-plan", "https://api.kimi.com/coding", "https://api.kimi.com/coding/v1"),
        new("doubao-coding-plan", "https://ark.cn-beijing.volces.com/api/coding", "https://ark.cn-beijing.volces.com/api/coding/v3"),
    ];

    /// <summary>Null when the plan does not serve the dialect.</summary>
    public string? AddressOf(Dialect dialect) =>
        dialect == Dialect.AnthropicMessages ? Anthropic + "/v1/messages"
        : OpenAIPaths.TryGetValue(dialect, out var path) ? OpenAI + path
        : null;
}
