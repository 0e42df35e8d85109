using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;

namespace NewApi.Domain;

/// <summary>Which leg of an attempt broke.</summary>
public enum Leg
{
    /// <summary>Before any upstream was called.</summary>
    Gateway,
    Connect,
    Headers,
    Body,
    Decode,
}

/// <summary>
/// What can go wrong with a call: a value with status, stable code and type (specification: relay §8); each dialect renders it in
/// the shape that its own clients expect.
/// </summary>
public sealed record RelayFault(int Status, string Code, string Message)
{
    /// <summary>Error type as OpenAI clients read it; <c>new_api_error</c> for faults of the gateway itself.</summary>
    public string Type { get; init; } = "new_api_error";

    public string? Param { get; init; }

    public Leg Leg { get; init; } = Leg.Gateway;

    /// <summary>The fault was caused by the request itself: no other channel can do better.</summary>
    public bool Final { get; init; }

    /// <summary>The message text is the upstream's own and is handed on as it came (after masking).</summary>
    public bool FromUpstream { get; init; }

    /// <summary>The upstream's own code, where the gateway has put a stable one in its place.</summary>
    public string? UpstreamCode { get; init; }

    /// <summary>How long the upstream asked callers to wait.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The upstream's message before masking: to be matched against an operator's keywords, never to be shown, logged or stored.</summary>
    [JsonIgnore]
    public string? Unmasked { get; init; }

    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append(CultureInfo.InvariantCulture, $"{nameof(Status)} = {Status}, {nameof(Code)} = {Code}, {nameof(Message)} = {Message}");
        return true;
    }
}
