using NewApi.Data;
using NewApi.RelayService;
using NewApi.ServiceDefaults;

var builder = GatewayHost.CreateBuilder(args, defaultPort: 3000);
builder.AddServiceDefaults();
builder.AddRelay();

var app = builder.Build();
app.MapDefaultEndpoints();
app.MapRelay();
return await app.RunGatewayAsync<IDatabaseInitializer>(static (database, cancel) => database.InitializeAsync(cancel));
