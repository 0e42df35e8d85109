using System.Data.Common;
using NewApi.Testing.Databases;

namespace NewApi.Data.Tests.Opening;

public sealed class RefusalTests
{
    [Theory, AllDatabases]
    public async Task Database_that_does_not_exist_is_created(DatabaseEngine engine)
    {
        await using var test = await TestDatabase.CreateAsync(engine);
        var address = DataHost.AddressOf(test);
        switch (engine)
        {
            case DatabaseEngine.Sqlite:
                var file = Path.Combine(Path.GetDirectoryName(test.File)!, "deep", "down", "gateway.db");
                address = Data.Settings.SqlitePath.ForFile(file);
                break;
            case DatabaseEngine.Postgres:
                address = Renamed(address, "Odd-Name \"x\"");
                break;
            default:
                address = Renamed(address, "odd-name`x");
                break;
        }

        await using (await DataHost.StartAsync(test, settings => settings with { Main = address }))
        await using (await DataHost.StartAsync(test, settings => settings with { Main = address }))
        {
        }

        await test.ExecuteAsync(engine switch
        {
            DatabaseEngine.Sqlite => "SELECT 1",
            DatabaseEngine.Postgres => "DROP DATABASE \"Odd-Name \"\"x\"\"\" WITH (FORCE)",
            _ => "DROP DATABASE `odd-name``x`",
        });
    }

    [Theory, AllDatabases]
    public async Task Account_without_rights_is_told_so(DatabaseEngine engine)
    {
        if (engine == DatabaseEngine.Sqlite)
        {
            return;
        }

        await using var test = await TestDatabase.CreateAsync(engine);
        var user = $"poor{Guid.NewGuid():N}"[..16];
        await test.ExecuteAsync(engine == DatabaseEngine.Postgres
            ? $"CREATE ROLE {user} LOGIN PASSWORD 'hunter2'"
            : $"CREATE USER {user}@'%' IDENTIFIED BY 'hunter2'");
        var builder = new DbConnectionStringBuilder { ConnectionString = DataHost.AddressOf(test).ConnectionString };
        builder[engine == DatabaseEngine.Postgres ? "Username" : "User ID"] = user;
        builder["Password"] = "hunter2";
        builder["Database"] = "not_there";
        await using var host = DataHost.Create(
            test, settings => settings with { Main = settings.Main with { ConnectionString = builder.ConnectionString } });

        var refusal = await Assert.ThrowsAsync<DatabaseUnavailableException>(host.InitializeAsync);
        Assert.DoesNotContain("hunter2", refusal.ToString(), StringComparison.Ordinal);
        await test.ExecuteAsync(engine == DatabaseEngine.Postgres ? $"DROP ROLE {user}" : $"DROP USER {user}@'%'");
    }

    [Fact]
    public async Task MySql_that_cannot_store_every_script_is_refused()
    {
        if (!TestServers.IsInstalled(DatabaseEngine.MySql) && Environment.GetEnvironmentVariable("CI") != "true")
        {
            Assert.Skip("no MySql server on this machine");
        }

        await using var test = await TestDatabase.CreateAsync(DatabaseEngine.MySql);
        await test.ExecuteAsync("SET @sql = CONCAT('ALTER DATABASE `', DATABASE(), '` CHARACTER SET latin1'); EXECUTE IMMEDIATE @sql");
        await using (var host = DataHost.Create(test))
        {
            var refusal = await Assert.ThrowsAsync<DatabaseUnavailableException>(host.InitializeAsync);
            Assert.Contains("latin1", refusal.Message, StringComparison.Ordinal);
        }

        Assert.Equal("0", await test.ReadAsync("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()"));
    }

    [Fact]
    public async Task File_that_is_no_database_is_refused()
    {
        await using var test = await TestDatabase.CreateAsync(DatabaseEngine.Sqlite);
        await File.WriteAllTextAsync(test.File!, new string('x', 5000), TestContext.Current.CancellationToken);
        await using var host = DataHost.Create(test);

        var refusal = await Assert.ThrowsAsync<DatabaseUnavailableException>(host.InitializeAsync);
        Assert.Contains(test.File!, refusal.Message, StringComparison.Ordinal);
    }

    private static DatabaseAddress Renamed(DatabaseAddress address, string name)
    {
        var builder = new DbConnectionStringBuilder { ConnectionString = address.ConnectionString, ["Database"] = name };
        return address with { ConnectionString = builder.ConnectionString };
    }
}
