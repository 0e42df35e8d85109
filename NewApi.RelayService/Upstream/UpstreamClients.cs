using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;

namespace NewApi.RelayService.Upstream;

/// <summary>
/// Connections to upstreams: one pool without a proxy and one per proxy. There is no total timeout and no retry in them: the attempt
/// loop is the only one that may send a paid request again.
/// </summary>
internal sealed class UpstreamClients(RelayOptions options) : IDisposable
{
    private readonly HttpMessageInvoker _direct = new(Handler(options, null));
    private readonly ConcurrentDictionary<string, HttpMessageInvoker> _proxied = new(StringComparer.Ordinal);

    /// <param name="proxy">http, https or socks5 address, or null.</param>
    public HttpMessageInvoker For(string? proxy) =>
        proxy is null ? _direct : _proxied.GetOrAdd(proxy, static (address, options) => new HttpMessageInvoker(Handler(options, address)), options);

    public void Dispose()
    {
        _direct.Dispose();
        foreach (var client in _proxied.Values)
        {
            client.Dispose();
        }
    }

    private static SocketsHttpHandler Handler(RelayOptions options, string? proxy)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            UseProxy = proxy is not null,
            Proxy = proxy is null ? null : new WebProxy(proxy),
            ConnectTimeout = options.ConnectTimeout,
            PooledConnectionIdleTimeout = options.IdleConnectionTimeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(10),
            MaxConnectionsPerServer = int.MaxValue,
            MaxResponseDrainSize = 64 * 1024,
            ResponseDrainTimeout = TimeSpan.FromMilliseconds(250),
            EnableMultipleHttp2Connections = true,
            // Trace headers of ours are none of the upstream's business.
            ActivityHeadersPropagator = null,
        };
        if (options.SkipCertificateCheck)
        {
            // The operator asked for it by TLS_INSECURE_SKIP_VERIFY.
#pragma warning disable CA5359
            handler.SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true };
#pragma warning restore CA5359
        }
        return handler;
    }
}
