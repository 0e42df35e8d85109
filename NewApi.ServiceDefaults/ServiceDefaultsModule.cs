using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using NewApi.ServiceDefaults.Egress;
using Npgsql;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace NewApi.ServiceDefaults;

/// <summary>What the three services and the all-in-one host have in common: being seen, being asked how they are, finding each other.</summary>
public static class ServiceDefaultsModule
{
    private const string Live = "live";

    /// <summary>
    /// Adds telemetry, health checks and service discovery. Metrics are always kept for <c>/metrics</c>: the runtime's and every meter whose
    /// name starts with <c>NewApi.</c>. Traces, exported logs and HTTP metrics exist only when OTEL_EXPORTER_OTLP_ENDPOINT is set, so that
    /// nobody else pays for them.
    /// </summary>
    public static TBuilder AddServiceDefaults<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        var settings = builder.Settings();
        builder.Services.TryAddSingleton(settings);
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.TryAddSingleton(GatewayNode.Read(settings));
        builder.Services.TryAddSingleton(TrustedProxies.Read(settings));
        builder.Services.TryAddSingleton<EgressClient>();
        builder.Services.AddServiceDiscovery();
        builder.Services.AddHealthChecks().AddCheck("self", static () => HealthCheckResult.Healthy(), [Live]);

        var service = settings.Text("OTEL_SERVICE_NAME") ?? builder.Environment.ApplicationName;
        var telemetry = builder.Services.AddOpenTelemetry().ConfigureResource(about => about.AddService(service)).WithMetrics(static metrics => metrics
            .AddMeter("NewApi.*", "Npgsql")
            .AddRuntimeInstrumentation()
            .AddPrometheusExporter());
        if (settings.Text("OTEL_EXPORTER_OTLP_ENDPOINT") is not null)
        {
            builder.Logging.AddOpenTelemetry(static logs =>
            {
                logs.IncludeFormattedMessage = true;
                logs.IncludeScopes = true;
            });
            telemetry
                .WithMetrics(static metrics => metrics.AddAspNetCoreInstrumentation().AddHttpClientInstrumentation())
                .WithTracing(tracing => tracing
                    .AddSource(builder.Environment.ApplicationName, "NewApi.*")
                    .AddAspNetCoreInstrumentation(static requests => requests.Filter = static context => !IsProbe(context.Request.Path))
                    .AddHttpClientInstrumentation()
                    .AddNpgsql())
                .UseOtlpExporter();
        }

        return builder;
    }

    /// <summary>
    /// A named client for calls between our own services: names are discovered and failures retried. Never for upstreams, where a retry is
    /// paid for and a long answer is normal.
    /// </summary>
    public static IHttpClientBuilder AddInternalClient(this IHostApplicationBuilder builder, string name)
    {
        var client = builder.Services.AddHttpClient(name).AddServiceDiscovery();
        client.AddStandardResilienceHandler();
        return client;
    }

    /// <summary>
    /// Maps <c>/health</c> (ready: every check), <c>/alive</c> (the process itself) and <c>/metrics</c> (Prometheus), in every environment. When
    /// METRICS_TOKEN is set, <c>/metrics</c> asks for it as a bearer token.
    /// </summary>
    public static WebApplication MapDefaultEndpoints(this WebApplication app)
    {
        app.MapHealthChecks("/health");
        app.MapHealthChecks("/alive", new HealthCheckOptions { Predicate = static check => check.Tags.Contains(Live) });
        var metrics = app.MapPrometheusScrapingEndpoint("/metrics");
        if (app.Services.GetRequiredService<SettingsReader>().Text("METRICS_TOKEN") is { } token)
        {
            var expected = Encoding.UTF8.GetBytes($"Bearer {token}");
            metrics.Add(endpoint =>
            {
                var scrape = endpoint.RequestDelegate!;
                endpoint.RequestDelegate = context =>
                {
                    var given = Encoding.UTF8.GetBytes(context.Request.Headers.Authorization.ToString());
                    if (CryptographicOperations.FixedTimeEquals(given, expected))
                    {
                        return scrape(context);
                    }

                    context.Response.StatusCode = StatusCodes.Status401Unauthorized;
                    return Task.CompletedTask;
                };
            });
        }

        return app;
    }

    private static bool IsProbe(PathString path) =>
        path.StartsWithSegments("/health") || path.StartsWithSegments("/alive") || path.StartsWithSegments("/metrics");
}
