using System.Net;

namespace NewApi.ServiceDefaults.Egress;

/// <summary>The proxy that a channel names: an http, https or socks address, with a user and a password in it if need be.</summary>
public static class ProxyAddress
{
    /// <summary>Null when it is none that can be used. A host without a scheme speaks http.</summary>
    public static Uri? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var whole = text.Contains("://", StringComparison.Ordinal) ? text : "http://" + text;
        if (!Uri.TryCreate(whole, UriKind.Absolute, out var address) || address.Host.Length == 0)
        {
            return null;
        }
        return address.Scheme switch
        {
            "http" or "https" or "socks4" or "socks4a" or "socks5" => address,
            // Names are the proxy's to resolve with socks5 too, which is all that the other spelling asks for.
            "socks5h" => new UriBuilder(address) { Scheme = "socks5" }.Uri,
            _ => null,
        };
    }

    /// <exception cref="ProxyAddressException">It cannot be used.</exception>
    internal static WebProxy Open(string text)
    {
        var address = Parse(text) ?? throw new ProxyAddressException();
        var proxy = new WebProxy(address);
        if (address.UserInfo.Length > 0)
        {
            var (user, password) = address.UserInfo.Split(':', 2) is [var name, var secret] ? (name, secret) : (address.UserInfo, "");
            proxy.Credentials = new NetworkCredential(Uri.UnescapeDataString(user), Uri.UnescapeDataString(password));
        }
        return proxy;
    }
}

/// <summary>A channel's proxy is no address that can be used: nothing was sent. Its text, which may have a password in it, is not repeated.</summary>
public sealed class ProxyAddressException()
    : HttpRequestException(HttpRequestError.ProxyTunnelError, "The channel's proxy must be an http, https or socks5 address.");
