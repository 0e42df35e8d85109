using System.Globalization;
using System.IO.Hashing;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using NewApi.Domain.Options;
using NewApi.Protocols.Overrides;

namespace NewApi.RelayService.Channels;

/// <summary>
/// A rule of the option <c>channel_affinity_setting.rules</c> (specification: relay §3.13): which calls belong together, so that they find
/// the cache that an earlier one filled. Compiled once per configuration.
/// </summary>
internal sealed class AffinityRule
{
    private const int DefaultPrefix = 2048;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly Regex[] _models;
    private readonly Regex[] _paths;
    private readonly string[] _agents;
    private readonly Regex? _value;
    private readonly (string Type, string Path, string Nested)[] _sources;
    private readonly bool _withGroup;
    private readonly bool _withModel;
    private readonly bool _withName;

    private AffinityRule(JsonElement rule, TimeSpan ttl)
    {
        Name = Text(rule, "name");
        _models = Patterns(rule, "model_regex");
        _paths = Patterns(rule, "path_regex");
        _agents = Texts(rule, "user_agent_include");
        _value = Text(rule, "value_regex") is { Length: > 0 } pattern ? Pattern(pattern) : null;
        _sources = rule.TryGetProperty("key_sources", out var sources) && sources.ValueKind == JsonValueKind.Array
            ? [.. sources.EnumerateArray().Select(source => (Text(source, "type"), First(Text(source, "path"), Text(source, "key")), Text(source, "nested_path")))]
            : [];
        Ttl = rule.TryGetProperty("ttl_seconds", out var seconds) && seconds.TryGetInt32(out var own) && own > 0 ? TimeSpan.FromSeconds(own) : ttl;
        StaysOnFailure = Flag(rule, "skip_retry_on_failure");
        _withGroup = Flag(rule, "include_using_group");
        _withModel = Flag(rule, "include_model_name");
        _withName = Flag(rule, "include_rule_name");
        Template = rule.TryGetProperty("param_override_template", out var template) && template.ValueKind == JsonValueKind.Object
            ? ParamOverride.Parse(template.GetRawText())
            : null;
    }

    public string Name { get; }

    public TimeSpan Ttl { get; }

    /// <summary>A request that the upstream refuses for what it says is not tried elsewhere.</summary>
    public bool StaysOnFailure { get; }

    /// <summary>Joined in front of the channel's override.</summary>
    public ParamOverride? Template { get; }

    /// <summary>The rules of a configuration; one that cannot be read is left out and named in <paramref name="problems"/>.</summary>
    public static AffinityRule[] Compile(ChannelAffinitySettings settings, out List<string> problems)
    {
        problems = [];
        if (!settings.Enabled || settings.Rules.ValueKind != JsonValueKind.Array)
        {
            return [];
        }
        var rules = new List<AffinityRule>();
        foreach (var rule in settings.Rules.EnumerateArray())
        {
            try
            {
                rules.Add(new AffinityRule(rule, settings.DefaultTtl));
            }
            catch (Exception error) when (error is ArgumentException or NotSupportedException or OverrideException or InvalidOperationException)
            {
                problems.Add($"channel_affinity_setting.rules: a rule cannot be read: {error.Message}");
            }
        }
        return [.. rules];
    }

    /// <summary>The key under which the call's channel is remembered, or null when the rule does not concern the call.</summary>
    public string? KeyFor(RelayCall call)
    {
        var request = call.Http.Request;
        if (!Any(_models, call.Model) || (_paths.Length > 0 && !Any(_paths, request.Path.Value ?? "")))
        {
            return null;
        }
        if (_agents.Length > 0)
        {
            var agent = request.Headers.UserAgent.ToString();
            if (!_agents.Any(wanted => agent.Contains(wanted, StringComparison.OrdinalIgnoreCase)))
            {
                return null;
            }
        }
        var value = ValueOf(call);
        if (string.IsNullOrWhiteSpace(value) || _value?.IsMatch(value) == false)
        {
            return null;
        }
        return string.Join(':', Parts(call, value));
    }

