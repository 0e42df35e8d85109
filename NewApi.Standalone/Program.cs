using NewApi.AdminService;
using NewApi.Data;
using NewApi.RelayService;
using NewApi.ServiceDefaults;
using NewApi.Worker;

var builder = GatewayHost.CreateBuilder(args, defaultPort: 3000);
builder.AddServiceDefaults();
builder.AddRelay();
builder.AddAdmin();
builder.AddWorker();

var app = builder.Build();
app.MapDefaultEndpoints();
app.MapRelay();
app.MapAdmin();
return await app.RunGatewayAsync<IDatabaseInitializer>(static (database, cancel) => database.InitializeAsync(cancel));
