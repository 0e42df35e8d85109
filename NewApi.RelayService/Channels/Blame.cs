using NewApi.Domain;

namespace NewApi.RelayService.Channels;

/// <summary>What a failed attempt says about its channel.</summary>
internal enum Blame
{
    /// <summary>Nothing: the request is at fault, or nobody knows.</summary>
    None,

    /// <summary>The credential is refused, or has used up its share; another key of the channel may do.</summary>
    Key,

    /// <summary>The upstream is out of order.</summary>
    Channel,
}

internal static class Blames
{
    /// <param name="fault">The fault as the upstream reported it, before statuses are mapped.</param>
    public static Blame Of(RelayFault fault)
    {
        if (fault.Code.StartsWith("channel:", StringComparison.Ordinal) || fault.Leg is Leg.Connect or Leg.Decode)
        {
            return Blame.Channel;
        }
        return fault.Status switch
        {
            401 or 402 or 403 or 429 => Blame.Key,
            408 or >= 500 => Blame.Channel,
            _ when fault.Leg == Leg.Body && !fault.FromUpstream => Blame.Channel,
            _ => Blame.None,
        };
    }
}
