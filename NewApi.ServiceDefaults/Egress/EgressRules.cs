using System.Globalization;
using System.Net;

namespace NewApi.ServiceDefaults.Egress;

/// <summary>
/// Where a URL may lead that somebody else chose. Immutable; keep one instance for as long as the settings behind it last, because
/// connections are shared among the calls that present the same instance.
/// </summary>
public sealed class EgressRules
{
    private readonly List<(int First, int Last)> _ports = [];
    private readonly List<IPNetwork> _networks = [];

    /// <summary>The internet, on every port.</summary>
    public static EgressRules Internet { get; } = new();

    /// <summary>For addresses that an administrator entered: their own networks as well, never the places that hold a cloud's credentials.</summary>
    public static EgressRules OwnNetworks { get; } = new() { AllowPrivate = true };

    /// <summary>False lets everything through; only the scheme is still checked.</summary>
    public bool Protected { get; init; } = true;

    /// <summary>Whether this machine and private networks may be reached. Link-local, unspecified and multicast addresses never may.</summary>
    public bool AllowPrivate { get; init; }

    /// <summary>Names such as <c>example.com</c>, and <c>*.example.com</c> for everything below it.</summary>
    public IReadOnlyList<string> Domains { get; init; } = [];

    /// <summary>Only <see cref="Domains"/> may be reached; otherwise they are what may not.</summary>
    public bool OnlyDomains { get; init; }

    /// <summary>Addresses and networks; what is neither is ignored.</summary>
    public IReadOnlyList<string> Addresses
    {
        init
        {
            foreach (var text in value)
            {
                if (IPNetwork.TryParse(text, out var network))
                {
                    _networks.Add(network);
                }
                else if (IPAddress.TryParse(text, out var address))
                {
                    _networks.Add(new IPNetwork(address, address.GetAddressBytes().Length * 8));
                }
            }
        }
    }

    /// <summary>Only <see cref="Addresses"/> may be reached; otherwise they are what may not.</summary>
    public bool OnlyAddresses { get; init; }

    /// <summary>Whether <see cref="Addresses"/> counts for what a name resolves to, and not only for addresses in the URL itself.</summary>
    public bool AddressesOfNames { get; init; }

    /// <summary>Ports and ranges such as <c>8000-8999</c>; nothing means every port.</summary>
    public IReadOnlyList<string> Ports
    {
        init
        {
            foreach (var text in value)
            {
                var dash = text.IndexOf('-', StringComparison.Ordinal);
                var first = Port(dash < 0 ? text : text[..dash]);
                _ports.Add((first, dash < 0 ? first : Port(text[(dash + 1)..])));
            }
        }
    }

    /// <summary>Why the URL may not be called, or null; the addresses behind its name are checked when they are known.</summary>
    internal string? Refuse(Uri address)
    {
        if (!address.IsAbsoluteUri || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps))
        {
            return "The address is neither http nor https.";
        }
        if (address.UserInfo.Length > 0)
        {
            return "The address carries credentials.";
        }
        if (!Protected)
        {
            return null;
        }
        if (_ports.Count > 0 && !_ports.Exists(range => address.Port >= range.First && address.Port <= range.Last))
        {
            return "The port of the address is not allowed.";
        }
        if (address.HostNameType == UriHostNameType.Dns && (Domains.Count > 0 || OnlyDomains)
            && Domains.Any(domain => Covers(domain, address.IdnHost.TrimEnd('.'))) != OnlyDomains)
        {
            return "The host of the address is not allowed.";
        }
        return null;
    }

    internal bool Admits(IPAddress address, bool named)
    {
        if (!Protected)
        {
            return true;
        }
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        var reach = AddressReaches.Of(plain);
        if (reach != AddressReach.Global && !(AllowPrivate && reach == AddressReach.Private))
        {
            return false;
        }
        return (named && !AddressesOfNames) || (_networks.Count == 0 && !OnlyAddresses)
            || _networks.Exists(network => network.Contains(plain)) == OnlyAddresses;
    }

    private static bool Covers(string domain, string host) =>
        domain.StartsWith("*.", StringComparison.Ordinal)
            ? host.EndsWith(domain[1..], StringComparison.OrdinalIgnoreCase)
            : host.Equals(domain, StringComparison.OrdinalIgnoreCase);

    private static int Port(string text) =>
        int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : -1;
}
