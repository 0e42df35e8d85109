using System.Data.Common;
using MySqlConnector;
using Npgsql;

namespace NewApi.Testing.Databases;

/// <summary>
/// A Postgres or MariaDB server of one test, which may be killed and started again on the same data. What it has committed survives that, as
/// with any server that is set up for production; only the machine itself must not fail.
/// </summary>
public sealed class MortalServer
{
    private readonly DatabaseEngine _engine;
    private readonly string _folder;
    private readonly string[] _command;
    private readonly int _port;
    private ServerProcess _process = null!;

    private MortalServer(DatabaseEngine engine, string folder, string[] command, int port)
    {
        _engine = engine;
        _folder = folder;
        _command = command;
        _port = port;
    }

    /// <summary>A value for <c>SQL_DSN</c>.</summary>
    public string Dsn => _engine == DatabaseEngine.Postgres
        ? $"postgres://postgres:any@127.0.0.1:{_port}/newapi?sslmode=disable"
        : $"root:@tcp(127.0.0.1:{_port})/newapi?charset=utf8mb4";

    public static async Task<MortalServer> StartAsync(DatabaseEngine engine)
    {
        var folder = ServerProcess.NewFolder("mortal");
        var command = engine == DatabaseEngine.Postgres
            ? await PostgresServer.InitializeAsync(folder)
            : await MariaServer.InitializeAsync(folder);
        var port = FreePort.Find();
        string[] settings = engine == DatabaseEngine.Postgres
            ?
            [
                "-p", $"{port}", "-k", folder, "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=300",
                // Handed to the kernel at commit: enough for the death of a process.
                "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=on",
            ]
            :
            [
                $"--port={port}", "--bind-address=127.0.0.1", "--max-connections=300",
                "--innodb-flush-log-at-trx-commit=2", "--innodb-doublewrite=0",
            ];
        var server = new MortalServer(engine, folder, ["setsid", .. command, .. settings], port);
        await server.StartAsync();
        await using var connection = server.Connection(engine == DatabaseEngine.Postgres ? "postgres" : "");
        await connection.OpenAsync();
        await using var create = connection.CreateCommand();
        create.CommandText = engine == DatabaseEngine.Postgres ? "CREATE DATABASE newapi" : "CREATE DATABASE newapi CHARACTER SET utf8mb4";
        await create.ExecuteNonQueryAsync();
        return server;
    }

    /// <summary>Starts the server on what the last one left behind, and waits until it answers.</summary>
    public async Task StartAsync()
    {
        _process = ServerProcess.Start(_folder, "KILL", _command);
        await _process.WaitAsync(async () =>
        {
            await using var connection = Connection(_engine == DatabaseEngine.Postgres ? "postgres" : "");
            await connection.OpenAsync();
        });
    }

    /// <summary><c>kill -9</c>.</summary>
    public Task KillAsync() => _process.KillAsync();

    /// <summary>A closed connection to a database of this server, without pooling.</summary>
    public DbConnection Connection(string database = "newapi") => _engine == DatabaseEngine.Postgres
        ? new NpgsqlConnection($"Host=127.0.0.1;Port={_port};Username=postgres;Password=any;Database={database};Pooling=false;Timeout=5")
        : new MySqlConnection($"Server=127.0.0.1;Port={_port};User ID=root;Database={database};Pooling=false;ConnectionTimeout=5");
}
