namespace NewApi.Data.Schema;

/// <summary>A column as it should be, with its type on each engine (specification: data model §1).</summary>
internal sealed record ColumnShape(string Name, string Sqlite, string MySql, string Postgres)
{
    /// <summary>A string, long or bool; null is no default.</summary>
    public object? Default { get; init; }

    public bool IsRequired { get; init; }

    public bool IsKey { get; init; }

    /// <summary>The surrogate key that the engine numbers.</summary>
    public bool IsIdentity { get; init; }

    /// <summary>MySQL knows no defaults for large text.</summary>
    public bool IsLargeText { get; init; }

    /// <summary>A whole number: a narrower type of an older database is widened.</summary>
    public bool IsNumber { get; init; }

    /// <summary>Longest text that fits; null when this is no text, <see cref="int.MaxValue"/> when there is no limit.</summary>
    public int? Length { get; init; }

    public ColumnShape Required() => this with { IsRequired = true };

    public ColumnShape Key() => this with { IsKey = true, IsRequired = true };

    public string TypeOn(DatabaseKind kind) => kind switch
    {
        DatabaseKind.Sqlite => Sqlite,
        DatabaseKind.MySql => MySql,
        _ => Postgres,
    };

    public static ColumnShape Id() =>
        new("id", "integer", "bigint", "bigint") { IsIdentity = true, IsKey = true, IsRequired = true, IsNumber = true };

    public static ColumnShape Number(string name, long? standard = null) =>
        new(name, "integer", "bigint", "bigint") { Default = standard, IsNumber = true };

    public static ColumnShape Flag(string name, bool? standard = null) =>
        new(name, "numeric", "boolean", "boolean") { Default = standard };

    public static ColumnShape Real(string name) => new(name, "real", "double", "decimal");

    public static ColumnShape Amount(string name, long? standard = null) =>
        new(name, "decimal(10,6)", "decimal(10,6)", "decimal(10,6)") { Default = standard };

    /// <summary>Text of any length.</summary>
    public static ColumnShape Text(string name) =>
        new(name, "text", "longtext", "text") { IsLargeText = true, Length = int.MaxValue };

    /// <summary>Text that the reference declared as such: up to 64 KB on MySQL.</summary>
    public static ColumnShape ShortText(string name, string? standard = null) =>
        new(name, "text", "text", "text") { Default = standard, IsLargeText = true, Length = int.MaxValue };

    /// <summary>Text with an index or a default: 191 characters on MySQL, so that old row formats can index it.</summary>
    public static ColumnShape Word(string name, string? standard = null) =>
        new(name, "text", "varchar(191)", "text") { Default = standard, Length = 191 };

    public static ColumnShape Varchar(string name, int length, string? standard = null) =>
        new(name, $"varchar({length})", $"varchar({length})", $"varchar({length})") { Default = standard, Length = length };

    /// <summary>Text with a size that SQLite does not state.</summary>
    public static ColumnShape Sized(string name, int length, string? standard = null) =>
        new(name, "text", $"varchar({length})", $"varchar({length})") { Default = standard, Length = length };

    /// <summary>A name that must be told apart by every bit, also on MySQL.</summary>
    public static ColumnShape Exact(string name, int length) =>
        new(name, $"varchar({length})", $"varchar({length}) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", $"varchar({length})")
        {
            Length = length,
        };

    public static ColumnShape Char(string name, int length) =>
        new(name, $"char({length})", $"char({length})", $"char({length})") { Length = length };

    public static ColumnShape Time(string name) => new(name, "datetime", "datetime(3)", "timestamptz");

    public static ColumnShape Json(string name) => new(name, "JSON", "json", "json");
}
