using System.Collections.Frozen;
using System.Text.Json;
using NewApi.Data.Channels;
using NewApi.Data.Rows;
using NewApi.Domain;
using NewApi.Domain.Pricing;
using NewApi.Protocols;
using NewApi.Protocols.Canonical;
using NewApi.Protocols.Overrides;
using NewApi.Providers;

namespace NewApi.RelayService.Channels;

/// <summary>One upstream account we may spend on, as the relay sees it: an immutable copy of its row with everything parsed.</summary>
internal sealed class Channel
{
    private readonly string? _address;
    private readonly ModelMapping _mapping;
    private int _turn;

    private Channel(ChannelRow row, ProviderProfile profile)
    {
        Id = row.Id;
        Name = row.Name;
        Profile = profile;
        Enabled = row.Status == 1;
        AutoBan = row.AutoBan != 0;
        _address = row.BaseUrl;
        Priority = row.Priority ?? 0;
        Weight = (int)Math.Clamp(row.Weight ?? 0, 0, 1_000_000);
        Account = new ProviderAccount(profile, row.BaseUrl, row.Other, row.OpenAiOrganization, ReadObject(row.Settings), row.CreatedTime);
        (Keys, MultiKeyPolling, IsMultiKey) = ReadKeys(row);
        _mapping = ModelMapping.Parse(row.ModelMapping);
        StatusMapping = ReadStatuses(row.StatusCodeMapping);
        HeaderOverride = HeaderOverride.Parse(row.HeaderOverride);
        Override = ReadOverride(row.ParamOverride);
        (SystemPrompt, PrependsSystemPrompt) = ReadSystemPrompt(row.Setting);
        (Proxy, PassThrough, Removed) = ReadSettings(row.Setting, row.Settings);
        (ForcesFormat, ThoughtsAsText) = ReadRetelling(row.Setting);
        Purchase = PurchasePrices.Parse(row.Purchase, out _);
        (FirstTokenTimeout, Drain) = ReadPatience(row.Settings);
        Traits = profile.Traits with { StreamOptions = profile.StreamOptions, Removed = Removed };
    }

    public long Id { get; }

    public string Name { get; }

    public ProviderProfile Profile { get; }

    public bool Enabled { get; }

    /// <summary>The gateway may disable it.</summary>
    public bool AutoBan { get; }

    /// <summary>Whether attempts should stay away.</summary>
    public Breaker Breaker { get; private set; } = new();

    public Latency Latency { get; private set; } = new();

    /// <summary>How long the first event of a stream may take here; null leaves it to the general setting.</summary>
    public TimeSpan? FirstTokenTimeout { get; }

    /// <summary>What happens to an answer whose caller has left; null ends it at once.</summary>
    public DrainLimit? Drain { get; }

    public long Priority { get; }

    public int Weight { get; }

    /// <summary>Address, version, region, organization: what requests are built from.</summary>
    public ProviderAccount Account { get; }

    /// <summary>What the upstream understands when a request is translated for it.</summary>
    public UpstreamTraits Traits { get; }

    /// <summary>What the upstream charges the operator; null where nobody has said.</summary>
    public PurchasePrices? Purchase { get; }

    /// <summary>Enabled credentials with their index in the row; several in multi-key mode.</summary>
    public IReadOnlyList<ChannelKey> Keys { get; }

    public bool IsMultiKey { get; }

    /// <summary>Keys take turns; otherwise one is drawn.</summary>
    public bool MultiKeyPolling { get; }

    public FrozenDictionary<int, int> StatusMapping { get; }

    /// <summary>The channel's own headers, or null.</summary>
    public HeaderOverride? HeaderOverride { get; }

    /// <summary>What is changed in every body that goes here, or null.</summary>
    public ParamOverride? Override { get; }

    /// <summary>The channel's own instructions, or null.</summary>
    public string? SystemPrompt { get; }

    /// <summary>They go in front of the caller's; otherwise only where the caller gives none.</summary>
    public bool PrependsSystemPrompt { get; }

    /// <summary>Proxy address for calls of this channel, or null.</summary>
    public string? Proxy { get; }

    /// <summary>The caller's bytes go out as they are.</summary>
    public bool PassThrough { get; }

    /// <summary>Chats that come back are told anew, so that nothing is in them that OpenAI's own would not have.</summary>
    public bool ForcesFormat { get; }

    /// <summary>Chats that come back have their thoughts in their text, between tags.</summary>
    public bool ThoughtsAsText { get; }

    /// <summary>Body members that are taken out unless the channel allows them.</summary>
    public RequestFields Removed { get; }

    /// <summary>Null when the row's provider is unknown or its address cannot be used.</summary>
    public static Channel? From(ChannelRow row)
    {
        if (ProviderRegistry.Find((int)row.Type) is not { } profile)
        {
            return null;
        }
        var channel = new Channel(row, profile);
        return channel.Account.IsUsable ? channel : null;
    }

