using NewApi.Data;
using NewApi.RelayService;
using NewApi.RelayService.Forwarding;
using NewApi.ServiceDefaults;

var builder = GatewayHost.CreateBuilder(args, defaultPort: 3000);
builder.AddServiceDefaults();
builder.AddRelay();
builder.AddAdminForwarding();

var app = builder.Build();
app.MapDefaultEndpoints();
app.MapRelay();
app.MapAdminForwarding();
return await app.RunGatewayAsync<IDatabaseInitializer>(static (database, cancel) => database.InitializeAsync(cancel));
