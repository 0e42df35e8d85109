using System.Data;
using System.Security.Cryptography;
using LinqToDB;
using LinqToDB.Data;
using LinqToDB.DataProvider.MySql;
using LinqToDB.DataProvider.PostgreSQL;
using LinqToDB.DataProvider.SQLite;
using Microsoft.Data.Sqlite;
using MySqlConnector;
using NewApi.Data.Schema;
using Npgsql;

namespace NewApi.Data;

/// <summary>The main database: hands out connections and runs writes.</summary>
public sealed class Database : IDisposable
{
    private const int MaxTries = 8;

    private readonly DataOptions _options;
    private readonly TimeProvider _time;

    // SQLite lets one writer in at a time. Queueing here costs nothing; queueing in the file costs polling.
    private readonly SemaphoreSlim? _oneWriter;

    public Database(DatabaseAddress address, TimeProvider time)
    {
        Address = address;
        _time = time;
        _options = address.Kind switch
        {
            DatabaseKind.Sqlite => new DataOptions()
                .UseSQLite(address.ConnectionString, SQLiteProvider.Microsoft)
                .UseInterceptor(new SqliteSession(address)),
            DatabaseKind.Postgres => new DataOptions().UsePostgreSQL(address.ConnectionString, PostgreSQLVersion.v95),
            DatabaseKind.MySql => new DataOptions()
                .UseMySql(address.ConnectionString, MySqlVersion.MySql57, MySqlProvider.MySqlConnector),
            _ => throw new ArgumentOutOfRangeException(nameof(address)),
        };
        _options = _options.UseMappingSchema(EngineMapping.For(address.Kind));
        _oneWriter = address.Kind == DatabaseKind.Sqlite ? new SemaphoreSlim(1, 1) : null;
    }

    public DatabaseKind Kind => Address.Kind;

    public DatabaseAddress Address { get; }

    /// <summary>Unix seconds by the clock of the database: the one clock that all processes share. Only inside queries.</summary>
    [Sql.Expression(ProviderName.SQLite, "CAST(strftime('%s','now') AS INTEGER)", ServerSideOnly = true)]
    [Sql.Expression(ProviderName.MySql, "CAST(UNIX_TIMESTAMP() AS SIGNED)", ServerSideOnly = true)]
    [Sql.Expression(ProviderName.PostgreSQL, "CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp())) AS BIGINT)", ServerSideOnly = true)]
    public static long UnixNow() => throw new InvalidOperationException("Only the database can tell its time.");

    /// <summary>A connection for reading, opened on first use; the caller disposes it. Writes go through <c>WriteAsync</c>.</summary>
    public DataConnection Open() => new(_options);

    /// <summary>
    /// Runs <paramref name="work"/> in one transaction and commits it. On SQLite writers queue up inside the process. After a
    /// deadlock, a serialization failure or a busy file the transaction is rolled back and <paramref name="work"/> runs again, so
    /// it must not have effects outside of the database.
    /// </summary>
    public async Task<T> WriteAsync<T>(Func<DataConnection, CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        if (_oneWriter is not null)
        {
            await _oneWriter.WaitAsync(cancellationToken);
        }

        try
        {
            for (var attempt = 1; ; attempt++)
            {
                try
                {
                    await using var db = Open();
                    // Read committed keeps MySQL from locking gaps; conditional updates need no more.
                    await using var transaction = Kind == DatabaseKind.Sqlite
                        ? await db.BeginTransactionAsync(cancellationToken)
                        : await db.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);
                    var result = await work(db, cancellationToken);
                    // A commit under way is let through: its answer decides what the caller may believe.
                    await transaction.CommitAsync(CancellationToken.None);
                    return result;
                }
                catch (Exception e) when (attempt < MaxTries && IsTransient(e))
                {
                    var pause = TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32(5, 10 << Math.Min(attempt, 6)));
                    await Task.Delay(pause, _time, cancellationToken);
                }
            }
        }
        finally
        {
            _oneWriter?.Release();
        }
    }

    /// <inheritdoc cref="WriteAsync{T}"/>
    public Task WriteAsync(Func<DataConnection, CancellationToken, Task> work, CancellationToken cancellationToken) =>
        WriteAsync(
            async (db, ct) =>
            {
                await work(db, ct);
                return true;
            },
            cancellationToken);

    public void Dispose() => _oneWriter?.Dispose();

    /// <summary>Another try may succeed: deadlock, lock wait, serialization failure, busy file.</summary>
    public static bool IsTransient(Exception exception) => exception switch
    {
        TransientConflictException => true,
        SqliteException sqlite => sqlite.SqliteErrorCode is 5 or 6,
        PostgresException postgres => postgres.SqlState is PostgresErrorCodes.SerializationFailure
            or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.LockNotAvailable,
        MySqlException mysql => mysql.ErrorCode is MySqlErrorCode.LockDeadlock or MySqlErrorCode.LockWaitTimeout,
        { InnerException: { } inner } => IsTransient(inner),
        _ => false,
    };

    /// <summary>
    /// What was to be written is at fault, and not the database: a value that does not fit, a constraint, something that cannot be turned into
    /// a row. Writing the same again fails again; writing something else need not.
    /// </summary>
    public static bool IsRefusal(Exception exception) => exception switch
    {
        SqliteException sqlite => sqlite.SqliteErrorCode is 18 or 19 or 20 or 25,
        PostgresException postgres => postgres.SqlState.StartsWith("22", StringComparison.Ordinal)
            || postgres.SqlState.StartsWith("23", StringComparison.Ordinal),
        MySqlException mysql => mysql.SqlState is ['2', '2' or '3', ..] || mysql.ErrorCode is MySqlErrorCode.TruncatedWrongValueForField,
        OverflowException or FormatException or InvalidCastException or ArgumentException => true,
        { InnerException: { } inner } => IsRefusal(inner),
        _ => false,
    };

    /// <summary>The database can be reached and answers.</summary>
    public async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var db = Open();
            await db.SelectAsync(() => UnixNow(), cancellationToken);
            return true;
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>A row with the same key is already there.</summary>
    public static bool IsDuplicate(Exception exception) => exception switch
    {
        SqliteException sqlite => sqlite.SqliteExtendedErrorCode is 1555 or 2067,
        PostgresException postgres => postgres.SqlState == PostgresErrorCodes.UniqueViolation,
        MySqlException mysql => mysql.ErrorCode is MySqlErrorCode.DuplicateKeyEntry,
        { InnerException: { } inner } => IsDuplicate(inner),
        _ => false,
    };
}