    /// <summary>
    /// The dialect in which a call reaches this upstream: the caller's own if it speaks that, else the closest that the call can be
    /// translated into; null when it can serve the call in no way.
    /// </summary>
    /// <param name="caller">What the call is written in.</param>
    /// <param name="model">The model as the caller names it.</param>
    public Dialect? DialectFor(Dialect caller, string model)
    {
        if (caller is Dialect.Video or Dialect.Suno)
        {
            return Profile.Tasks?.Dialect == caller ? caller : null;
        }
        if (caller == Dialect.Midjourney)
        {
            // Proxies stand behind channels of several types: whoever lists a drawing's model can draw.
            return caller;
        }
        if (Profile.Adapter is { } adapter && adapter.TryChoose(Account, caller, model, out var chosen))
        {
            return chosen is { } named && (named == caller || Translations.Exists(caller, named)) ? named : null;
        }
        TryMapModel(model, out var upstreamModel);
        if (Account.Speaks(caller, upstreamModel))
        {
            return caller;
        }
        foreach (var relative in Translations.RelativesOf(caller))
        {
            if (Account.Speaks(relative, upstreamModel) && Translations.Exists(caller, relative))
            {
                return relative;
            }
        }
        return DocumentTranslations.RelativeOf(caller, upstreamModel) is { } document && Account.Speaks(document, upstreamModel) ? document : null;
    }

    /// <summary>
    /// The credential of the next attempt: by turns or by lot, past keys that are paused or were tried by this call. Null when every key of
    /// the channel is disabled; or is paused, unless that does not matter.
    /// </summary>
    public ChannelKey? NextKey(Random random, long now, IReadOnlyList<Attempt> attempts, bool pausedToo)
    {
        var count = Keys.Count;
        if (count <= 1)
        {
            return count == 0 || IsTried(Keys[0], attempts) ? null : Keys[0];
        }
        var start = MultiKeyPolling ? (int)((uint)(Interlocked.Increment(ref _turn) - 1) % (uint)count) : random.Next(count);
        ChannelKey? paused = null;
        for (var step = 0; step < count; step++)
        {
            var key = Keys[(start + step) % count];
            if (IsTried(key, attempts))
            {
                continue;
            }
            if (!key.Breaker.IsOpen(now))
            {
                return key;
            }
            paused ??= key;
        }
        return pausedToo ? paused : null;
    }

