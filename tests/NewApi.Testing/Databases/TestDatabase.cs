using System.Data.Common;
using Microsoft.Data.Sqlite;
using MySqlConnector;
using Npgsql;

namespace NewApi.Testing.Databases;

/// <summary>An empty database of one engine, gone when disposed.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private readonly string _name;

    private TestDatabase(DatabaseEngine engine, string name, string dsn, string connectionString)
    {
        Engine = engine;
        _name = name;
        Dsn = dsn;
        ConnectionString = connectionString;
    }

    public DatabaseEngine Engine { get; }

    /// <summary>
    /// A value for <c>SQL_DSN</c>, in the URL or Go form; for SQLite <c>Data Source=file</c>.
    /// </summary>
    public string Dsn { get; }

    /// <summary>A keyword string for the engine's driver, without pooling.</summary>
    public string ConnectionString { get; }

    /// <summary>The SQLite file, else null.</summary>
    public string? File => Engine == DatabaseEngine.Sqlite ? _name : null;

    public static async Task<TestDatabase> CreateAsync(DatabaseEngine engine)
    {
        var name = $"newapi_{Guid.NewGuid():N}";
        switch (engine)
        {
            case DatabaseEngine.Postgres:
                var postgres = await TestServers.PostgresAsync();
                await postgres.ExecuteAsync($"CREATE DATABASE {name}");
                return new TestDatabase(
                    engine,
                    name,
                    $"postgres://postgres:any@127.0.0.1:{postgres.Port}/{name}?sslmode=disable",
                    postgres.ConnectionString(name));
            case DatabaseEngine.MySql:
                var maria = await TestServers.MySqlAsync();
                await maria.ExecuteAsync($"CREATE DATABASE {name} CHARACTER SET utf8mb4");
                return new TestDatabase(
                    engine, name, $"root:@tcp(127.0.0.1:{maria.Port})/{name}?charset=utf8mb4", maria.ConnectionString(name));
            default:
                var file = Path.Combine(ServerProcess.NewFolder("sqlite"), "one-api.db");
                return new TestDatabase(engine, file, $"Data Source={file}", $"Data Source={file};Pooling=false");
        }
    }

    /// <summary>A connection that knows nothing of the product, open.</summary>
    public async Task<DbConnection> ConnectAsync()
    {
        DbConnection connection = Engine switch
        {
            DatabaseEngine.Postgres => new NpgsqlConnection(ConnectionString),
            DatabaseEngine.MySql => new MySqlConnection(ConnectionString),
            _ => new SqliteConnection(ConnectionString),
        };
        await connection.OpenAsync();
        return connection;
    }

    /// <summary>Runs a script of statements.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using var connection = await ConnectAsync();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Tests bring their own statements.
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The first value of the first row, as text; null for NULL or no row.</summary>
    public async Task<string?> ReadAsync(string sql)
    {
        await using var connection = await ConnectAsync();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Tests bring their own statements.
        command.CommandText = sql;
#pragma warning restore CA2100
        var value = await command.ExecuteScalarAsync();
        return value is null or DBNull ? null : Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        switch (Engine)
        {
            case DatabaseEngine.Postgres:
                await (await TestServers.PostgresAsync()).ExecuteAsync($"DROP DATABASE IF EXISTS {_name} WITH (FORCE)");
                break;
            case DatabaseEngine.MySql:
                await (await TestServers.MySqlAsync()).ExecuteAsync($"DROP DATABASE IF EXISTS {_name}");
                break;
            default:
                SqliteConnection.ClearAllPools();
                Directory.Delete(Path.GetDirectoryName(_name)!, recursive: true);
                break;
        }
    }
}
