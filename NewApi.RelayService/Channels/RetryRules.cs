using NewApi.Domain;
using NewApi.Domain.Options;

namespace NewApi.RelayService.Channels;

/// <summary>Whether a failed attempt is worth another channel (specification: relay §3.6).</summary>
internal static class RetryRules
{
    public static bool Allow(RelayFault fault, GatewayOptions options)
    {
        // What is wrong with one channel says nothing about the next; nor does what could not be said in its dialect.
        if (fault.Code.StartsWith("channel:", StringComparison.Ordinal) || fault is { Code: "convert_request_failed", Final: false })
        {
            return true;
        }
        if (fault.Final)
        {
            return false;
        }
        // An answer of 200 that turned out to be an error, or no answer at all: no byte has reached the caller.
        if (fault.Leg is Leg.Connect or Leg.Body)
        {
            return true;
        }
        if (fault.Status is < 100 or > 599)
        {
            return true;
        }
        return fault.Status is not (504 or 524)
            && fault.Code != "bad_response_body"
            && options.AutomaticRetryStatusCodes.Contains(fault.Status);
    }

    /// <summary>Orders of tasks have a rule of their own (specification: relay §3.6). One that may have arrived never comes here.</summary>
    public static bool AllowTask(RelayFault fault) =>
        fault.Code.StartsWith("channel:", StringComparison.Ordinal)
        || (!fault.Final && (fault.Leg == Leg.Connect || fault.Status is not ((>= 200 and < 300) or 400 or 408 or 504 or 524)));

    /// <summary>
    /// The upstream refused what the request says rather than failed to serve it. An affinity rule that stays on failure ends a call there;
    /// for a channel that is down or worn out it must not cost the session its answer.
    /// </summary>
    public static bool BlamesRequest(RelayFault fault) =>
        fault is { FromUpstream: true, Leg: Leg.Headers, Status: >= 400 and < 500 and not (401 or 402 or 403 or 404 or 408 or 429) };
}