    private IEnumerable<string> Parts(RelayCall call, string value)
    {
        if (_withName)
        {
            yield return Name;
        }
        if (_withModel)
        {
            yield return call.Model;
        }
        if (_withGroup)
        {
            yield return call.Caller.TokenGroup.Length > 0 ? call.Caller.TokenGroup : call.Caller.UserGroup;
        }
        yield return value;
    }

    private string? ValueOf(RelayCall call)
    {
        foreach (var (type, path, nested) in _sources)
        {
            var value = type switch
            {
                "request_header" => call.Http.Request.Headers[path].ToString(),
                "context_int" or "context_string" => FromCaller(call, path),
                "prompt_prefix" => Prefix(call, path),
                "gjson" => FromBody(call, path, nested),
                _ => null,
            };
            if (!string.IsNullOrWhiteSpace(value))
            {
                return value;
            }
        }
        return null;
    }

    private static string? FromCaller(RelayCall call, string field) => field switch
    {
        "id" or "user_id" => call.Caller.UserId.ToString(CultureInfo.InvariantCulture),
        "token_id" => call.Caller.TokenId.ToString(CultureInfo.InvariantCulture),
        "username" => call.Caller.Username,
        "token_name" => call.Caller.TokenName,
        "group" or "token_group" => call.Caller.TokenGroup.Length > 0 ? call.Caller.TokenGroup : call.Caller.UserGroup,
        "user_group" => call.Caller.UserGroup,
        _ => null,
    };

    /// <summary>Calls of one conversation begin with the same bytes, and so does what an upstream caches of them.</summary>
    private static string? Prefix(RelayCall call, string length)
    {
        var wanted = int.TryParse(length, out var bytes) && bytes > 0 ? bytes : DefaultPrefix;
        return call.Body is { } body && body.Length >= wanted ? Convert.ToHexString(XxHash128.Hash(body.Span[..wanted])) : null;
    }

    /// <summary>The usual two have been found by the scan; others are looked for.</summary>
    private static string? FromBody(RelayCall call, string path, string nested)
    {
        if (nested.Length == 0 && path == "prompt_cache_key")
        {
            return call.Scan.PromptCacheKey;
        }
        if (nested.Length == 0 && path == "metadata.user_id")
        {
            return call.Scan.MetadataUserId;
        }
        var found = BodyValue.Find(call.Body!.Span, path);
        return nested.Length == 0 || found is null ? found : BodyValue.Find(System.Text.Encoding.UTF8.GetBytes(found), nested);
    }

    private static bool Any(Regex[] patterns, string text) => Array.Exists(patterns, pattern => pattern.IsMatch(text));

    private static Regex[] Patterns(JsonElement rule, string name) => Array.ConvertAll(Texts(rule, name), Pattern);

    private static Regex Pattern(string pattern) => new(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, Patience);

    private static string[] Texts(JsonElement rule, string name) =>
        rule.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array
            ? [.. list.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()!)]
            : [];

    private static string Text(JsonElement rule, string name) =>
        rule.TryGetProperty(name, out var text) && text.ValueKind == JsonValueKind.String ? text.GetString()! : "";

    private static string First(string one, string other) => one.Length > 0 ? one : other;

    private static bool Flag(JsonElement rule, string name) => rule.TryGetProperty(name, out var flag) && flag.ValueKind == JsonValueKind.True;
}

/// <summary>A rule that concerns a call, with the channel that served its like before, if there was one.</summary>
internal sealed record AffinityMatch(AffinityRule Rule, string Key, long? ChannelId)
{
    public ParamOverride? Template => Rule.Template;

    /// <summary>What overrides and logs may see of it: never the key itself, which may name a person.</summary>
    public JsonObject Describe() => new()
    {
        ["rule_name"] = Rule.Name,
        ["channel_id"] = ChannelId,
        ["key_fp"] = XxHash32.HashToUInt32(System.Text.Encoding.UTF8.GetBytes(Key)).ToString("x8", CultureInfo.InvariantCulture),
    };
}
