using Npgsql;

namespace NewApi.Testing.Databases;

/// <summary>A PostgreSQL server on a free port, with user <c>postgres</c> and any password.</summary>
public sealed class PostgresServer
{
    private PostgresServer(int port) => Port = port;

    public int Port { get; }

    internal static string? Folder { get; } =
        Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql")
                .Select(version => Path.Combine(version, "bin"))
                .Where(bin => File.Exists(Path.Combine(bin, "initdb")))
                .OrderByDescending(bin => bin, StringComparer.Ordinal)
                .FirstOrDefault()
            : null;

    /// <summary>A keyword string for the driver.</summary>
    public string ConnectionString(string database) =>
        $"Host=127.0.0.1;Port={Port};Username=postgres;Password=any;Database={database};Pooling=false";

    internal static async Task<PostgresServer> StartAsync()
    {
        var folder = ServerProcess.NewFolder("postgres");
        var command = await InitializeAsync(folder);
        var port = FreePort.Find();
        var server = new PostgresServer(port);
        var process = ServerProcess.Start(folder, "QUIT",
        [
            .. command, "-p", $"{port}", "-k", folder,
            "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off",
            "-c", "max_connections=300", "-c", "deadlock_timeout=100ms",
        ]);
        await process.WaitAsync(async () =>
        {
            await using var connection = new NpgsqlConnection(server.ConnectionString("postgres"));
            await connection.OpenAsync();
        });
        return server;
    }

    /// <summary>Makes an empty cluster in a folder; returns the command that starts its server.</summary>
    internal static async Task<string[]> InitializeAsync(string folder)
    {
        var bin = Folder ?? throw new InvalidOperationException("PostgreSQL is not installed: apt-get install postgresql");
        var data = Path.Combine(folder, "data");
        string[] asUser = [];
        if (Environment.UserName == "root")
        {
            // The server refuses to run as root.
            await ServerProcess.RunAsync(["chown", "postgres", folder]);
            asUser = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"];
        }

        await ServerProcess.RunAsync(
        [
            .. asUser, Path.Combine(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync",
        ]);
        return [.. asUser, Path.Combine(bin, "postgres"), "-D", data];
    }

    internal async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString("postgres"));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
