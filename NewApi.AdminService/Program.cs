using NewApi.AdminService;
using NewApi.Data;
using NewApi.ServiceDefaults;

var builder = GatewayHost.CreateBuilder(args, defaultPort: 3001);
builder.AddServiceDefaults();
builder.AddData();
builder.AddAdmin();

var app = builder.Build();
app.MapDefaultEndpoints();
app.MapAdmin();
return await app.RunGatewayAsync<IDatabaseInitializer>(static (database, cancel) => database.InitializeAsync(cancel));
