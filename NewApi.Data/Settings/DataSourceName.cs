using System.Data.Common;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using MySqlConnector;
using Npgsql;

namespace NewApi.Data.Settings;

/// <summary>
/// Reads the forms of <c>SQL_DSN</c> (specification: configuration §4) and, beyond them, the keyword strings that .NET hosts inject.
/// </summary>
internal static partial class DataSourceName
{
    /// <param name="text">The text as the operator wrote it.</param>
    /// <param name="sqlite">What <c>local</c> stands for.</param>
    /// <param name="pool">Limits of the pool.</param>
    /// <param name="folder">What relative SQLite paths start from.</param>
    /// <exception cref="FormatException">The message says what is wrong without repeating the text, which may hold a password.</exception>
    public static DatabaseAddress Parse(string text, DatabaseAddress sqlite, PoolSettings pool, string? folder = null)
    {
        text = text.Trim();
        if (text.StartsWith("postgres://", StringComparison.Ordinal) || text.StartsWith("postgresql://", StringComparison.Ordinal))
        {
            return Postgres(text, pool);
        }

        if (text.StartsWith("local", StringComparison.Ordinal))
        {
            return sqlite;
        }

        if (OtherScheme().IsMatch(text))
        {
            throw new FormatException("names a kind of database that is not supported: use PostgreSQL, MySQL or SQLite");
        }

        return KeywordStart().IsMatch(text) ? Keywords(text, pool, folder) : MySql(text, pool);
    }

    // postgres://user:pass@host:5432/db?sslmode=disable
    private static DatabaseAddress Postgres(string text, PoolSettings pool)
    {
        var rest = text[(text.IndexOf("://", StringComparison.Ordinal) + 3)..];
        // A password may hold any character, even one that an URL would want escaped: parameters are what looks like them at the end,
        // and the last @ before them ends the password.
        var parameters = Parameters().Match(rest);
        var mark = parameters.Success ? parameters.Index : -1;
        var at = (mark < 0 ? rest : rest[..mark]).LastIndexOf('@');
        var query = mark < 0 ? "" : rest[(mark + 1)..];
        var head = mark < 0 ? rest : rest[..mark];
        var user = at < 0 ? "" : head[..at];
        var place = head[(at + 1)..];
        var slash = place.IndexOf('/', StringComparison.Ordinal);
        var hosts = slash < 0 ? place : place[..slash];

        var builder = new NpgsqlConnectionStringBuilder { Host = "localhost" };
        var colon = user.IndexOf(':', StringComparison.Ordinal);
        if (colon >= 0)
        {
            builder.Password = Uri.UnescapeDataString(user[(colon + 1)..]);
            user = user[..colon];
        }

        if (user.Length > 0)
        {
            builder.Username = Uri.UnescapeDataString(user);
        }

        if (slash >= 0 && slash + 1 < place.Length)
        {
            builder.Database = Uri.UnescapeDataString(place[(slash + 1)..]);
        }

        SetHosts(builder, hosts);
        foreach (var (name, value) in QueryText.Read(query))
        {
            SetPostgresParameter(builder, name, value);
        }

        return Finish(builder, pool);
    }

    private static void SetHosts(NpgsqlConnectionStringBuilder builder, string hosts)
    {
        if (hosts.Length == 0)
        {
            return;
        }

        if (hosts.Contains(','))
        {
            // host1:5432,host2:5433 is a form of the driver itself.
            builder.Host = Uri.UnescapeDataString(hosts);
            return;
        }

        var (host, port) = HostAndPort(hosts);
        if (host.Length > 0)
        {
            builder.Host = Uri.UnescapeDataString(host);
        }

        builder.Port = port ?? 5432;
    }

