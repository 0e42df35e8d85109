using NewApi.ServiceDefaults;

var builder = GatewayHost.CreateBuilder(args, defaultPort: 3000);
builder.AddServiceDefaults();

var app = builder.Build();
app.MapDefaultEndpoints();
return await app.RunGatewayAsync();
