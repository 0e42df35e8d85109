using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace NewApi.ServiceDefaults;

/// <summary>
/// Whose word about the client's address counts: TRUSTED_PROXIES, a list of addresses and networks; unset means everyone, as in the
/// reference, and <c>none</c> means nobody.
/// </summary>
public sealed class TrustedProxies
{
    private readonly IPNetwork[]? _networks;

    private TrustedProxies(IPNetwork[]? networks) => _networks = networks;

    /// <summary>Every peer is believed.</summary>
    public static TrustedProxies Everyone { get; } = new(null);

    public static TrustedProxies Read(SettingsReader settings)
    {
        const string Name = "TRUSTED_PROXIES";
        var items = settings.List(Name);
        if (items.Count == 0)
        {
            return Everyone;
        }

        if (items is ["none"])
        {
            return new TrustedProxies([]);
        }

        var networks = new List<IPNetwork>();
        foreach (var item in items)
        {
            if (IPNetwork.TryParse(item, out var network))
            {
                networks.Add(network);
            }
            else if (IPAddress.TryParse(item, out var address))
            {
                networks.Add(new IPNetwork(address, address.GetAddressBytes().Length * 8));
            }
            else
            {
                settings.Mistake(Name, "must be a list of addresses and networks such as 10.0.0.0/8, or none");
            }
        }

        return new TrustedProxies([.. networks]);
    }

    /// <summary>The client's address; loopback for connections that have none (in-memory, Unix sockets).</summary>
    public IPAddress ClientOf(HttpContext context)
    {
        var peer = Plain(context.Connection.RemoteIpAddress) ?? IPAddress.Loopback;
        var headers = context.Request.Headers;
        var forwarded = headers["X-Forwarded-For"];
        var real = headers["X-Real-IP"];
        if ((forwarded.Count == 0 && real.Count == 0) || !Trusts(peer))
        {
            return peer;
        }

        return FirstUntrusted(forwarded) ?? Parse(real.ToString()) ?? peer;
    }

    /// <summary>Walks from the nearest proxy towards the client and stops at the first address that nobody vouches for.</summary>
    private IPAddress? FirstUntrusted(StringValues forwarded)
    {
        if (forwarded.Count == 0)
        {
            return null;
        }

        var chain = forwarded.ToString();
        if (_networks is null)
        {
            var comma = chain.IndexOf(',', StringComparison.Ordinal);
            return Parse(comma < 0 ? chain : chain.AsSpan(0, comma));
        }

        IPAddress? client = null;
        for (var end = chain.Length; end >= 0;)
        {
            var comma = end == 0 ? -1 : chain.LastIndexOf(',', end - 1);
            if (Parse(chain.AsSpan(comma + 1, end - comma - 1)) is not { } address)
            {
                break;
            }

            client = address;
            if (!Trusts(address))
            {
                break;
            }

            end = comma;
        }

        return client;
    }

    private bool Trusts(IPAddress address)
    {
        if (_networks is null)
        {
            return true;
        }

        foreach (var network in _networks)
        {
            if (network.Contains(address))
            {
                return true;
            }
        }

        return false;
    }

    private static IPAddress? Parse(ReadOnlySpan<char> text)
    {
        text = text.Trim();
        if (IPAddress.TryParse(text, out var address))
        {
            return Plain(address);
        }

        // Some load balancers write the port as well: 203.0.113.9:51234 or [2001:db8::1]:51234.
        return IPEndPoint.TryParse(text, out var endpoint) ? Plain(endpoint.Address) : null;
    }

    private static IPAddress? Plain(IPAddress? address) =>
        address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;
}
