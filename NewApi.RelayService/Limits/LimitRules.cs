using System.Collections.Frozen;
using System.Text.Json;

namespace NewApi.RelayService.Limits;

/// <summary>What a limit is counted for.</summary>
internal enum LimitScope
{
    User,
    Key,
    Group,
    Model,
    Channel,
}

/// <summary>Bounds of one user, key, group, model or channel; 0 means none.</summary>
/// <param name="Requests">A minute.</param>
/// <param name="Tokens">A minute, prompt and answer together.</param>
/// <param name="DailyRequests">In 24 hours.</param>
/// <param name="Concurrency">Calls at the same time.</param>
internal sealed record Limit(long Requests, long Tokens, long DailyRequests, long Concurrency);

/// <summary>
/// The option <c>limit_setting.rules</c>: per scope, a limit by name or id, and <c>*</c> for all that have none of their own.
/// <c>{"user":{"*":{"rpm":60,"tpm":200000}},"model":{"gpt-4o":{"concurrency":20}}}</c>
/// </summary>
internal sealed class LimitRules
{
    private const string Everyone = "*";

    private static readonly string[] ScopeNames = ["user", "key", "group", "model", "channel"];

    private readonly FrozenDictionary<string, Limit>?[] _scopes = new FrozenDictionary<string, Limit>?[ScopeNames.Length];

    public static LimitRules None { get; } = new();

    /// <summary>Nobody is limited.</summary>
    public bool IsEmpty { get; private init; } = true;

    public static LimitRules Parse(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            return None;
        }
        var rules = new LimitRules { IsEmpty = !json.EnumerateObject().Any() };
        for (var scope = 0; scope < ScopeNames.Length; scope++)
        {
            if (json.TryGetProperty(ScopeNames[scope], out var limits) && limits.ValueKind == JsonValueKind.Object)
            {
                rules._scopes[scope] = limits.EnumerateObject()
                    .Where(limit => limit.Value.ValueKind == JsonValueKind.Object)
                    .ToFrozenDictionary(limit => limit.Name, limit => Read(limit.Value), StringComparer.Ordinal);
            }
        }
        return rules;
    }

    /// <summary>The limit of one, or that of all; null for none.</summary>
    public Limit? Of(LimitScope scope, string name) =>
        _scopes[(int)scope] is not { } limits ? null
        : limits.TryGetValue(name, out var own) ? own
        : limits.GetValueOrDefault(Everyone);

    private static Limit Read(JsonElement json) =>
        new(Number(json, "rpm"), Number(json, "tpm"), Number(json, "rpd"), Number(json, "concurrency"));

    private static long Number(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number > 0
            ? number
            : 0;
}
