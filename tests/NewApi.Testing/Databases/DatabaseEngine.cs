namespace NewApi.Testing.Databases;

/// <summary>The engines that store tests run on. The MySQL of the tests is MariaDB.</summary>
public enum DatabaseEngine
{
    Sqlite,
    Postgres,
    MySql,
}
