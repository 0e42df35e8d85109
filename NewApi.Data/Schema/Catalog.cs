using LinqToDB.Data;

namespace NewApi.Data.Schema;

/// <summary>What a database already has. Read in two queries, because most starts find nothing to do.</summary>
internal sealed class Catalog
{
    private readonly Dictionary<string, Dictionary<string, ExistingColumn>> _tables = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, List<ExistingIndex>> _indexes = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _indexNames = new(StringComparer.OrdinalIgnoreCase);

    public bool HasTable(string table) => _tables.ContainsKey(table);

    public ExistingColumn? FindColumn(string table, string column) =>
        _tables.TryGetValue(table, out var columns) ? columns.GetValueOrDefault(column) : null;

    public IReadOnlyList<ExistingIndex> IndexesOf(string table) => _indexes.GetValueOrDefault(table) ?? [];

    /// <summary>Index names are unique per table on MySQL and per schema elsewhere; nobody is hurt by the stricter reading.</summary>
    public bool HasIndexNamed(string name) => _indexNames.Contains(name);

    public static async Task<Catalog> ReadAsync(DataConnection db, DatabaseKind kind, CancellationToken cancellationToken)
    {
        var catalog = new Catalog();
        foreach (var column in await db.QueryToListAsync<ColumnLine>(ColumnsOf(kind), cancellationToken))
        {
            if (!catalog._tables.TryGetValue(column.TableName, out var columns))
            {
                catalog._tables[column.TableName] = columns = new(StringComparer.OrdinalIgnoreCase);
            }

            columns[column.ColumnName] = new ExistingColumn(column.TypeName.ToLowerInvariant(), column.Length, column.IsRequired != 0);
        }

        var lines = await db.QueryToListAsync<IndexLine>(IndexesOf(kind), cancellationToken);
        foreach (var index in lines.GroupBy(line => (line.TableName, line.IndexName)))
        {
            if (!catalog._indexes.TryGetValue(index.Key.TableName, out var indexes))
            {
                catalog._indexes[index.Key.TableName] = indexes = [];
            }

            indexes.Add(new ExistingIndex(
                index.Key.IndexName,
                [.. index.OrderBy(line => line.Position).Select(line => line.ColumnName ?? "")],
                index.First().IsUnique != 0,
                index.First().IsPartial != 0));
            catalog._indexNames.Add(index.Key.IndexName);
        }

        return catalog;
    }

    private static string ColumnsOf(DatabaseKind kind) => kind switch
    {
        DatabaseKind.Sqlite =>
            """
            SELECT m.name AS TableName, p.name AS ColumnName, p.type AS TypeName, 0 AS Length, p."notnull" AS IsRequired
            FROM sqlite_master m JOIN pragma_table_info(m.name) p
            WHERE m.type = 'table'
            """,
        DatabaseKind.Postgres =>
            """
            SELECT table_name AS "TableName", column_name AS "ColumnName", data_type AS "TypeName",
                   COALESCE(character_maximum_length, 0)::bigint AS "Length",
                   (CASE is_nullable WHEN 'NO' THEN 1 ELSE 0 END)::bigint AS "IsRequired"
            FROM information_schema.columns
            WHERE table_schema = current_schema()
            """,
        _ =>
            """
            SELECT table_name AS TableName, column_name AS ColumnName, data_type AS TypeName,
                   CAST(COALESCE(character_maximum_length, 0) AS SIGNED) AS Length,
                   CAST(CASE is_nullable WHEN 'NO' THEN 1 ELSE 0 END AS SIGNED) AS IsRequired
            FROM information_schema.columns
            WHERE table_schema = DATABASE()
            """,
    };

    private static string IndexesOf(DatabaseKind kind) => kind switch
    {
        DatabaseKind.Sqlite =>
            """
            SELECT m.name AS TableName, l.name AS IndexName, i.name AS ColumnName, i.seqno AS Position,
                   l."unique" AS IsUnique, l.partial AS IsPartial
            FROM sqlite_master m JOIN pragma_index_list(m.name) l JOIN pragma_index_info(l.name) i
            WHERE m.type = 'table'
            """,
        DatabaseKind.Postgres =>
            """
            SELECT t.relname AS "TableName", c.relname AS "IndexName", a.attname AS "ColumnName", k.position AS "Position",
                   (CASE WHEN x.indisunique THEN 1 ELSE 0 END)::bigint AS "IsUnique",
                   (CASE WHEN x.indpred IS NULL THEN 0 ELSE 1 END)::bigint AS "IsPartial"
            FROM pg_index x
            JOIN pg_class c ON c.oid = x.indexrelid
            JOIN pg_class t ON t.oid = x.indrelid
            JOIN pg_namespace n ON n.oid = t.relnamespace
            CROSS JOIN LATERAL unnest(x.indkey::int[]) WITH ORDINALITY AS k(attnum, position)
            LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum
            WHERE n.nspname = current_schema()
            """,
        _ =>
            """
            SELECT table_name AS TableName, index_name AS IndexName, column_name AS ColumnName,
                   CAST(seq_in_index AS SIGNED) AS Position,
                   CAST(CASE non_unique WHEN 0 THEN 1 ELSE 0 END AS SIGNED) AS IsUnique, 0 AS IsPartial
            FROM information_schema.statistics
            WHERE table_schema = DATABASE()
            """,
    };

    private sealed class ColumnLine
    {
        public string TableName { get; set; } = "";

        public string ColumnName { get; set; } = "";

        public string TypeName { get; set; } = "";

        public long Length { get; set; }

        public long IsRequired { get; set; }
    }

    private sealed class IndexLine
    {
        public string TableName { get; set; } = "";

        public string IndexName { get; set; } = "";

        public string? ColumnName { get; set; }

        public long Position { get; set; }

        public long IsUnique { get; set; }

        public long IsPartial { get; set; }
    }
}

/// <summary>A column as found: the engine's name of the type, and how many characters it takes (0 when that means nothing).</summary>
internal sealed record ExistingColumn(string TypeName, long Length, bool IsRequired);

/// <summary>An index as found.</summary>
internal sealed record ExistingIndex(string Name, IReadOnlyList<string> Columns, bool IsUnique, bool IsPartial)
{
    public bool Serves(IndexShape wanted) =>
        Columns.SequenceEqual(wanted.Columns, StringComparer.OrdinalIgnoreCase)
        && (!wanted.IsUnique || IsUnique)
        && (!IsPartial || wanted.OnlyAlive);
}
