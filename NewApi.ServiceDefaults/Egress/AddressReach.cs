using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace NewApi.ServiceDefaults.Egress;

/// <summary>How far an address reaches.</summary>
internal enum AddressReach
{
    /// <summary>Routed on the internet.</summary>
    Global,

    /// <summary>This machine or the operator's own networks: open only when the operator says so.</summary>
    Private,

    /// <summary>Nothing that a URL should lead to: unspecified, link-local (where clouds keep credentials), multicast, reserved.</summary>
    Never,
}

/// <summary>Sorts addresses by the registries of special purpose addresses (RFC 6890 and its updates). What is not known to be global is not.</summary>
internal static class AddressReaches
{
    private static readonly IPNetwork[] Private4 = Networks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "100.64.0.0/10");

    private static readonly IPNetwork[] Never4 = Networks(
        "0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4");

    private static readonly IPNetwork[] Private6 = Networks("::1/128", "fc00::/7");

    // 6to4 and Teredo carry an IPv4 address inside: nobody needs them, and each would need a check of its own.
    private static readonly IPNetwork[] Never6 = Networks("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20");

    private static readonly IPNetwork Global6 = IPNetwork.Parse("2000::/3");

    private static readonly IPNetwork Translated6 = IPNetwork.Parse("64:ff9b::/96");

    public static AddressReach Of(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            return Among(Private4, address) ? AddressReach.Private
                : Among(Never4, address) ? AddressReach.Never
                : AddressReach.Global;
        }
        if (Translated6.Contains(address))
        {
            Span<byte> bytes = stackalloc byte[16];
            address.TryWriteBytes(bytes, out _);
            return Of(new IPAddress(BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..])));
        }
        return Among(Private6, address) ? AddressReach.Private
            : Global6.Contains(address) && !Among(Never6, address) ? AddressReach.Global
            : AddressReach.Never;
    }

    private static bool Among(IPNetwork[] networks, IPAddress address)
    {
        foreach (var network in networks)
        {
            if (network.Contains(address))
            {
                return true;
            }
        }
        return false;
    }

    private static IPNetwork[] Networks(params ReadOnlySpan<string> networks)
    {
        var parsed = new IPNetwork[networks.Length];
        for (var index = 0; index < networks.Length; index++)
        {
            parsed[index] = IPNetwork.Parse(networks[index]);
        }
        return parsed;
    }
}
