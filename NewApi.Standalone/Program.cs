using NewApi.AdminService;
using NewApi.Data;
using NewApi.Data.Ledger;
using NewApi.RelayService;
using NewApi.ServiceDefaults;
using NewApi.Worker;

var audit = args is ["audit", ..];
var builder = GatewayHost.CreateBuilder(audit ? args[1..] : args, defaultPort: 3000);
builder.AddServiceDefaults();
builder.AddRelay();
builder.AddAdmin();
builder.AddWorker();

var app = builder.Build();
app.MapDefaultEndpoints();
app.MapRelay();
app.MapAdmin();
return audit
    ? await app.RunCommandAsync(AuditCommand.RunAsync)
    : await app.RunGatewayAsync<IDatabaseInitializer>(static (database, cancel) => database.InitializeAsync(cancel));
