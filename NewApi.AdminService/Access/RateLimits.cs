using System.Net;
using System.Net.Sockets;

namespace NewApi.AdminService.Access;

internal enum LimitKind
{
    /// <summary>Every management and billing route, per address.</summary>
    Api,

    /// <summary>Pages, per address.</summary>
    Web,

    /// <summary>Routes worth guessing at, per address; one counter for all of them.</summary>
    Critical,

    /// <summary>Searches, per user.</summary>
    Search,
}

/// <summary>The limiters of the control plane (specification: admin API §3).</summary>
internal sealed class RateLimits(AdminOptions options, TimeProvider clock)
{
    private readonly SlidingCounters _api = new(options.ApiLimit, clock);
    private readonly SlidingCounters _web = new(options.WebLimit, clock);
    private readonly SlidingCounters _critical = new(options.CriticalLimit, clock);
    private readonly SlidingCounters _search = new(options.SearchLimit, clock);

    public bool Admit(LimitKind kind, IPAddress address) => Of(kind).Admit(KeyOf(address));

    public bool AdmitUser(LimitKind kind, long userId) => Of(kind).Admit(userId.ToString());

    private SlidingCounters Of(LimitKind kind) => kind switch
    {
        LimitKind.Api => _api,
        LimitKind.Web => _web,
        LimitKind.Critical => _critical,
        _ => _search,
    };

    /// <summary>A subscriber owns a whole IPv6 /64, so that is the unit that is limited.</summary>
    private static string KeyOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }
        return address.AddressFamily == AddressFamily.InterNetworkV6
            ? Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8))
            : address.ToString();
    }
}

/// <summary>Route metadata: which limiters a route passes besides the general one.</summary>
internal sealed record Limited(LimitKind Kind);
