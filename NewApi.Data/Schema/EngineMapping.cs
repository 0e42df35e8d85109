using System.Globalization;
using System.Text;
using LinqToDB.Mapping;
using NewApi.Data.Rows;

namespace NewApi.Data.Schema;

/// <summary>Where the engines store the same value differently (specification: data model §1, §9).</summary>
internal static class EngineMapping
{
    // What the reference writes on SQLite: 2026-11-22 22:08:52.405213379+00:00
    private const string SqliteTime = "yyyy-MM-dd HH:mm:ss.FFFFFFFzzz";

    private static readonly MappingSchema Sqlite = BuildSqlite();
    private static readonly MappingSchema MySql = BuildMySql();
    private static readonly MappingSchema Postgres = new();

    public static MappingSchema For(DatabaseKind kind) => kind switch
    {
        DatabaseKind.Sqlite => Sqlite,
        DatabaseKind.MySql => MySql,
        _ => Postgres,
    };

    private static MappingSchema BuildSqlite()
    {
        var schema = new MappingSchema("newapi-sqlite");
        var builder = new FluentMappingBuilder(schema);
        // The reference can only read JSON columns that hold bytes; it may itself have left text in them.
        builder.Entity<ChannelRow>().Property(row => row.ChannelInfo).HasConversion(text => ToBytes(text), bytes => ToText(bytes), true);
        builder.Entity<TaskRow>().Property(row => row.Properties).HasConversion(text => ToBytes(text), bytes => ToText(bytes), true);
        builder.Entity<TaskRow>().Property(row => row.PrivateData).HasConversion(text => ToBytes(text), bytes => ToText(bytes), true);
        builder.Entity<TaskRow>().Property(row => row.Data).HasConversion(text => ToBytes(text), bytes => ToText(bytes), true);
        builder.Entity<PrefillGroupRow>().Property(row => row.Items).HasConversion(text => ToBytes(text), bytes => ToText(bytes), true);
        builder.Build();
        return schema;
    }

    private static MappingSchema BuildMySql() => new("newapi-mysql");

    private static byte[]? ToBytes(string? text) => text is null ? null : Encoding.UTF8.GetBytes(text);

    private static string? ToText(byte[]? bytes) => bytes is null ? null : Encoding.UTF8.GetString(bytes);

    internal static string WriteTime(DateTimeOffset time) =>
        time.ToUniversalTime().ToString(SqliteTime, CultureInfo.InvariantCulture);
}