    /// <summary>Its breaker is open, or those of all its keys.</summary>
    public bool IsPaused(long now)
    {
        if (Breaker.IsOpen(now))
        {
            return true;
        }
        if (!IsMultiKey || Keys.Count == 0)
        {
            return false;
        }
        foreach (var key in Keys)
        {
            if (!key.Breaker.IsOpen(now))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>
    /// Takes over what is known of the row's predecessor, so that a reload does not start over: its turn over the keys, and the health of
    /// whatever has stayed the same. A channel that was enabled anew or points elsewhere begins with a clean sheet.
    /// </summary>
    public void ContinueFrom(Channel predecessor)
    {
        _turn = Volatile.Read(ref predecessor._turn);
        if (predecessor.Enabled != Enabled || predecessor._address != _address)
        {
            return;
        }
        if (IsMultiKey || (Keys.Count == 1 && predecessor.Keys.Count == 1 && Keys[0].Secret == predecessor.Keys[0].Secret))
        {
            Breaker = predecessor.Breaker;
        }
        Latency = predecessor.Latency;
        foreach (var key in Keys)
        {
            foreach (var known in predecessor.Keys)
            {
                if (known.Secret == key.Secret)
                {
                    key.Breaker = known.Breaker;
                    break;
                }
            }
        }
    }

    private static bool IsTried(ChannelKey key, IReadOnlyList<Attempt> attempts)
    {
        for (var i = 0; i < attempts.Count; i++)
        {
            if (attempts[i].Key == key)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>The upstream's name of a model; false: the mapping cannot be followed, and the channel cannot serve until it is mended.</summary>
    public bool TryMapModel(string model, out string upstreamModel) => _mapping.TryFollow(model, out upstreamModel);

    private static JsonElement ReadObject(string? json)
    {
        if (!TryParseObject(json, out var document))
        {
            return default;
        }
        using (document)
        {
            return document.RootElement.Clone();
        }
    }

    private static (IReadOnlyList<ChannelKey> Keys, bool Polling, bool Multi) ReadKeys(ChannelRow row)
    {
        if (!TryParseObject(row.ChannelInfo, out var info))
        {
            return ([new ChannelKey(0, row.Key.Trim())], false, false);
        }
        using (info)
        {
            var root = info.RootElement;
            if (!root.TryGetProperty("is_multi_key", out var multi) || multi.ValueKind != JsonValueKind.True)
            {
                return ([new ChannelKey(0, row.Key.Trim())], false, false);
            }
            root.TryGetProperty("multi_key_status_list", out var statuses);
            var keys = new List<ChannelKey>();
            foreach (var (text, index) in KeyList.Split(row.Key).Select((text, index) => (text, index)))
            {
                var enabled = statuses.ValueKind != JsonValueKind.Object
                    || !statuses.TryGetProperty(index.ToString(), out var status)
                    || (status.TryGetInt32(out var number) && number == 1);
                if (enabled)
                {
                    keys.Add(new ChannelKey(index, text));
                }
            }
            var polling = root.TryGetProperty("multi_key_mode", out var mode) && mode.ValueKind == JsonValueKind.String
                && mode.ValueEquals("polling");
            return (keys, polling, true);
        }
    }

    private static FrozenDictionary<int, int> ReadStatuses(string? json)
    {
        if (!TryParseObject(json, out var document))
        {
            return FrozenDictionary<int, int>.Empty;
        }
        using (document)
        {
            var statuses = new Dictionary<int, int>();
            foreach (var member in document.RootElement.EnumerateObject())
            {
                var text = member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString() : member.Value.GetRawText();
                // Success is never mapped, in either direction.
                if (int.TryParse(member.Name, out var from) && int.TryParse(text, out var to) && from != 200 && to is >= 300 and <= 599)
                {
                    statuses[from] = to;
                }
            }
            return statuses.ToFrozenDictionary();
        }
    }

    private static (string? Proxy, bool PassThrough, RequestFields Removed) ReadSettings(string? setting, string? settings)
    {
        string? proxy = null;
        var passThrough = false;
        if (TryParseObject(setting, out var first))
        {
            using (first)
            {
                proxy = Text(first.RootElement, "proxy");
                passThrough = Flag(first.RootElement, "pass_through_body_enabled");
            }
        }
        var removed = RequestFields.ServiceTier | RequestFields.InferenceGeo | RequestFields.Speed
            | RequestFields.SafetyIdentifier | RequestFields.IncludeObfuscation;
        if (TryParseObject(settings, out var second))
        {
            using (second)
            {
                var root = second.RootElement;
                removed &= ~(Flag(root, "allow_service_tier") ? RequestFields.ServiceTier : RequestFields.None);
                removed &= ~(Flag(root, "allow_inference_geo") ? RequestFields.InferenceGeo : RequestFields.None);
                removed &= ~(Flag(root, "allow_speed") ? RequestFields.Speed : RequestFields.None);
                removed &= ~(Flag(root, "allow_safety_identifier") ? RequestFields.SafetyIdentifier : RequestFields.None);
                removed &= ~(Flag(root, "allow_include_obfuscation") ? RequestFields.IncludeObfuscation : RequestFields.None);
                removed |= Flag(root, "disable_store") ? RequestFields.Store : RequestFields.None;
            }
        }
        return (proxy, passThrough, removed);
    }

    private static ParamOverride? ReadOverride(string? json)
    {
        try
        {
            return ParamOverride.Parse(json);
        }
        catch (OverrideException error)
        {
            return ParamOverride.Broken(error.Message);
        }
    }

    private static (string? Prompt, bool Prepend) ReadSystemPrompt(string? setting)
    {
        if (!TryParseObject(setting, out var document))
        {
            return default;
        }
        using (document)
        {
            return (Text(document.RootElement, "system_prompt"), Flag(document.RootElement, "system_prompt_override"));
        }
    }

    private static (bool ForceFormat, bool ThoughtsAsText) ReadRetelling(string? setting)
    {
        if (!TryParseObject(setting, out var document))
        {
            return default;
        }
        using (document)
        {
            return (Flag(document.RootElement, "force_format"), Flag(document.RootElement, "thinking_to_content"));
        }
    }

    private static (TimeSpan? FirstToken, DrainLimit? Drain) ReadPatience(string? settings)
    {
        if (!TryParseObject(settings, out var document))
        {
            return default;
        }
        using (document)
        {
            var root = document.RootElement;
            TimeSpan? firstToken = Number(root, "first_token_timeout_seconds") is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
            var drain = Flag(root, "drain_on_abort")
                ? new DrainLimit(TimeSpan.FromSeconds(Number(root, "drain_max_seconds") ?? 30), (long)(Number(root, "drain_max_tokens") ?? 8192))
                : null;
            return (firstToken, drain);
        }
    }

    private static double? Number(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.GetDouble() is > 0 and < 86_400 and var number
            ? number
            : null;

    private static bool Flag(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    private static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text
            ? text
            : null;

    private static bool TryParseObject(string? json, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out JsonDocument? document)
    {
        document = null;
        if (string.IsNullOrWhiteSpace(json))
        {
            return false;
        }
        try
        {
            document = JsonDocument.Parse(json);
        }
        catch (JsonException)
        {
            return false;
        }
        if (document.RootElement.ValueKind == JsonValueKind.Object)
        {
            return true;
        }
        document.Dispose();
        document = null;
        return false;
    }
}

/// <summary>A credential of a channel. It never shows itself in a log or an error text.</summary>
internal sealed class ChannelKey(int index, string secret)
{
    /// <summary>Its place in the row.</summary>
    public int Index => index;

    public string Secret => secret;

    /// <summary>Whether attempts should stay away from it; only multi-key channels have breakers for their keys.</summary>
    public Breaker Breaker { get; set; } = new();

    public override string ToString() => "***";
}

/// <summary>How far an answer is read on after its caller has left, to learn what it really cost.</summary>
internal sealed record DrainLimit(TimeSpan Time, long Tokens);
