using NewApi.Domain.Options;

namespace NewApi.Domain;

/// <summary>
/// When the gateway switches a channel or a key off on its own account (specification: relay §3.15). Live calls and tests of channels are
/// judged alike, on what the upstream really said.
/// </summary>
public static class DisableRule
{
    /// <summary>
    /// Credentials act at once: 401 if it is among the statuses that disable, the operator's keywords, and faults of the channel's own
    /// settings. Every other status needs a failure budget to be used up: one bad minute of an upstream disables nothing.
    /// </summary>
    /// <param name="raw">The fault before statuses are mapped and texts are masked.</param>
    /// <param name="options">Options of the gateway.</param>
    /// <param name="exhausted">The failure budget is used up.</param>
    public static bool IsDue(RelayFault raw, GatewayOptions options, bool exhausted)
    {
        ArgumentNullException.ThrowIfNull(raw);
        ArgumentNullException.ThrowIfNull(options);
        if (!options.AutomaticDisableChannelEnabled || raw.Final)
        {
            return false;
        }
        if (IsOfChannel(raw))
        {
            return true;
        }
        // What the gateway says of a silent upstream is no verdict of that upstream.
        if (!raw.FromUpstream && raw.Leg != Leg.Headers)
        {
            return false;
        }
        var message = (raw.Unmasked ?? raw.Message).ToLowerInvariant();
        foreach (var keyword in options.AutomaticDisableKeywords)
        {
            if (keyword.Length > 0 && message.Contains(keyword, StringComparison.Ordinal))
            {
                return true;
            }
        }
        return options.AutomaticDisableStatusCodes.Contains(raw.Status) && (raw.Status == 401 || exhausted);
    }

    /// <summary>Settings and missing keys are the channel's fault, whichever key was to be used.</summary>
    public static bool IsOfChannel(RelayFault raw)
    {
        ArgumentNullException.ThrowIfNull(raw);
        return raw.Code.StartsWith("channel:", StringComparison.Ordinal);
    }

    /// <summary>What administrators read as the reason; the upstream's words in it are masked.</summary>
    public static string ReasonOf(RelayFault raw, string model, bool stream)
    {
        ArgumentNullException.ThrowIfNull(raw);
        return $"status_code={raw.Status}, code={raw.Code}, {raw.Message} (model {model}{(stream ? ", stream" : "")})";
    }
}
