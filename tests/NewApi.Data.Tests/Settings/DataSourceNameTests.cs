using Microsoft.Data.Sqlite;
using MySqlConnector;
using NewApi.Data.Settings;
using Npgsql;

namespace NewApi.Data.Tests.Settings;

public sealed class DataSourceNameTests
{
    [Theory]
    [InlineData("postgres://root:pw@db:5433/gateway?sslmode=disable", "db", 5433, "root", "pw", "gateway", SslMode.Disable)]
    [InlineData("postgresql://root:pw@db/new-api", "db", 5432, "root", "pw", "new-api", SslMode.Prefer)]
    [InlineData("postgres://us%65r:p%40ss%2Fw@db/x", "db", 5432, "user", "p@ss/w", "x", SslMode.Prefer)]
    [InlineData("postgres://root:p@ss:w/or#d@db:5432/x?sslmode=require", "db", 5432, "root", "p@ss:w/or#d", "x", SslMode.Require)]
    [InlineData("postgres://root:wh@t?ever@db/x?sslmode=verify-full", "db", 5432, "root", "wh@t?ever", "x", SslMode.VerifyFull)]
    [InlineData("postgres://root:why?@db/x", "db", 5432, "root", "why?", "x", SslMode.Prefer)]
    [InlineData("postgres://root@[::1]:6000/x", "::1", 6000, "root", null, "x", SslMode.Prefer)]
    [InlineData("postgres:///x?host=/run/postgresql&user=me&port=5440", "/run/postgresql", 5440, "me", null, "x", SslMode.Prefer)]
    [InlineData("postgres://root:pw@db", "db", 5432, "root", "pw", "root", SslMode.Prefer)]
    public void Postgres_url_is_read(string text, string host, int port, string user, string? password, string database, SslMode ssl)
    {
        var address = Parse(text);

        var found = new NpgsqlConnectionStringBuilder(address.ConnectionString);
        Assert.Equal(DatabaseKind.Postgres, address.Kind);
        Assert.Equal((host, port, user, password, database, ssl), (found.Host, found.Port, found.Username, found.Password, found.Database, found.SslMode));
    }

    [Fact]
    public void Postgres_parameters_reach_the_driver_or_the_server()
    {
        var found = new NpgsqlConnectionStringBuilder(Parse(
            "postgres://a:b@db/x?TimeZone=Asia%2FShanghai&search_path=gw&connect_timeout=7&application_name=gate&statement_timeout=9000")
            .ConnectionString);

        Assert.Equal(("Asia/Shanghai", "gw", 7, "gate", "-c statement_timeout=9000"), (found.Timezone, found.SearchPath, found.Timeout, found.ApplicationName, found.Options));
    }

    [Theory]
    [InlineData("root:123456@tcp(mysql:3307)/new-api", "mysql", 3307u, "root", "123456", "new-api")]
    [InlineData("root:123456@tcp(mysql)/new-api?charset=utf8mb4&parseTime=True&loc=Local", "mysql", 3306u, "root", "123456", "new-api")]
    [InlineData("root:p@ss:w/o(r)d?@tcp(10.0.0.1:3306)/db?loc=Asia%2FShanghai", "10.0.0.1", 3306u, "root", "p@ss:w/o(r)d?", "db")]
    [InlineData("root:p@tcp(x)/y@tcp(real:3306)/db", "real", 3306u, "root", "p@tcp(x)/y", "db")]
    [InlineData("root@tcp([fe80::1]:3306)/db", "fe80::1", 3306u, "root", "", "db")]
    [InlineData("root:@/db", "127.0.0.1", 3306u, "root", "", "db")]
    [InlineData("/db", "127.0.0.1", 3306u, "", "", "db")]
    public void MySql_form_of_the_reference_is_read(string text, string server, uint port, string user, string password, string database)
    {
        var address = Parse(text);

        var found = new MySqlConnectionStringBuilder(address.ConnectionString);
        Assert.Equal(DatabaseKind.MySql, address.Kind);
        Assert.Equal((server, port, user, password, database), (found.Server, found.Port, found.UserID, found.Password, found.Database));
    }

    [Theory]
    [InlineData("", MySqlSslMode.None)]
    [InlineData("?tls=false", MySqlSslMode.None)]
    [InlineData("?tls=preferred", MySqlSslMode.Preferred)]
    [InlineData("?tls=skip-verify", MySqlSslMode.Required)]
    [InlineData("?tls=true", MySqlSslMode.VerifyFull)]
    public void MySql_encryption_is_what_tls_says(string query, MySqlSslMode expected) =>
        Assert.Equal(expected, new MySqlConnectionStringBuilder(Parse($"a:b@tcp(c)/d{query}").ConnectionString).SslMode);

