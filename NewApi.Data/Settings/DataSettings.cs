using NewApi.ServiceDefaults;
using StackExchange.Redis;

namespace NewApi.Data.Settings;

/// <summary>What this module reads from its environment (specification: configuration §3.3–§6).</summary>
public sealed record DataSettings
{
    public required DatabaseAddress Main { get; init; }

    /// <summary>Where table <c>logs</c> lives; null when it lives in the main database.</summary>
    public DatabaseAddress? Log { get; init; }

    /// <summary>Null: no Redis.</summary>
    public ConfigurationOptions? Redis { get; init; }

    /// <summary>How often a process looks for changes that others made.</summary>
    public TimeSpan SyncFrequency { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>A slave leaves migrations to the master.</summary>
    public bool IsSlave { get; init; }

    /// <summary>Reads all variables of this module; what is wrong becomes a mistake of <paramref name="settings"/>.</summary>
    /// <param name="settings">Where values come from and mistakes go to.</param>
    /// <param name="folder">What relative paths start from; null is the working directory.</param>
    public static DataSettings Read(SettingsReader settings, string? folder = null)
    {
        var pool = new PoolSettings
        {
            MaxOpen = settings.Int("SQL_MAX_OPEN_CONNS", PoolSettings.DefaultMaxOpen, 1, 100_000),
            Lifetime = settings.Seconds("SQL_MAX_LIFETIME", 60, 0, 86_400),
        };
        // Checked for the operator's sake; our drivers close what is idle by age, not by number.
        settings.Int("SQL_MAX_IDLE_CONNS", 100, 0, 100_000);

        var sqlite = ReadSqlitePath(settings, folder);
        var main = ReadAddress(settings, "ConnectionStrings:newapi", sqlite, pool, folder)
            ?? ReadAddress(settings, "SQL_DSN", sqlite, pool, folder)
            ?? sqlite;
        var log = ReadAddress(settings, "LOG_SQL_DSN", sqlite, pool, folder);

        return new DataSettings
        {
            Main = main,
            Log = log is null || log.ConnectionString == main.ConnectionString ? null : log,
            Redis = ReadRedis(settings),
            SyncFrequency = settings.Seconds("SYNC_FREQUENCY", 60, 1, 86_400),
            IsSlave = settings.Text("NODE_TYPE") == "slave",
        };
    }

    private static DatabaseAddress? ReadAddress(
        SettingsReader settings, string variable, DatabaseAddress sqlite, PoolSettings pool, string? folder)
    {
        if (settings.Text(variable) is not { } text)
        {
            return null;
        }

        try
        {
            return DataSourceName.Parse(text, sqlite, pool, folder);
        }
        catch (FormatException e)
        {
            settings.Mistake(variable, e.Message);
            return sqlite;
        }
    }

    private static DatabaseAddress ReadSqlitePath(SettingsReader settings, string? folder)
    {
        try
        {
            if (settings.Text("SQLITE_PATH") is { } path)
            {
                return SqlitePath.Parse(path, folder);
            }
        }
        catch (FormatException e)
        {
            settings.Mistake("SQLITE_PATH", e.Message);
        }

        // An existing volume of the reference holds a file of this name.
        var inherited = Path.Combine(folder ?? "", "one-api.db");
        return SqlitePath.Parse(File.Exists(inherited) ? "one-api.db" : "data/newapi.db", folder);
    }

    private static ConfigurationOptions? ReadRedis(SettingsReader settings)
    {
        foreach (var variable in (string[])["ConnectionStrings:redis", "REDIS_CONN_STRING"])
        {
            if (settings.Text(variable) is { } text)
            {
                try
                {
                    return RedisAddress.Parse(text);
                }
                catch (FormatException e)
                {
                    settings.Mistake(variable, e.Message);
                    return null;
                }
            }
        }

        return null;
    }
}
