namespace NewApi.Domain.Pricing;

/// <summary>
/// What an upstream charges for a request that it refused as a violation of its rules, and the gateway passes on (specification:
/// billing §7). xAI answers such requests with status 403 and one of two phrases.
/// </summary>
public static class ViolationFee
{
    /// <summary>How the codes of such refusals begin.</summary>
    public const string CodePrefix = "violation_fee.";

    private static readonly (string Phrase, string Code)[] Markers =
    [
        ("SAFETY_CHECK_TYPE", CodePrefix + "safety_check"),
        ("violates usage guidelines", CodePrefix + "usage_guidelines"),
    ];

    /// <summary>The fault under a stable code and not to be retried, when it is such a refusal; else the fault as it is.</summary>
    public static RelayFault Recognize(RelayFault fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        return fault.FromUpstream && CodeOf(fault) is { } code ? fault with { Code = code, UpstreamCode = fault.Code, Final = true } : fault;
    }

    public static bool IsViolation(RelayFault fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        return fault.Code.StartsWith(CodePrefix, StringComparison.Ordinal);
    }

    /// <summary>The phrase by which a fault was recognized.</summary>
    public static string? MarkerOf(RelayFault fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        return Array.Find(Markers, marker => fault.Message.Contains(marker.Phrase, StringComparison.OrdinalIgnoreCase)).Phrase;
    }

    /// <summary>The fee in points, at the group's ratio.</summary>
    /// <param name="price">The price of the refused call.</param>
    /// <param name="amount">US dollars.</param>
    public static Quota For(Price price, decimal amount)
    {
        ArgumentNullException.ThrowIfNull(price);
        return QuotaRounding.TryRound(amount * price.QuotaPerUnit * price.GroupRatio, out var fee) ? fee : new Quota(QuotaRounding.LargestCharge);
    }

    private static string? CodeOf(RelayFault fault) =>
        Array.Find(Markers, marker => fault.Message.Contains(marker.Phrase, StringComparison.OrdinalIgnoreCase)).Code;
}
