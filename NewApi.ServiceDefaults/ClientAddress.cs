using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace NewApi.ServiceDefaults;

/// <summary>The address of whoever sent a request, seen through the proxies in between.</summary>
public static class ClientAddress
{
    /// <summary>
    /// The first address of X-Forwarded-For, else X-Real-IP, else the peer of the connection; headers count only from trusted peers. Asks the
    /// request's services for <see cref="TrustedProxies"/>: a hot path keeps that singleton and asks it directly.
    /// </summary>
    public static IPAddress Of(HttpContext context) =>
        (context.RequestServices?.GetService<TrustedProxies>() ?? TrustedProxies.Everyone).ClientOf(context);
}
