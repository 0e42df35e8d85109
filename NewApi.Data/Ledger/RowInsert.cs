using System.Data.Common;
using System.Text;
using LinqToDB.Data;
using Microsoft.Data.Sqlite;
using MySqlConnector;
using Npgsql;
using NpgsqlTypes;
using SQLitePCL;

namespace NewApi.Data.Ledger;

/// <summary>Takes the values of one row, in the order of the columns.</summary>
internal interface IRowValues
{
    void Number(long value);

    void Text(string value);

    void Flag(bool value);
}

/// <summary>
/// Inserts many rows into one table in the transaction of the caller, the fastest way that each engine has: binary COPY on Postgres, rows
/// by the hundred in one statement on MySQL, one prepared statement on SQLite. A mapper in between costs as much as the database does.
/// </summary>
/// <param name="table">The table.</param>
/// <param name="columns">Its columns.</param>
/// <param name="write">Gives the values of a row, as many as there are columns.</param>
internal sealed class RowInsert<T>(string table, string[] columns, Action<T, IRowValues> write)
{
    private const int RowsPerStatement = 128;

    private readonly string _sqlite =
        $"INSERT INTO {table} ({string.Join(", ", columns.Select(column => $"\"{column}\""))}) VALUES ({string.Join(", ", columns.Select(_ => "?"))})";

    private readonly string _postgres =
        $"COPY {table} ({string.Join(", ", columns.Select(column => $"\"{column}\""))}) FROM STDIN (FORMAT BINARY)";

    private readonly string _mySql =
        $"INSERT INTO {table} ({string.Join(", ", columns.Select(column => $"`{column}`"))}) VALUES ";

    public Task InsertAsync(DataConnection db, IReadOnlyList<T> rows, CancellationToken cancel)
    {
        if (rows.Count == 0)
        {
            return Task.CompletedTask;
        }
        switch (db.OpenDbConnection())
        {
            case NpgsqlConnection postgres:
                return CopyAsync(postgres, rows, cancel);
            case MySqlConnection mySql:
                return InsertManyAsync(mySql, (MySqlTransaction?)db.Transaction, rows, cancel);
            case SqliteConnection sqlite:
                InsertPrepared(sqlite.Handle!, rows);
                return Task.CompletedTask;
            case var other:
                throw new NotSupportedException(other.GetType().Name);
        }
    }

    private async Task CopyAsync(NpgsqlConnection connection, IReadOnlyList<T> rows, CancellationToken cancel)
    {
        await using var import = await connection.BeginBinaryImportAsync(_postgres, cancel);
        var values = new PostgresValues(import);
        for (var i = 0; i < rows.Count; i++)
        {
            await import.StartRowAsync(cancel);
            write(rows[i], values);
        }
        await import.CompleteAsync(cancel);
    }

    private async Task InsertManyAsync(MySqlConnection connection, MySqlTransaction? transaction, IReadOnlyList<T> rows, CancellationToken cancel)
    {
        await using var command = connection.CreateCommand();
        command.Transaction = transaction;
        var values = new MySqlValues(command.Parameters);
        for (var first = 0; first < rows.Count; first += RowsPerStatement)
        {
            var count = Math.Min(RowsPerStatement, rows.Count - first);
            command.Parameters.Clear();
            for (var i = 0; i < count; i++)
            {
                write(rows[first + i], values);
            }
            command.CommandText = MySqlStatement(count);
            await command.ExecuteNonQueryAsync(cancel);
        }
    }

    private string MySqlStatement(int rows)
    {
        var text = new StringBuilder(_mySql);
        var row = $"({string.Join(",", columns.Select(_ => "?"))})";
        for (var i = 0; i < rows; i++)
        {
            text.Append(i == 0 ? "" : ",").Append(row);
        }
        return text.ToString();
    }

    // Below the ADO.NET layer: boxing and binding twenty parameters there costs as much again as the insert.
    private void InsertPrepared(sqlite3 connection, IReadOnlyList<T> rows)
    {
        SqliteException.ThrowExceptionForRC(raw.sqlite3_prepare_v2(connection, _sqlite, out var statement), connection);
        using (statement)
        {
            var values = new SqliteValues(statement);
            for (var i = 0; i < rows.Count; i++)
            {
                values.Begin();
                write(rows[i], values);
                var result = raw.sqlite3_step(statement);
                if (result != raw.SQLITE_DONE)
                {
                    SqliteException.ThrowExceptionForRC(result, connection);
                }
                raw.sqlite3_reset(statement);
            }
        }
    }

    private sealed class PostgresValues(NpgsqlBinaryImporter import) : IRowValues
    {
        public void Number(long value) => import.Write(value, NpgsqlDbType.Bigint);

        public void Text(string value) => import.Write(value, NpgsqlDbType.Text);

        public void Flag(bool value) => import.Write(value, NpgsqlDbType.Boolean);
    }

    private sealed class MySqlValues(MySqlParameterCollection parameters) : IRowValues
    {
        public void Number(long value) => parameters.Add(new MySqlParameter { Value = value });

        public void Text(string value) => parameters.Add(new MySqlParameter { Value = value });

        public void Flag(bool value) => parameters.Add(new MySqlParameter { Value = value });
    }

    private sealed class SqliteValues(sqlite3_stmt statement) : IRowValues
    {
        private byte[] _utf8 = new byte[2048];
        private int _index;

        public void Begin() => _index = 0;

        public void Number(long value) => raw.sqlite3_bind_int64(statement, ++_index, value);

        public void Flag(bool value) => raw.sqlite3_bind_int(statement, ++_index, value ? 1 : 0);

        public void Text(string value)
        {
            var most = Encoding.UTF8.GetMaxByteCount(value.Length);
            if (_utf8.Length < most)
            {
                _utf8 = new byte[most];
            }
            var length = Encoding.UTF8.GetBytes(value, _utf8);
            raw.sqlite3_bind_text(statement, ++_index, _utf8.AsSpan(0, length));
        }
    }
}
