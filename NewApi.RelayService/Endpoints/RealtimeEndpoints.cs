using NewApi.Domain;

namespace NewApi.RelayService.Endpoints;

/// <summary>Sessions over a WebSocket (specification: relay §1.2).</summary>
internal static class RealtimeEndpoints
{
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(30);

    public static IEndpointRouteBuilder MapRealtime(this IEndpointRouteBuilder routes)
    {
        var options = routes.ServiceProvider.GetRequiredService<RelayOptions>();
        var pipeline = routes.ServiceProvider.GetRequiredService<RelayPipeline>();
        var sockets = new WebSocketOptions { KeepAliveInterval = KeepAlive };
        foreach (var origin in options.RealtimeOrigins)
        {
            sockets.AllowedOrigins.Add(origin);
        }
        // The middleware belongs to this route alone.
        var app = routes.CreateApplicationBuilder();
        app.UseWebSockets(sockets);
        app.Run(http => pipeline.RunAsync(http, Dialect.OpenAIRealtime, http.Request.Query["model"].ToString()));
        routes.MapMethods("/v1/realtime", ["GET", "CONNECT"], app.Build()).ForCallers();
        return routes;
    }
}
