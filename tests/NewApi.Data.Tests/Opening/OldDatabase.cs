using System.Data.Common;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using NewApi.Testing.Databases;

namespace NewApi.Data.Tests.Opening;

/// <summary>A database as an old version of the reference left it, and ways to look at it without the product.</summary>
internal static partial class OldDatabase
{
    /// <summary>Tables of the fixture.</summary>
    public static readonly string[] Tables =
    [
        "users", "tokens", "channels", "abilities", "options", "logs", "redemptions", "top_ups", "quota_data", "midjourneys", "tasks",
        "setups", "casbin_rules",
    ];

    public static async Task<TestDatabase> CreateAsync(DatabaseEngine engine)
    {
        var database = await TestDatabase.CreateAsync(engine);
        var name = engine.ToString().ToLowerInvariant();
        await database.ExecuteAsync(await File.ReadAllTextAsync(Fixture($"old-{name}.sql")));

        var rows = await File.ReadAllTextAsync(Fixture("old-rows.sql"));
        rows = rows.Replace(
            "{deleted}",
            engine switch
            {
                DatabaseEngine.Sqlite => "'2025-02-20 10:11:12.405213379+00:00'",
                DatabaseEngine.MySql => "'2025-02-20 10:11:12.405'",
                _ => "'2025-02-20 10:11:12.405213+00'",
            },
            StringComparison.Ordinal);
        rows = JsonMark().Replace(rows, engine == DatabaseEngine.Sqlite ? "CAST('$1' AS BLOB)" : "'$1'");
        if (engine == DatabaseEngine.MySql)
        {
            rows = "SET SESSION sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES');\n" + rows;
        }

        await database.ExecuteAsync(rows);
        if (engine == DatabaseEngine.Postgres)
        {
            foreach (var table in Tables.Except(["abilities", "options"]))
            {
                await database.ExecuteAsync(
                    $"SELECT setval('{table}_id_seq', GREATEST((SELECT MAX(id) FROM {table}), 1))");
            }
        }

        return database;
    }

    /// <summary>Columns of a table, in order.</summary>
    public static async Task<IReadOnlyList<string>> ColumnsAsync(TestDatabase database, string table)
    {
        await using var connection = await database.ConnectAsync();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Names of the fixture.
        command.CommandText = $"SELECT * FROM {table} WHERE 1 = 0";
#pragma warning restore CA2100
        await using var reader = await command.ExecuteReaderAsync();
        return [.. reader.GetColumnSchema().Select(column => column.ColumnName)];
    }

    /// <summary>All rows of a table in the given columns, one line each, sorted.</summary>
    public static async Task<IReadOnlyList<string>> RowsAsync(TestDatabase database, string table, IReadOnlyList<string> columns)
    {
        var (open, close) = database.Engine == DatabaseEngine.MySql ? ('`', '`') : ('"', '"');
        var list = string.Join(", ", columns.Select(column => $"{open}{column}{close}"));
        await using var connection = await database.ConnectAsync();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Names of the fixture.
        command.CommandText = $"SELECT {list} FROM {table}";
#pragma warning restore CA2100
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            rows.Add(string.Join(" | ", columns.Select((column, i) => $"{column}={Show(reader, i)}")));
        }

        rows.Sort(StringComparer.Ordinal);
        return rows;
    }

    /// <summary>Everything: names of all tables, columns and indexes, and all rows.</summary>
    public static async Task<string> PictureAsync(TestDatabase database)
    {
        var picture = new StringBuilder();
        var tables = database.Engine switch
        {
            DatabaseEngine.Sqlite => "SELECT type || ' ' || name || ' ' || COALESCE(sql, '') FROM sqlite_master ORDER BY 1",
            DatabaseEngine.Postgres =>
                "SELECT 'index ' || indexname || ' ' || indexdef FROM pg_indexes WHERE schemaname = 'public' "
                + "UNION ALL SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || COALESCE(column_default, '') "
                + "FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1",
            _ =>
                "SELECT CONCAT('index ', table_name, ' ', index_name, ' ', column_name) FROM information_schema.statistics "
                + "WHERE table_schema = DATABASE() UNION ALL SELECT CONCAT('column ', table_name, '.', column_name, ' ', column_type, ' ', "
                + "COALESCE(column_default, '')) FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY 1",
        };
        await using (var connection = await database.ConnectAsync())
        {
            await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Texts of this file.
            command.CommandText = tables;
#pragma warning restore CA2100
            await using var reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                picture.AppendLine(reader.GetString(0));
            }
        }

        foreach (var table in (string[])[.. Tables, "newapi_ledger", "newapi_meta", "newapi_leases", "newapi_escrows", "models"])
        {
            picture.AppendLine(table);
            foreach (var row in await RowsAsync(database, table, await ColumnsAsync(database, table)))
            {
                picture.AppendLine(row);
            }
        }

        return picture.ToString();
    }

    private static string Fixture(string name) => Path.Combine(AppContext.BaseDirectory, "Fixtures", name);

    private static string Show(DbDataReader reader, int column) => reader.GetValue(column) switch
    {
        DBNull => "∅",
        // A fixed width is padded on Postgres until it is widened.
        string text => text.TrimEnd(' '),
        byte[] bytes => $"bytes:{Encoding.UTF8.GetString(bytes)}",
        bool flag => flag ? "1" : "0",
        DateTime time => time.ToString("O", CultureInfo.InvariantCulture),
        var value => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    [GeneratedRegex(@"\{json (.*?[}\]])\}")]
    private static partial Regex JsonMark();
}
