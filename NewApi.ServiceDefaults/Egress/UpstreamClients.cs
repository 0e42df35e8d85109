using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;

namespace NewApi.ServiceDefaults.Egress;

/// <summary>What the environment says about connections to upstreams (specification: configuration §3.7).</summary>
/// <param name="ConnectTimeout">Longest wait for a connection (<c>RELAY_CONNECT_TIMEOUT</c>).</param>
/// <param name="IdleTimeout">How long an unused connection is kept (<c>RELAY_IDLE_CONN_TIMEOUT</c>).</param>
/// <param name="SkipCertificateCheck">Accept any certificate (<c>TLS_INSECURE_SKIP_VERIFY</c>).</param>
public sealed record UpstreamConnections(TimeSpan ConnectTimeout, TimeSpan IdleTimeout, bool SkipCertificateCheck)
{
    public static UpstreamConnections Read(SettingsReader settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return new(
            settings.Seconds("RELAY_CONNECT_TIMEOUT", 10, 1, 600),
            settings.Seconds("RELAY_IDLE_CONN_TIMEOUT", 90, 1, 86_400),
            settings.Flag("TLS_INSECURE_SKIP_VERIFY", false));
    }
}

/// <summary>
/// Connections to upstreams of channels, whose addresses administrators decide: one pool without a proxy and one per proxy. There is no
/// total timeout and no retry in them: whoever sends a paid request decides alone whether it is sent again.
/// </summary>
public sealed class UpstreamClients(UpstreamConnections connections) : IDisposable
{
    private readonly HttpMessageInvoker _direct = new(Handler(connections, null));
    private readonly ConcurrentDictionary<string, HttpMessageInvoker> _proxied = new(StringComparer.Ordinal);

    /// <param name="proxy">http, https or socks5 address, or null.</param>
    /// <exception cref="ProxyAddressException">It is none of these.</exception>
    public HttpMessageInvoker For(string? proxy) =>
        proxy is null ? _direct : _proxied.GetOrAdd(proxy, static (address, connections) => new HttpMessageInvoker(Handler(connections, address)), connections);

    public void Dispose()
    {
        _direct.Dispose();
        foreach (var client in _proxied.Values)
        {
            client.Dispose();
        }
    }

    private static SocketsHttpHandler Handler(UpstreamConnections connections, string? proxy)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            UseProxy = proxy is not null,
            Proxy = proxy is null ? null : ProxyAddress.Open(proxy),
            ConnectTimeout = connections.ConnectTimeout,
            PooledConnectionIdleTimeout = connections.IdleTimeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(10),
            MaxConnectionsPerServer = int.MaxValue,
            MaxResponseDrainSize = 64 * 1024,
            ResponseDrainTimeout = TimeSpan.FromMilliseconds(250),
            EnableMultipleHttp2Connections = true,
            // Trace headers of ours are none of the upstream's business.
            ActivityHeadersPropagator = null,
        };
        if (connections.SkipCertificateCheck)
        {
            // The operator asked for it by TLS_INSECURE_SKIP_VERIFY.
#pragma warning disable CA5359
            handler.SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true };
#pragma warning restore CA5359
        }
        return handler;
    }
}
