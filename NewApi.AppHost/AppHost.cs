using Microsoft.Extensions.Configuration;
using NewApi.AppHost;

var builder = DistributedApplication.CreateBuilder(args);
var target = PublishTarget.Choose(builder);

// Values come from configuration (Parameters:session-secret, for instance in user secrets) or from the environment
// (Parameters__session_secret). Passwords enter connection strings as they are: no ; , or $ in them.
var sessionSecret = builder.AddParameter("session-secret", secret: true);
var databasePassword = builder.AddParameter("db-password", secret: true);
var redisPassword = builder.AddParameter("redis-password", secret: true);

var (server, database) = builder.Configuration["NEWAPI_DATABASE"] is "mysql"
    ? MySql()
    : Postgres();

var redis = builder.AddRedis("redis", port: null, password: redisPassword)
    .WithDataVolume("newapi-redis")
    .WithPersistence();
target.Checked(redis, "redis-cli -a $$REDIS_PASSWORD ping | grep -q PONG");

var admin = builder.AddProject<Projects.NewApi_AdminService>("admin");
var relay = builder.AddProject<Projects.NewApi_RelayService>("relay")
    // What is not model traffic the relay hands on to the admin service: services__admin__http__0.
    .WithReference(admin);
var worker = builder.AddProject<Projects.NewApi_Worker>("worker");

foreach (var service in new[] { admin, relay, worker })
{
    service
        // Only ConnectionStrings__* and services__*: no copies of the secrets under other names.
        .WithReferenceEnvironment(ReferenceEnvironmentInjectionFlags.ConnectionString | ReferenceEnvironmentInjectionFlags.ServiceDiscovery)
        .WithReference(database, connectionName: "newapi").WaitFor(database)
        .WithReference(redis).WaitFor(redis)
        .WithEnvironment("SESSION_SECRET", sessionSecret);
    target.Service(service, waitsFor: [server, "redis"]);
}

// The relay is the one door; the admin service and the worker are seen from inside only.
target.Door(relay, port: 3000);
target.Inside(admin);
target.Inside(worker);

builder.Build().Run();

(string Server, IResourceBuilder<IResourceWithConnectionString> Database) Postgres()
{
    var postgres = builder.AddPostgres("postgres", password: databasePassword)
        .WithDataVolume("newapi-postgres")
        // AddDatabase creates the database in run mode only.
        .WithEnvironment("POSTGRES_DB", "newapi");
    target.Checked(postgres, "pg_isready -U postgres -d newapi");
    return ("postgres", postgres.AddDatabase("newapi"));
}

(string Server, IResourceBuilder<IResourceWithConnectionString> Database) MySql()
{
    var mysql = builder.AddMySql("mysql", databasePassword)
        .WithDataVolume("newapi-mysql")
        .WithEnvironment("MYSQL_DATABASE", "newapi");
    target.Checked(mysql, "mysqladmin ping -h 127.0.0.1 -uroot -p$$MYSQL_ROOT_PASSWORD");
    return ("mysql", mysql.AddDatabase("newapi"));
}
