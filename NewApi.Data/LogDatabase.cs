using LinqToDB.Data;

namespace NewApi.Data;

/// <summary>The database that holds table <c>logs</c>: the main one, unless <c>LOG_SQL_DSN</c> names another.</summary>
public sealed class LogDatabase(Database database, bool separate)
{
    /// <summary>The database behind; the same object as the main one when <see cref="IsSeparate"/> is false.</summary>
    public Database Database { get; } = database;

    /// <summary>True when log rows cannot share a transaction with balances.</summary>
    public bool IsSeparate { get; } = separate;

    public DatabaseKind Kind => Database.Kind;

    /// <inheritdoc cref="Database.Open"/>
    public DataConnection Open() => Database.Open();

    /// <inheritdoc cref="Database.WriteAsync{T}"/>
    public Task<T> WriteAsync<T>(Func<DataConnection, CancellationToken, Task<T>> work, CancellationToken cancellationToken) =>
        Database.WriteAsync(work, cancellationToken);

    /// <inheritdoc cref="Database.WriteAsync{T}"/>
    public Task WriteAsync(Func<DataConnection, CancellationToken, Task> work, CancellationToken cancellationToken) =>
        Database.WriteAsync(work, cancellationToken);
}
