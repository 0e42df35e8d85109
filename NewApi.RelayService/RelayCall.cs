using System.Collections.ObjectModel;
using NewApi.Domain;
using NewApi.Domain.Pricing;
using NewApi.Domain.Pricing.Expressions;
using NewApi.Protocols;
using NewApi.Protocols.Canonical;
using NewApi.RelayService.Authentication;
using NewApi.RelayService.Channels;
using NewApi.RelayService.Limits;
using NewApi.RelayService.Settlement;
using NewApi.RelayService.Upstream;

namespace NewApi.RelayService;

/// <summary>What one caller asked for, and how far the gateway has come with it.</summary>
internal sealed class RelayCall(HttpContext http, Dialect dialect, string requestId, long startedAt) : IDisposable
{
    /// <summary>What models are called, for routes and prices, where a conversation is compacted (specification: relay §1.2).</summary>
    public const string CompactSuffix = "-openai-compact";

    private bool _bodyInUse;
    private Dialect? _upstreamDialect;

    public HttpContext Http => http;

    public Dialect Dialect => dialect;

    public string RequestId => requestId;

    /// <summary>Timestamp of the process clock.</summary>
    public long StartedAt => startedAt;

    /// <summary>Timestamp of the first upstream event; 0 before it.</summary>
    public long FirstByteAt { get; private set; }

    /// <summary>The configuration as it was when the call was routed; it stays the same from then on.</summary>
    public required RelaySnapshot Snapshot { get; set; }

    /// <summary>Gemini action from the path, else null.</summary>
    public string? Action { get; init; }

    public Caller Caller { get; set; } = null!;

    /// <summary>It only looks at what was paid for before: a key that is used up still opens it.</summary>
    public bool Reads { get; init; }

    /// <summary>Channel pinned by an administrator's key, else null.</summary>
    public Channel? Pinned { get; set; }

    /// <summary>The body as the caller sent it; freed once no attempt can need it again.</summary>
    public BodyBuffer? Body { get; set; }

    public RequestScan Scan { get; set; } = null!;

    /// <summary>The model as the caller named it.</summary>
    public string Model { get; set; } = "";

    /// <summary>The model by which a channel knows what is called.</summary>
    public string ModelForChannels =>
        Dialect == Dialect.OpenAIResponsesCompact && Model.EndsWith(CompactSuffix, StringComparison.Ordinal) ? Model[..^CompactSuffix.Length] : Model;

    /// <summary>The stream to the caller is open, and holds nothing but pings.</summary>
    public bool Pinged { get; set; }

    /// <summary>The caller wants events.</summary>
    public bool Stream { get; set; }

    /// <summary>The groups that may serve the call, in the order to be tried; more than one only for <c>auto</c>.</summary>
    public IReadOnlyList<string> Groups { get; set; } = [];

    /// <summary>The group that serves the call: its ratio is what is billed.</summary>
    public string Group { get; set; } = "";

    /// <summary>Where in <see cref="Groups"/> the call has come to.</summary>
    public int GroupIndex { get; set; }

    /// <summary>Attempts made within the serving group; they name the priority tier.</summary>
    public int TriedInGroup { get; set; }

    public Price Price { get; set; } = null!;

    /// <summary>What the charge depends on besides tokens: images, seconds and their like.</summary>
    public ChargeFactors Factors { get; set; }

    /// <summary>What a formula saw of the request when the hold was made.</summary>
    public PricedRequest? PricedRequest { get; set; }

    public Hold? Hold { get; set; }

    /// <summary>The group whose price the hold covers.</summary>
    public string HeldGroup { get; set; } = "";

    /// <summary>Attempts in the order in which they began.</summary>
    public List<Attempt> Attempts { get; } = new(1);

    /// <summary>Key of the channel that served, for the log of multi-key channels.</summary>
    public ChannelKey? ServingKey { get; private set; }

    public string UpstreamModel { get; private set; } = "";

    /// <summary>Custom tools of a translated request: their calls are told as such.</summary>
    public IReadOnlyCollection<string> CustomTools { get; set; } = [];

    /// <summary>Tools of a translated request that stand in namespaces: their calls are told as such.</summary>
    public IReadOnlyDictionary<string, QualifiedName> Qualified { get; set; } = ReadOnlyDictionary<string, QualifiedName>.Empty;

    /// <summary>The rule that ties the call to a channel, or null.</summary>
    public AffinityMatch? Affinity { get; set; }

    /// <summary>Limits that the call counts against while it runs; null for none.</summary>
    public List<LimitPlace>? Entered { get; set; }

    /// <summary>Tokens of prompt and answer, once they are known.</summary>
    public long TokensUsed { get; set; }

    /// <summary>The limits per user count the routes of text models, not those of tasks or the playground (specification: relay §1.1).</summary>
    public bool IsLimited => Dialect is not (Dialect.Midjourney or Dialect.Video or Dialect.Suno) && !IsPlayground;

    /// <summary>The console's own call: a session in place of a key, and the group in the body.</summary>
    public bool IsPlayground => http.Request.Path.StartsWithSegments("/pg");

    /// <summary>Why the latest attempt failed.</summary>
    public RelayFault? LastFault { get; set; }

    /// <summary>The channel's own instructions stand before the caller's.</summary>
    public bool SystemPromptChanged { get; set; }

    /// <summary>What the channel's override, and that of an affinity rule, changed: names of places, no values.</summary>
    public IReadOnlyList<string> Overridden { get; private set; } = [];

    /// <summary>How much thought the name of the model asked for, where a provider reads that from it.</summary>
    public string? Effort { get; private set; }

    /// <summary>What the channel that serves is spoken to in.</summary>
    public Dialect UpstreamDialect => _upstreamDialect ?? dialect;

    /// <summary>Counting tokens costs nothing: no hold is made, and nothing is charged.</summary>
    public bool Unbilled => Dialect == Dialect.AnthropicCountTokens || (Dialect == Dialect.GeminiAction && Action == "countTokens");

    /// <summary>Rough number of prompt tokens, for the hold and as long as the upstream has not counted.</summary>
    public long PromptEstimate { get; set; }

    /// <summary>Prompt tokens as the gateway has counted them; null as long as nobody needed to know.</summary>
    public long? PromptTokens { get; set; }

    /// <summary>An attempt has answered: it is the one that serves the call.</summary>
    public void ServedBy(Exchange exchange)
    {
        ServingKey = exchange.Attempt.Key;
        UpstreamModel = exchange.Model;
        Overridden = exchange.Overridden ?? [];
        Effort = exchange.Effort;
        _upstreamDialect = exchange.Dialect;
        FirstByteAt = exchange.FirstByteAt;
        Pinged = false;
        // An upstream may stream though nobody asked.
        Stream |= exchange.Tap is not null;
    }

    /// <summary>A connection may still be sending the body: its memory is left to the garbage collector.</summary>
    public void KeepBodyFromPool() => _bodyInUse = true;

    public void FreeBody()
    {
        if (_bodyInUse)
        {
            Body?.Abandon();
        }
        Body?.Dispose();
        Body = null;
    }

    public void Dispose()
    {
        Hold?.Dispose();
        FreeBody();
    }
}
