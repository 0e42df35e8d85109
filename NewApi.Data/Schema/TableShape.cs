namespace NewApi.Data.Schema;

/// <summary>A table as it should be.</summary>
internal sealed record TableShape(string Name)
{
    public required IReadOnlyList<ColumnShape> Columns { get; init; }

    public IReadOnlyList<IndexShape> Indexes { get; init; } = [];

    /// <summary>On SQLite the primary key is the table itself: half the pages for a table that is only ever looked up by key.</summary>
    public bool WithoutRowId { get; init; }
}

/// <summary>An index as it should be. <see cref="Name"/> is the reference's; another index on the same columns does as well.</summary>
internal sealed record IndexShape(string Name, IReadOnlyList<string> Columns)
{
    public bool IsUnique { get; init; }

    /// <summary>Made as a constraint where engines tell the two apart.</summary>
    public bool IsConstraint { get; init; }

    /// <summary>Covers live rows only, where the engine has partial indexes.</summary>
    public bool OnlyAlive { get; init; }

    public static IndexShape Index(string name, params string[] columns) => new(name, columns);

    public static IndexShape Unique(string name, params string[] columns) => new(name, columns) { IsUnique = true };

    public static IndexShape UniqueConstraint(string name, params string[] columns) =>
        new(name, columns) { IsUnique = true, IsConstraint = true };

    public static IndexShape UniqueWhileAlive(string name, params string[] columns) =>
        new(name, columns) { IsUnique = true, OnlyAlive = true };
}
