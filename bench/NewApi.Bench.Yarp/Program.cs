using Yarp.ReverseProxy.Configuration;

// What YARP does out of the box: one route, one cluster, one destination. Logging is turned down to warnings, since its default of
// two lines a request would make the comparison a walk-over.
var port = int.Parse(args[0]);
var upstream = args[1];

var builder = WebApplication.CreateBuilder();
builder.Logging.ClearProviders();
builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);
builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
builder.Services.AddReverseProxy().LoadFromMemory(
    [new RouteConfig { RouteId = "all", ClusterId = "stub", Match = new RouteMatch { Path = "{**path}" } }],
    [new ClusterConfig
    {
        ClusterId = "stub",
        Destinations = new Dictionary<string, DestinationConfig> { ["stub"] = new() { Address = upstream } },
    }]);

var app = builder.Build();
app.MapReverseProxy();
app.Run();
