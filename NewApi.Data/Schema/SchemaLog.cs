using Microsoft.Extensions.Logging;

namespace NewApi.Data.Schema;

internal static partial class SchemaLog
{
    [LoggerMessage(LogLevel.Information, "Database is {Database}")]
    public static partial void DatabaseIs(this ILogger logger, string database);

    [LoggerMessage(LogLevel.Information, "Database lacks {Count} tables, columns or indexes; adding them")]
    public static partial void SchemaIncomplete(this ILogger logger, int count);

    [LoggerMessage(LogLevel.Warning, "Database keeps going without {What}: {Reason}")]
    public static partial void StepSkipped(this ILogger logger, string what, string reason);

    [LoggerMessage(LogLevel.Information, "Database is complete")]
    public static partial void SchemaComplete(this ILogger logger);

    [LoggerMessage(LogLevel.Information, "Created database {Name}")]
    public static partial void DatabaseCreated(this ILogger logger, string name);
}
