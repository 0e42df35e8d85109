namespace NewApi.Data;

/// <summary>Where a database is and how to talk to it, in the terms of its driver.</summary>
public sealed record DatabaseAddress(DatabaseKind Kind, string ConnectionString)
{
    /// <summary>How long SQLite waits for another writer.</summary>
    public TimeSpan BusyTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>SQLite pragmas for every connection, as <c>name = value</c>.</summary>
    public IReadOnlyList<string> Pragmas { get; init; } = [];

    /// <summary>What may be shown to people: engine, host and database name; no credentials.</summary>
    public string Label { get; init; } = Kind.ToString();

    /// <summary>The file of an SQLite database, else null.</summary>
    public string? File { get; init; }

    public override string ToString() => Label;
}
