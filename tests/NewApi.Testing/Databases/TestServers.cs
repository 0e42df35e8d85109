namespace NewApi.Testing.Databases;

/// <summary>Servers of this test process, each started on first use and shared by all tests.</summary>
public static class TestServers
{
    private static readonly Lazy<Task<PostgresServer>> LazyPostgres = new(PostgresServer.StartAsync);
    private static readonly Lazy<Task<MariaServer>> LazyMySql = new(MariaServer.StartAsync);
    private static readonly Lazy<Task<RedisServer>> LazyRedis = new(RedisServer.StartAsync);

    public static Task<PostgresServer> PostgresAsync() => LazyPostgres.Value;

    public static Task<MariaServer> MySqlAsync() => LazyMySql.Value;

    public static Task<RedisServer> RedisAsync() => LazyRedis.Value;

    public static bool IsInstalled(DatabaseEngine engine) => engine switch
    {
        DatabaseEngine.Postgres => PostgresServer.Folder is not null,
        DatabaseEngine.MySql => MariaServer.Program is not null,
        _ => true,
    };

    public static bool IsRedisInstalled => RedisServer.Program is not null;
}
