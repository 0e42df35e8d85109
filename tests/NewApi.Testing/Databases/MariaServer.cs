using MySqlConnector;

namespace NewApi.Testing.Databases;

/// <summary>A MariaDB server on a free port, with user <c>root</c> without a password.</summary>
public sealed class MariaServer
{
    private MariaServer(int port) => Port = port;

    public int Port { get; }

    internal static string? Program { get; } = ServerProcess.Find("mariadbd", "mysqld");

    /// <summary>A keyword string for the driver.</summary>
    public string ConnectionString(string database) =>
        $"Server=127.0.0.1;Port={Port};User ID=root;Database={database};Pooling=false;AllowUserVariables=true";

    internal static async Task<MariaServer> StartAsync()
    {
        var folder = ServerProcess.NewFolder("mariadb");
        var command = await InitializeAsync(folder);
        var port = FreePort.Find();
        var server = new MariaServer(port);
        var process = ServerProcess.Start(folder, "KILL",
        [
            .. command, $"--port={port}", "--bind-address=127.0.0.1",
            "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--max-connections=300",
            // Nothing here has to survive anything: one file for all tables, and no waiting for the disk.
            "--loose-innodb-file-per-table=0", "--loose-innodb-flush-method=nosync", "--loose-sync-frm=0",
        ]);
        await process.WaitAsync(async () =>
        {
            await using var connection = new MySqlConnection(server.ConnectionString(""));
            await connection.OpenAsync();
        });
        return server;
    }

    /// <summary>Makes an empty server in a folder; returns the command that starts it.</summary>
    internal static async Task<string[]> InitializeAsync(string folder)
    {
        var program = Program ?? throw new InvalidOperationException("MariaDB is not installed: apt-get install mariadb-server");
        var install = ServerProcess.Find("mariadb-install-db", "mysql_install_db")
            ?? throw new InvalidOperationException("mariadb-install-db is not installed");
        var data = Path.Combine(folder, "data");
        await ServerProcess.RunAsync(
        [
            install, "--no-defaults", $"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db",
            $"--user={Environment.UserName}",
        ]);
        return
        [
            program, "--no-defaults", $"--datadir={data}", $"--socket={folder}/mysql.sock", $"--pid-file={folder}/mysql.pid",
            $"--user={Environment.UserName}", "--character-set-server=utf8mb4",
        ];
    }

    internal async Task ExecuteAsync(string sql)
    {
        await using var connection = new MySqlConnection(ConnectionString(""));
        await connection.OpenAsync();
        await using var command = new MySqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
