using System.Data.Common;
using LinqToDB.Interceptors;

namespace NewApi.Data;

/// <summary>Sets what SQLite forgets between connections.</summary>
internal sealed class SqliteSession : ConnectionInterceptor
{
    private readonly string _pragmas;

    public SqliteSession(DatabaseAddress address)
    {
        // With a write-ahead log, NORMAL survives a killed process; only a power cut can undo the last commits.
        string[] ours =
        [
            $"busy_timeout = {(long)address.BusyTimeout.TotalMilliseconds}",
            "synchronous = NORMAL",
            "foreign_keys = OFF",
            "temp_store = MEMORY",
        ];
        _pragmas = string.Concat(ours.Concat(address.Pragmas).Select(p => $"PRAGMA {p};"));
    }

    public override void ConnectionOpened(ConnectionEventData eventData, DbConnection connection) => Prepare(connection);

    public override Task ConnectionOpenedAsync(
        ConnectionEventData eventData, DbConnection connection, CancellationToken cancellationToken)
    {
        Prepare(connection);
        return Task.CompletedTask;
    }

    private void Prepare(DbConnection connection)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Pragmas take no parameters; names and values are checked when the settings are read.
        command.CommandText = _pragmas;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