    [Fact]
    public void MySql_timeouts_and_sockets_are_read()
    {
        var found = new MySqlConnectionStringBuilder(
            Parse("a:b@unix(/run/mysqld/mysqld.sock)/d?timeout=1m30s&readTimeout=500ms&writeTimeout=45s").ConnectionString);

        Assert.Equal(("/run/mysqld/mysqld.sock", MySqlConnectionProtocol.UnixSocket), (found.Server, found.ConnectionProtocol));
        Assert.Equal((90u, 45u), (found.ConnectionTimeout, found.DefaultCommandTimeout));
    }

    [Theory]
    [InlineData("Host=db;Port=5433;Username=u;Password=a@b/c;Database=x", DatabaseKind.Postgres)]
    [InlineData("Server=db;Port=3306;User ID=u;Password=a@b/c;Database=x", DatabaseKind.MySql)]
    [InlineData("Data Source=/tmp/x.db;Cache=Shared", DatabaseKind.Sqlite)]
    [InlineData("local", DatabaseKind.Sqlite)]
    [InlineData("  postgres://a@b/c  ", DatabaseKind.Postgres)]
    public void Keyword_strings_of_the_host_are_read_too(string text, DatabaseKind kind) => Assert.Equal(kind, Parse(text).Kind);

    [Theory]
    [InlineData("hunter2")]
    [InlineData("root:hunter2@host/db/more")]
    [InlineData("root:hunter2@carrier-pigeon(host)/db")]
    [InlineData("root:hunter2@pigeon(host)/db")]
    [InlineData("root:hunter2@tcp(host:port)/db")]
    [InlineData("root:hunter2@tcp(host)/")]
    [InlineData("root:hunter2@tcp(host)/db?tls=custom")]
    [InlineData("root:hunter2@tcp(host)/db?timeout=soon")]
    [InlineData("postgres://root:hunter2@db:99999/x")]
    [InlineData("postgres://root:hunter2@db/x?sslmode=maybe")]
    [InlineData("clickhouse://root:hunter2@db/x")]
    [InlineData("https://root:hunter2@db/x")]
    [InlineData("Server=db;Hunter2=x")]
    [InlineData("Host=db;Port=hunter2")]
    public void What_is_wrong_is_told_without_the_text(string text)
    {
        var mistake = Assert.Throws<FormatException>(() => Parse(text));
        Assert.DoesNotContain("hunter2", mistake.ToString(), StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("postgres://root:hunter2@db/x")]
    [InlineData("root:hunter2@tcp(db)/x")]
    [InlineData("Host=db;Username=root;Password=hunter2;Database=x")]
    public void Address_shows_no_password(string text) =>
        Assert.DoesNotContain("hunter2", $"{Parse(text)}", StringComparison.Ordinal);

    [Fact]
    public void Pool_limits_reach_every_driver()
    {
        var pool = new PoolSettings { MaxOpen = 33, Lifetime = TimeSpan.FromSeconds(44) };
        var sqlite = SqlitePath.ForFile("/x");
        var postgres = new NpgsqlConnectionStringBuilder(DataSourceName.Parse("postgres://a@b/c", sqlite, pool).ConnectionString);
        var mysql = new MySqlConnectionStringBuilder(DataSourceName.Parse("a@tcp(b)/c", sqlite, pool).ConnectionString);

        Assert.Equal((33, 44), (postgres.MaxPoolSize, postgres.ConnectionLifetime));
        Assert.Equal((33u, 44u), (mysql.MaximumPoolSize, mysql.ConnectionLifeTime));
    }

    [Fact]
    public void Sqlite_parameters_are_the_drivers()
    {
        var address = SqlitePath.Parse("sub/one-api.db?_busy_timeout=5000&_pragma=cache_size(-2000)&_pragma=busy_timeout(7000)&_txlock=immediate", "/data");

        Assert.Equal("/data/sub/one-api.db", new SqliteConnectionStringBuilder(address.ConnectionString).DataSource);
        Assert.Equal(TimeSpan.FromSeconds(7), address.BusyTimeout);
        Assert.Equal(["cache_size = -2000"], address.Pragmas);
    }

    [Theory]
    [InlineData(":memory:")]
    [InlineData("?_busy_timeout=1")]
    [InlineData("x.db?_busy_timeout=long")]
    [InlineData("x.db?_pragma=a;DROP TABLE users")]
    public void Sqlite_path_without_sense_is_refused(string text) =>
        Assert.Throws<FormatException>(() => SqlitePath.Parse(text, null));

    private static DatabaseAddress Parse(string text) => DataSourceName.Parse(text, SqlitePath.ForFile("/data/one-api.db"), new PoolSettings());
}
