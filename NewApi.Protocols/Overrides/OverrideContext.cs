using System.Text.Json.Nodes;
using NewApi.Domain;

namespace NewApi.Protocols.Overrides;

/// <summary>What conditions and header operations of an override may look at, for one attempt of a call (specification: relay §3.10).</summary>
public sealed class OverrideContext
{
    private JsonObject? _fields;

    public required string OriginalModel { get; init; }

    public required string UpstreamModel { get; init; }

    public required string RequestPath { get; init; }

    /// <summary>0 for the first attempt.</summary>
    public int RetryIndex { get; init; }

    /// <summary>Why the attempt before this one failed.</summary>
    public RelayFault? LastError { get; init; }

    public bool IsChannelTest { get; init; }

    /// <summary>The caller's headers, names in any case.</summary>
    public IReadOnlyDictionary<string, string> ClientHeaders { get; init; } = new Dictionary<string, string>();

    /// <summary>What an affinity rule that matched says of itself; null for none.</summary>
    public JsonObject? Affinity { get; init; }

    /// <summary>The channel's own headers for this attempt; header operations change them.</summary>
    public Dictionary<string, string> Headers { get; init; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>What was changed and where, in the order in which it happened.</summary>
    public List<string> Applied { get; } = [];

    /// <summary>A header as the upstream would see it: the channel's own, else the caller's.</summary>
    internal string? Header(string name) =>
        Headers.TryGetValue(name, out var own) ? own
        : ClientHeaders.TryGetValue(name, out var client) ? client
        : null;

    internal bool TryGet(BodyPath path, out JsonNode? value) => path.TryGet(_fields ??= Fields(), out value);

    internal void HeadersChanged() => _fields = null;

    private JsonObject Fields()
    {
        var headers = new JsonObject();
        foreach (var (name, value) in ClientHeaders)
        {
            headers[name.ToLowerInvariant()] = value;
        }

        var own = new JsonObject();
        foreach (var (name, value) in Headers)
        {
            own[name.ToLowerInvariant()] = value;
        }

        var fields = new JsonObject
        {
            ["model"] = UpstreamModel,
            ["upstream_model"] = UpstreamModel,
            ["original_model"] = OriginalModel,
            ["request_path"] = RequestPath,
            ["request_headers"] = headers,
            ["header_override"] = own,
            ["retry_index"] = RetryIndex,
            ["is_retry"] = RetryIndex > 0,
            ["retry"] = new JsonObject { ["index"] = RetryIndex, ["is_retry"] = RetryIndex > 0 },
            ["is_channel_test"] = IsChannelTest,
        };
        if (LastError is { } error)
        {
            fields["last_error"] = new JsonObject
            {
                ["status_code"] = error.Status,
                ["message"] = error.Message,
                ["code"] = error.Code,
                ["error_code"] = error.Code,
                ["type"] = error.Type,
                ["error_type"] = error.Type,
                ["skip_retry"] = error.Final,
            };
            fields["last_error_status_code"] = error.Status;
            fields["last_error_message"] = error.Message;
            fields["last_error_code"] = error.Code;
            fields["last_error_type"] = error.Type;
        }

        if (Affinity is not null)
        {
            fields["channel_affinity"] = Affinity.DeepClone();
        }

        return fields;
    }
}

/// <summary>An override that cannot be read or applied: the channel is at fault (<c>channel:param_override_invalid</c>).</summary>
public sealed class OverrideException(string message) : Exception(message)
{
    /// <summary>The fault of the attempt. The message is the operator's; it repeats nothing of the body.</summary>
    public RelayFault ToFault() => new(500, "channel:param_override_invalid", Message);
}

/// <summary>The override refuses the call on purpose (<c>return_error</c>).</summary>
public sealed class OverrideRefusedException(RelayFault fault) : Exception(fault.Message)
{
    public RelayFault Fault => fault;
}
