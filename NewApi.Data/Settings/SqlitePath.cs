using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;

namespace NewApi.Data.Settings;

/// <summary>The form of <c>SQLITE_PATH</c>: a file, then driver parameters, as in <c>one-api.db?_busy_timeout=30000</c>.</summary>
internal static partial class SqlitePath
{
    /// <exception cref="FormatException">The message says what is wrong, to follow the variable's name.</exception>
    public static DatabaseAddress Parse(string text, string? folder)
    {
        var (path, query) = Split(text);
        if (path.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
        {
            path = path["file:".Length..];
        }

        if (path.Length == 0 || path == ":memory:")
        {
            throw new FormatException("must name a file");
        }

        var busy = TimeSpan.FromSeconds(30);
        var pragmas = new List<string>();
        foreach (var (name, value) in QueryText.Read(query))
        {
            switch (name)
            {
                case "_busy_timeout" or "_timeout":
                    busy = Milliseconds(value);
                    break;
                case "_pragma":
                    var pragma = PragmaPattern().Match(value);
                    if (!pragma.Success)
                    {
                        throw new FormatException("has a _pragma that is not of the form name(value)");
                    }

                    var (key, setting) = (pragma.Groups[1].Value, pragma.Groups[2].Value);
                    if (key.Equals("busy_timeout", StringComparison.OrdinalIgnoreCase))
                    {
                        busy = Milliseconds(setting);
                    }
                    else
                    {
                        pragmas.Add($"{key} = {setting}");
                    }

                    break;
            }
        }

        return ForFile(Path.GetFullPath(Path.Combine(folder ?? "", path))) with { BusyTimeout = busy, Pragmas = pragmas };
    }

    /// <summary>The address of a database file.</summary>
    public static DatabaseAddress ForFile(string file) => new(
        DatabaseKind.Sqlite,
        new SqliteConnectionStringBuilder { DataSource = file, DefaultTimeout = 30 }.ConnectionString)
    {
        File = file,
        Label = $"SQLite file {file}",
    };

    private static (string Path, string Query) Split(string text)
    {
        var mark = text.IndexOf('?', StringComparison.Ordinal);
        return mark < 0 ? (text, "") : (text[..mark], text[(mark + 1)..]);
    }

    private static TimeSpan Milliseconds(string text) =>
        int.TryParse(text, out var value) && value >= 0
            ? TimeSpan.FromMilliseconds(value)
            : throw new FormatException("has a busy timeout that is not a number of milliseconds");

    // journal_mode(WAL), cache_size(-20000); nothing that could end the statement.
    [GeneratedRegex(@"^\s*([A-Za-z_]+)\s*[(=]\s*([A-Za-z0-9_.-]+)\s*\)?\s*$")]
    private static partial Regex PragmaPattern();
}
