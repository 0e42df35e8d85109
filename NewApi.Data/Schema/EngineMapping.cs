using System.Text;
using LinqToDB;
using LinqToDB.Data;
using LinqToDB.Mapping;
using NewApi.Data.Rows;

namespace NewApi.Data.Schema;

/// <summary>Where the engines store the same value differently (specification: data model §1, §9).</summary>
internal static class EngineMapping
{
    private static readonly MappingSchema Sqlite = BuildSqlite();
    private static readonly MappingSchema MySql = new("newapi-mysql");
    private static readonly MappingSchema Postgres = new("newapi-postgres");

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
        // The reference can only read JSON columns that hold bytes; older versions of it may have left text in them, and the type
        // then differs from row to row.
        schema.SetConvertExpression<string, byte[]>(text => Encoding.UTF8.GetBytes(text));
        builder.Entity<ChannelRow>().Property(row => row.ChannelInfo).HasConversion(text => ToBytes(text), bytes => ToText(bytes), true);
        builder.Entity<TaskRow>().Property(row => row.Properties).HasConversion(text => ToBytes(text), bytes => ToText(bytes), true);
        builder.Entity<TaskRow>().Property(row => row.PrivateData).HasConversion(text => ToBytes(text), bytes => ToText(bytes), true);
        builder.Entity<TaskRow>().Property(row => row.Data).HasConversion(text => ToBytes(text), bytes => ToText(bytes), true);
        builder.Entity<PrefillGroupRow>().Property(row => row.Items).HasConversion(text => ToBytes(text), bytes => ToText(bytes), true);
        builder.Build();
        // The driver writes the offset it is given; in one offset, moments sort as texts do.
        schema.SetConvertExpression<DateTimeOffset, DataParameter>(
            time => new DataParameter(null, time.ToUniversalTime(), DataType.DateTimeOffset));
        return schema;
    }

    private static byte[]? ToBytes(string? text) => text is null ? null : Encoding.UTF8.GetBytes(text);

    private static string? ToText(byte[]? bytes) => bytes is null ? null : Encoding.UTF8.GetString(bytes);
}
