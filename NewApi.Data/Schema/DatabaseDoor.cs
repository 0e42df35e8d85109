using System.Net.Sockets;
using LinqToDB.Data;
using Microsoft.Extensions.Logging;
using MySqlConnector;
using Npgsql;

namespace NewApi.Data.Schema;

/// <summary>The first connection: waits for a server that is still starting, and creates a database that does not exist.</summary>
internal sealed class DatabaseDoor(Database database, TimeProvider time, ILogger logger)
{
    // A compose file starts us before its database answers; longer than this, the container's restart policy does the waiting.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    public async Task OpenAsync(bool mayCreate, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        while (true)
        {
            try
            {
                await TryAsync(mayCreate, cancellationToken);
                return;
            }
            catch (Exception e) when (IsStarting(e) && time.GetElapsedTime(start) < Patience)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(500), time, cancellationToken);
            }
        }
    }

    private async Task TryAsync(bool mayCreate, CancellationToken cancellationToken)
    {
        if (database.Kind == DatabaseKind.Sqlite)
        {
            await OpenFileAsync(mayCreate, cancellationToken);
            return;
        }

        try
        {
            await PingAsync(cancellationToken);
        }
        catch (Exception e) when (mayCreate && IsMissing(e))
        {
            await CreateAsync(e, cancellationToken);
            await PingAsync(cancellationToken);
        }
    }

    private async Task PingAsync(CancellationToken cancellationToken)
    {
        await using var db = database.Open();
        await db.ExecuteAsync<int>("SELECT 1", cancellationToken);
    }

    private async Task OpenFileAsync(bool mayCreate, CancellationToken cancellationToken)
    {
        var file = database.Address.File;
        if (!mayCreate && file is not null && !File.Exists(file))
        {
            throw new DatabaseUnavailableException(
                $"{database.Address.Label} does not exist, and NODE_TYPE=slave does not create it");
        }

        if (file is not null && Path.GetDirectoryName(file) is { Length: > 0 } folder)
        {
            Directory.CreateDirectory(folder);
        }

        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var db = database.Open();
                // Readers and the writer do not wait for each other. The mode is a property of the file, so this is mostly a look.
                await db.ExecuteAsync<string>("PRAGMA journal_mode = WAL", cancellationToken);
                return;
            }
            catch (Exception e) when (Database.IsTransient(e) && attempt < 50)
            {
                // Changing the mode needs the file alone, and SQLite does not wait for that by itself.
                await Task.Delay(TimeSpan.FromMilliseconds(100), time, cancellationToken);
            }
        }
    }

    private async Task CreateAsync(Exception reason, CancellationToken cancellationToken)
    {
        string name;
        try
        {
            if (database.Kind == DatabaseKind.Postgres)
            {
                var address = new NpgsqlConnectionStringBuilder(database.Address.ConnectionString);
                name = address.Database!;
                // Every server has this one; it is where createdb goes too.
                address.Database = "postgres";
                address.Pooling = false;
                await using var connection = new NpgsqlConnection(address.ConnectionString);
                await connection.OpenAsync(cancellationToken);
                await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Names of databases cannot be parameters; this one is quoted.
                command.CommandText = $"CREATE DATABASE \"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
#pragma warning restore CA2100
                await command.ExecuteNonQueryAsync(cancellationToken);
            }
            else
            {
                var address = new MySqlConnectionStringBuilder(database.Address.ConnectionString);
                name = address.Database;
                address.Database = "";
                address.Pooling = false;
                await using var connection = new MySqlConnection(address.ConnectionString);
                await connection.OpenAsync(cancellationToken);
                await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Names of databases cannot be parameters; this one is quoted.
                command.CommandText =
                    $"CREATE DATABASE IF NOT EXISTS `{name.Replace("`", "``", StringComparison.Ordinal)}` CHARACTER SET utf8mb4";
#pragma warning restore CA2100
                await command.ExecuteNonQueryAsync(cancellationToken);
            }

            logger.DatabaseCreated(name);
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.DuplicateDatabase or PostgresErrorCodes.UniqueViolation)
        {
            // Another process was faster.
        }
        catch (Exception e) when (e is PostgresException or MySqlException)
        {
            throw new DatabaseUnavailableException(
                $"{database.Address.Label} does not exist and cannot be created with this account ({e.Message}): create it by hand",
                reason);
        }
    }

    private static bool IsMissing(Exception exception) => exception switch
    {
        PostgresException postgres => postgres.SqlState == PostgresErrorCodes.InvalidCatalogName,
        MySqlException mysql => mysql.ErrorCode == MySqlErrorCode.UnknownDatabase,
        { InnerException: { } inner } => IsMissing(inner),
        _ => false,
    };

    private static bool IsStarting(Exception exception) => exception switch
    {
        PostgresException postgres => postgres.SqlState == PostgresErrorCodes.CannotConnectNow,
        SocketException socket => socket.SocketErrorCode is SocketError.ConnectionRefused or SocketError.HostNotFound
            or SocketError.TryAgain or SocketError.AddressNotAvailable,
        { InnerException: { } inner } => IsStarting(inner),
        _ => false,
    };
}