    private static void SetPostgresParameter(NpgsqlConnectionStringBuilder builder, string name, string value)
    {
        switch (name.ToLowerInvariant())
        {
            case "sslmode":
                builder.SslMode = value switch
                {
                    "disable" => SslMode.Disable,
                    "allow" => SslMode.Allow,
                    "prefer" => SslMode.Prefer,
                    "require" => SslMode.Require,
                    "verify-ca" => SslMode.VerifyCA,
                    "verify-full" => SslMode.VerifyFull,
                    _ => throw new FormatException(
                        "has an sslmode other than disable, allow, prefer, require, verify-ca and verify-full"),
                };
                break;
            case "timezone":
                builder.Timezone = value;
                break;
            case "search_path":
                builder.SearchPath = value;
                break;
            case "connect_timeout":
                builder.Timeout = Math.Clamp(GoDuration.Seconds(name, value), 0, 1024);
                break;
            case "application_name":
                builder.ApplicationName = value;
                break;
            case "host":
                builder.Host = value;
                break;
            case "port":
                builder.Port = PortNumber(value);
                break;
            case "user":
                builder.Username = value;
                break;
            case "password":
                builder.Password = value;
                break;
            case "dbname" or "database":
                builder.Database = value;
                break;
            case "sslrootcert":
                builder.RootCertificate = value;
                break;
            case "sslcert":
                builder.SslCertificate = value;
                break;
            case "sslkey":
                builder.SslKey = value;
                break;
            case "sslpassword":
                builder.SslPassword = value;
                break;
            case "passfile":
                builder.Passfile = value;
                break;
            case "client_encoding":
                builder.ClientEncoding = value;
                break;
            case "target_session_attrs":
                builder.TargetSessionAttributes = value;
                break;
            case "options":
                builder.Options = $"{builder.Options} {value}".Trim();
                break;
            case "default_query_exec_mode" or "statement_cache_capacity" or "description_cache_capacity" or "prefer_simple_protocol"
                or "sslsni" or "channel_binding" or "krbsrvname" or "krbspn" or "service" or "servicefile":
                // Matters of the reference's driver.
                break;
            default:
                // Any other name is a run-time parameter of the server, such as statement_timeout.
                if (!SettingName().IsMatch(name))
                {
                    throw new FormatException("has a parameter whose name is not understood");
                }

                var escaped = value.Replace(@"\", @"\\", StringComparison.Ordinal).Replace(" ", @"\ ", StringComparison.Ordinal);
                builder.Options = $"{builder.Options} -c {name}={escaped}".Trim();
                break;
        }
    }

    // user:password@tcp(host:3306)/db?charset=utf8mb4&parseTime=True&loc=Local
    private static DatabaseAddress MySql(string text, PoolSettings pool)
    {
        var match = MySqlForm().Match(text);
        if (!match.Success)
        {
            throw new FormatException(
                "must be postgres://user:password@host:port/database, user:password@tcp(host:port)/database, or local");
        }

        var builder = new MySqlConnectionStringBuilder
        {
            Server = "127.0.0.1",
            UserID = match.Groups["user"].Value,
            Password = match.Groups["password"].Value,
            Database = Uri.UnescapeDataString(match.Groups["db"].Value),
            // The reference's driver does not encrypt unless told so.
            SslMode = MySqlSslMode.None,
        };
        if (builder.Database.Length == 0)
        {
            throw new FormatException("lacks the name of the database after the slash");
        }

        var address = match.Groups["address"].Value;
        switch (match.Groups["net"].Value)
        {
            case "" or "tcp" or "tcp4" or "tcp6":
                var (host, port) = HostAndPort(address);
                builder.Server = host.Length == 0 ? "127.0.0.1" : host;
                builder.Port = (uint)(port ?? 3306);
                break;
            case "unix":
                builder.Server = address.Length == 0 ? "/tmp/mysql.sock" : address;
                builder.ConnectionProtocol = MySqlConnectionProtocol.UnixSocket;
                break;
            default:
                throw new FormatException("reaches MySQL by a way other than tcp(host:port) and unix(path)");
        }

        var commandTimeout = 0;
        foreach (var (name, value) in QueryText.Read(match.Groups["query"].Value))
        {
            switch (name)
            {
                case "tls":
                    builder.SslMode = value switch
                    {
                        "true" => MySqlSslMode.VerifyFull,
                        "skip-verify" => MySqlSslMode.Required,
                        "preferred" => MySqlSslMode.Preferred,
                        "false" or "" => MySqlSslMode.None,
                        _ => throw new FormatException("has a tls other than true, false, skip-verify and preferred"),
                    };
                    break;
                case "timeout":
                    builder.ConnectionTimeout = (uint)Math.Max(1, GoDuration.Seconds(name, value));
                    break;
                case "readTimeout" or "writeTimeout":
                    commandTimeout = Math.Max(commandTimeout, GoDuration.Seconds(name, value));
                    break;
            }
        }

        if (commandTimeout > 0)
        {
            builder.DefaultCommandTimeout = (uint)commandTimeout;
        }

        return Finish(builder, pool);
    }

    // Host=…;Username=… (PostgreSQL), Server=…;User ID=… (MySQL), Data Source=… (SQLite)
    private static DatabaseAddress Keywords(string text, PoolSettings pool, string? folder)
    {
        var keywords = new DbConnectionStringBuilder();
        try
        {
            keywords.ConnectionString = text;
            if (Has("data source", "datasource", "filename") && !Has("user id", "userid", "uid", "user", "username"))
            {
                var sqlite = new SqliteConnectionStringBuilder(text);
                var file = Path.GetFullPath(Path.Combine(folder ?? "", sqlite.DataSource));
                sqlite.DataSource = file;
                return SqlitePath.ForFile(file) with
                {
                    ConnectionString = sqlite.ConnectionString,
                    BusyTimeout = TimeSpan.FromSeconds(sqlite.DefaultTimeout),
                };
            }

            return Has("host", "username")
                ? Finish(new NpgsqlConnectionStringBuilder(text), pool)
                : Finish(new MySqlConnectionStringBuilder(text), pool);
        }
        catch (ArgumentException)
        {
            // The driver's message may repeat a value.
            throw new FormatException("has a keyword or value that the database driver does not know");
        }

        bool Has(params string[] names) => names.Any(name => keywords.ContainsKey(name));
    }

    private static DatabaseAddress Finish(NpgsqlConnectionStringBuilder builder, PoolSettings pool)
    {
        if (string.IsNullOrEmpty(builder.Database))
        {
            builder.Database = builder.Username;
        }

        if (string.IsNullOrEmpty(builder.Database))
        {
            throw new FormatException("lacks the name of the database");
        }

        builder.MaxPoolSize = Math.Max(pool.MaxOpen, builder.MinPoolSize);
        builder.ConnectionLifetime = (int)pool.Lifetime.TotalSeconds;
        // Nothing here leaves state in a session, and transaction poolers do not like DISCARD.
        builder.NoResetOnClose = true;
        return new DatabaseAddress(DatabaseKind.Postgres, builder.ConnectionString)
        {
            Label = $"PostgreSQL database {builder.Database} at {builder.Host}:{builder.Port}",
        };
    }

    private static DatabaseAddress Finish(MySqlConnectionStringBuilder builder, PoolSettings pool)
    {
        builder.MaximumPoolSize = (uint)Math.Max(pool.MaxOpen, builder.MinimumPoolSize);
        builder.ConnectionLifeTime = (uint)pool.Lifetime.TotalSeconds;
        // Passwords by sha2 without TLS need the server's key; the reference's driver asks for it too.
        builder.AllowPublicKeyRetrieval = builder.SslMode is MySqlSslMode.None or MySqlSslMode.Preferred;
        builder.ConvertZeroDateTime = true;
        builder.DateTimeKind = MySqlDateTimeKind.Utc;
        return new DatabaseAddress(DatabaseKind.MySql, builder.ConnectionString)
        {
            Label = $"MySQL database {builder.Database} at {builder.Server}:{builder.Port.ToString(CultureInfo.InvariantCulture)}",
        };
    }

    // host, host:port, [::1], [::1]:port
    private static (string Host, int? Port) HostAndPort(string text)
    {
        if (text.StartsWith('['))
        {
            var end = text.IndexOf(']', StringComparison.Ordinal);
            if (end < 0)
            {
                throw new FormatException("has an address whose bracket is not closed");
            }

            var after = text[(end + 1)..];
            return (text[1..end], after.StartsWith(':') && after.Length > 1 ? PortNumber(after[1..]) : null);
        }

        var colon = text.LastIndexOf(':');
        return colon < 0 || colon == text.Length - 1
            ? (text.TrimEnd(':'), null)
            : (text[..colon], PortNumber(text[(colon + 1)..]));
    }

    private static int PortNumber(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536
            ? port
            : throw new FormatException("has a port that is not a number between 1 and 65535");

    // The password is greedy: the last @ that leaves a well-formed address behind it ends it.
    [GeneratedRegex(
        @"^(?:(?<user>[^:@/]*)(?::(?<password>.*))?@)?(?<net>[a-z0-9]*)(?:\((?<address>[^)]*)\))?/(?<db>[^/?]*)(?:\?(?<query>.*))?$",
        RegexOptions.Singleline)]
    private static partial Regex MySqlForm();

    [GeneratedRegex(@"\?(?:[A-Za-z_.]+=[^?]*)?$")]
    private static partial Regex Parameters();

    [GeneratedRegex(@"^[A-Za-z][A-Za-z ]*=")]
    private static partial Regex KeywordStart();

    [GeneratedRegex(@"^(?:clickhouse|https?|tcp|sqlserver|mssql|oracle|mongodb|sqlite|mysql|mariadb)(?:\+\w+)?://", RegexOptions.IgnoreCase)]
    private static partial Regex OtherScheme();

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_.]*$")]
    private static partial Regex SettingName();
}
