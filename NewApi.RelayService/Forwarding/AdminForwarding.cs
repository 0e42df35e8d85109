using System.Net;
using Microsoft.Extensions.ServiceDiscovery.Http;
using NewApi.ServiceDefaults;
using Yarp.ReverseProxy.Forwarder;

namespace NewApi.RelayService.Forwarding;

/// <summary>
/// Makes a relay process the one door of the distributed shape: what is not a relay path goes to the admin service, so that clients and consoles
/// need one base URL and model traffic takes no extra hop. Off when no admin service is configured.
/// </summary>
public static class AdminForwarding
{
    private const string Service = "admin";

    /// <summary>Adds the forwarder. The address is <c>ADMIN_SERVICE_URL</c>, else the discovered service <c>admin</c>.</summary>
    public static IHostApplicationBuilder AddAdminForwarding(this IHostApplicationBuilder builder)
    {
        var settings = builder.Settings();
        var address = settings.Text("ADMIN_SERVICE_URL");
        if (address is not null && !(Uri.TryCreate(address, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"))
        {
            settings.Mistake("ADMIN_SERVICE_URL", "must be a URL such as http://admin:3001");
            address = null;
        }

        if (address is null && builder.Configuration.GetSection($"services:{Service}").Exists())
        {
            address = $"http://{Service}";
        }

        builder.Services.AddServiceDiscovery();
        builder.Services.AddHttpForwarder();
        builder.Services.AddSingleton(new AdminAddress(address));
        return builder;
    }

    /// <summary>Maps everything that no other route takes, and the billing routes that live below <c>/v1</c>.</summary>
    public static IEndpointRouteBuilder MapAdminForwarding(this IEndpointRouteBuilder routes)
    {
        var services = routes.ServiceProvider;
        if (services.GetRequiredService<AdminAddress>().Value is not { } address)
        {
            return routes;
        }

        var forwarder = services.GetRequiredService<IHttpForwarder>();
        var client = new HttpMessageInvoker(services.GetRequiredService<IServiceDiscoveryHttpMessageHandlerFactory>().CreateHandler(
            new SocketsHttpHandler
            {
                UseProxy = false,
                AllowAutoRedirect = false,
                UseCookies = false,
                AutomaticDecompression = DecompressionMethods.None,
                ConnectTimeout = TimeSpan.FromSeconds(5),
            }));
        // A channel test waits for a model: it may be silent for minutes.
        var patience = new ForwarderRequestConfig { ActivityTimeout = TimeSpan.FromMinutes(10) };
        var transformer = new ClientAddressTransformer(services.GetRequiredService<TrustedProxies>());

        async Task ForwardAsync(HttpContext context)
        {
            var failure = await forwarder.SendAsync(context, address, client, patience, transformer, context.RequestAborted);
            if (failure != ForwarderError.None && !context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.WriteAsync("""{"success":false,"message":"The admin service does not answer."}""", context.RequestAborted);
            }
        }

        routes.Map("/v1/dashboard/billing/{**rest}", ForwardAsync).WithOrder(-1);
        routes.MapFallback("/{**rest}", ForwardAsync);
        return routes;
    }

    /// <summary>The admin service sees the client as this process does; what the client itself claims is not handed on.</summary>
    private sealed class ClientAddressTransformer(TrustedProxies proxies) : HttpTransformer
    {
        public override async ValueTask TransformRequestAsync(
            HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
        {
            await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
            var client = proxies.ClientOf(httpContext).ToString();
            proxyRequest.Headers.Remove("X-Forwarded-For");
            proxyRequest.Headers.Remove("X-Real-IP");
            proxyRequest.Headers.TryAddWithoutValidation("X-Forwarded-For", client);
            if (!proxyRequest.Headers.Contains("X-Forwarded-Proto"))
            {
                // A proxy in front that ended TLS has said https already.
                proxyRequest.Headers.TryAddWithoutValidation("X-Forwarded-Proto", httpContext.Request.Scheme);
            }
        }
    }

    private sealed record AdminAddress(string? Value);
}
