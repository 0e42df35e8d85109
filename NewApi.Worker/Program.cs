using NewApi.Data;
using NewApi.ServiceDefaults;
using NewApi.Worker;

var builder = GatewayHost.CreateBuilder(args, defaultPort: 3002);
builder.AddServiceDefaults();
builder.AddWorker();

var app = builder.Build();
app.MapDefaultEndpoints();
return await app.RunGatewayAsync<IDatabaseInitializer>(static (database, cancel) => database.InitializeAsync(cancel));
