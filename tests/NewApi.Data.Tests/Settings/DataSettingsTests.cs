using Microsoft.Extensions.Configuration;
using NewApi.Data.Settings;
using NewApi.ServiceDefaults;

namespace NewApi.Data.Tests.Settings;

public sealed class DataSettingsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("newapi-settings-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Nothing_set_means_a_file_below_data()
    {
        var settings = Read([], out var mistakes);

        Assert.Empty(mistakes);
        Assert.Equal(Path.Combine(_folder, "data/newapi.db"), settings.Main.File);
        Assert.Equal((null, null, false, TimeSpan.FromSeconds(60)), (settings.Log, settings.Redis, settings.IsSlave, settings.SyncFrequency));
    }

    [Fact]
    public void File_of_the_reference_is_taken_over_when_nothing_is_set()
    {
        File.WriteAllText(Path.Combine(_folder, "one-api.db"), "");

        Assert.Equal(Path.Combine(_folder, "one-api.db"), Read([], out _).Main.File);
        Assert.Equal(Path.Combine(_folder, "one-api.db"), Read([("SQL_DSN", "local")], out _).Main.File);
        Assert.Equal(Path.Combine(_folder, "mine.db"), Read([("SQLITE_PATH", "mine.db")], out _).Main.File);
    }

    [Fact]
    public void Connection_string_of_the_host_goes_before_the_variable()
    {
        var settings = Read(
            [
                ("ConnectionStrings:newapi", "Host=a;Username=u;Database=x"),
                ("SQL_DSN", "u:p@tcp(b)/y"),
                ("ConnectionStrings:redis", "localhost:7000"),
                ("REDIS_CONN_STRING", "redis://other"),
            ],
            out var mistakes);

        Assert.Empty(mistakes);
        Assert.Equal(DatabaseKind.Postgres, settings.Main.Kind);
        Assert.Equal("Unspecified/localhost:7000", settings.Redis!.EndPoints[0].ToString());
    }

    [Fact]
    public void Log_database_is_separate_only_when_it_is_another()
    {
        Assert.Null(Read([("SQL_DSN", "u:p@tcp(b)/y"), ("LOG_SQL_DSN", "u:p@tcp(b)/y")], out _).Log);
        Assert.Null(Read([("LOG_SQL_DSN", "local")], out _).Log);
        Assert.Equal(DatabaseKind.Sqlite, Read([("SQL_DSN", "u:p@tcp(b)/y"), ("LOG_SQL_DSN", "local")], out _).Log!.Kind);
    }

    [Fact]
    public void Every_mistake_is_told_with_its_variable()
    {
        Read(
            [
                ("SQL_DSN", "hunter2"),
                ("LOG_SQL_DSN", "clickhouse://x"),
                ("SQLITE_PATH", ":memory:"),
                ("REDIS_CONN_STRING", "http://x"),
                ("SQL_MAX_OPEN_CONNS", "many"),
                ("SQL_MAX_IDLE_CONNS", "-1"),
                ("SQL_MAX_LIFETIME", "60s"),
                ("SYNC_FREQUENCY", "0"),
            ],
            out var mistakes);

        Assert.Equal(
            ["LOG_SQL_DSN", "REDIS_CONN_STRING", "SQLITE_PATH", "SQL_DSN", "SQL_MAX_IDLE_CONNS", "SQL_MAX_LIFETIME", "SQL_MAX_OPEN_CONNS", "SYNC_FREQUENCY"],
            mistakes.Select(mistake => mistake.Split(' ')[0]).Order(StringComparer.Ordinal));
        Assert.DoesNotContain(mistakes, mistake => mistake.Contains("hunter2", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("slave", true)]
    [InlineData("Slave", false)]
    [InlineData("master", false)]
    public void Only_the_exact_word_makes_a_slave(string text, bool slave) =>
        Assert.Equal(slave, Read([("NODE_TYPE", text)], out _).IsSlave);

    private DataSettings Read((string Name, string Value)[] variables, out IReadOnlyList<string> mistakes)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(variables.Select(variable => new KeyValuePair<string, string?>(variable.Name, variable.Value)))
            .Build();
        var reader = new SettingsReader(configuration);
        var settings = DataSettings.Read(reader, _folder);
        mistakes = reader.Mistakes;
        return settings;
    }
}
