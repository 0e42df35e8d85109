namespace NewApi.Data;

/// <summary>The engines that the gateway runs on; MariaDB counts as MySQL.</summary>
public enum DatabaseKind
{
    Sqlite,
    Postgres,
    MySql,
}
