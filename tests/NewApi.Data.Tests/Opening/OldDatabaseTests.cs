using LinqToDB;
using LinqToDB.Async;
using NewApi.Data.Callers;
using NewApi.Data.Channels;
using NewApi.Data.Ledger;
using NewApi.Data.Options;
using NewApi.Data.Rows;
using NewApi.Testing.Databases;

namespace NewApi.Data.Tests.Opening;

public sealed class OldDatabaseTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, AllDatabases]
    public async Task No_row_of_an_old_database_is_lost_or_changed(DatabaseEngine engine)
    {
        await using var old = await OldDatabase.CreateAsync(engine);
        var before = new Dictionary<string, (IReadOnlyList<string> Columns, IReadOnlyList<string> Rows)>();
        foreach (var table in OldDatabase.Tables)
        {
            var columns = await OldDatabase.ColumnsAsync(old, table);
            before[table] = (columns, await OldDatabase.RowsAsync(old, table, columns));
        }

        await using var host = await DataHost.StartAsync(old);

        foreach (var (table, (columns, rows)) in before.Where(entry => entry.Key != "setups"))
        {
            Assert.NotEmpty(rows);
            Assert.Equal(rows, await OldDatabase.RowsAsync(old, table, columns));
        }
    }

    [Theory, AllDatabases]
    public async Task Everything_missing_is_added(DatabaseEngine engine)
    {
        await using var old = await OldDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(old);

        await using var db = host.Database.Open();
        var user = await db.Users.SingleAsync(row => row.Id == 2, Stop);
        Assert.Equal(("", "", 0L), (user.DiscordId, user.Remark ?? "", user.Held));
        var token = await db.Tokens.SingleAsync(row => row.Id == 1, Stop);
        Assert.Equal((false, 0L), (token.CrossGroupRetry, token.Held));
        Assert.Equal(0, (await db.Redemptions.SingleAsync(row => row.Id == 1, Stop)).ExpiredTime);
        Assert.Null((await db.Channels.SingleAsync(row => row.Id == 1, Stop)).ChannelInfo);
        Assert.Equal("", (await db.Logs.SingleAsync(row => row.Id == 2, Stop)).RequestId);
        Assert.Empty(await db.PasskeyCredentials.ToListAsync(Stop));

        // A longer key than the old column could hold.
        var longKey = new string('k', 100);
        await host.Database.WriteAsync(
            (write, ct) => write.Tokens.Where(row => row.Id == 1).Set(row => row.Key, longKey).UpdateAsync(ct), Stop);
        Assert.NotNull(await host.Get<CallerStore>().FindByKeyAsync(longKey, Stop));
    }

    [Theory, AllDatabases]
    public async Task Second_start_changes_nothing(DatabaseEngine engine)
    {
        await using var old = await OldDatabase.CreateAsync(engine);
        await using (await DataHost.StartAsync(old))
        {
        }

        var first = await OldDatabase.PictureAsync(old);
        await using (await DataHost.StartAsync(old))
        {
        }

        Assert.Equal(first, await OldDatabase.PictureAsync(old));
    }

    [Theory, AllDatabases]
    public async Task Processes_that_start_together_do_not_race(DatabaseEngine engine)
    {
        await using var old = await OldDatabase.CreateAsync(engine);
        var hosts = Enumerable.Range(0, 4).Select(_ => DataHost.Create(old)).ToList();
        await Parallel.ForEachAsync(hosts, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (host, _) => await host.InitializeAsync());

        await using var db = hosts[0].Database.Open();
        Assert.Equal(1, await db.Setups.CountAsync(Stop));
        Assert.Equal(4, await db.Ledger.CountAsync(row => row.Kind == (int)LedgerKind.Open, Stop));
        foreach (var host in hosts)
        {
            await host.DisposeAsync();
        }
    }

    [Theory, AllDatabases]
    public async Task Ledger_opens_with_the_balances_found(DatabaseEngine engine)
    {
        await using var old = await OldDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(old);

        await using var db = host.Database.Open();
        Assert.Equal(await db.Users.SumAsync(row => row.Quota, Stop), await db.Ledger.SumAsync(row => row.Points, Stop));
    }

    [Theory, AllDatabases]
    public async Task Missing_setup_row_is_put_back_when_there_is_a_root(DatabaseEngine engine)
    {
        await using var old = await OldDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(old);

        await using var db = host.Database.Open();
        var setup = await db.Setups.SingleAsync(Stop);
        Assert.NotEqual("", setup.Version);
        Assert.True(setup.InitializedAt > 0);
    }

    [Theory, AllDatabases]
    public async Task Duplicate_rows_of_an_old_database_only_cost_the_index(DatabaseEngine engine)
    {
        await using var old = await OldDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(old);

        await using var db = host.Database.Open();
        Assert.Equal(2, await db.TopUps.CountAsync(row => row.TradeNo == "", Stop));
    }

    [Theory, AllDatabases]
    public async Task Index_whose_name_stands_for_other_columns_gets_one_beside_it(DatabaseEngine engine)
    {
        await using var old = await OldDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(old);

        var picture = await OldDatabase.PictureAsync(old);
        Assert.Contains("newapi_idx_created_at_id", picture, StringComparison.Ordinal);
        Assert.DoesNotContain("newapi_idx_logs", picture, StringComparison.Ordinal);
    }

    [Theory, AllDatabases]
    public async Task Old_rows_are_read_whatever_they_lack(DatabaseEngine engine)
    {
        await using var old = await OldDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(old);
        await using var db = host.Database.Open();

        var users = await db.Users.OrderBy(row => row.Id).ToListAsync(Stop);
        Assert.Equal([7_500_000_000, 480_000, -37, 900], users.Select(row => row.Quota));
        Assert.Equal("Maya 花", users[1].DisplayName);
        Assert.Equal("q8vT0mRr1YbXn3wKcZ5dLp7sHg2=", users[1].AccessToken);
        Assert.Equal(("", "", null), (users[2].Email, users[2].GitHubId, users[2].Setting));
        Assert.Equal(new DateTime(2025, 2, 20, 10, 11, 12, DateTimeKind.Utc), users[3].DeletedAt!.Value.UtcDateTime, TimeSpan.FromSeconds(1));
        Assert.Equal(1, await db.Users.CountAsync(row => row.AccessToken == "q8vT0mRr1YbXn3wKcZ5dLp7sHg2=", Stop));

        var channels = (await host.Get<ChannelStore>().LoadAllAsync(Stop)).Channels;
        Assert.Equal((12.5m, 3L, 5L), (channels[0].Balance, channels[0].Weight, channels[0].Priority));
        Assert.Equal((0m, null, null, null), (channels[1].Balance, channels[1].Weight, channels[1].BaseUrl, channels[1].AutoBan));

        var tasks = await db.Tasks.OrderBy(row => row.Id).ToListAsync(Stop);
        Assert.Equal("""[{"id":"x","title":"船"}]""", tasks[0].Data);
        Assert.Equal((null, """{"as":"text"}"""), (tasks[1].Properties, tasks[1].Data));

        Assert.Equal(73.0m, (await db.TopUps.SingleAsync(row => row.Id == 1, Stop)).Money);
        Assert.Equal("", (await db.Logs.SingleAsync(row => row.Id == 9, Stop)).Other);
        Assert.Equal(1, await db.Redemptions.CountAsync(row => row.Key == "0f1e2d3c4b5a69788796a5b4c3d2e1f0", Stop));
        Assert.Equal("kept as it is", (await host.Get<OptionStore>().LoadAsync(Stop))["HouseOption"]);
        Assert.Equal("kept", await old.ReadAsync("SELECT house_note FROM users WHERE id = 1"));
    }

    [Theory, AllDatabases]
    public async Task Callers_of_an_old_database_are_found_by_their_keys(DatabaseEngine engine)
    {
        await using var old = await OldDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(old);
        var callers = host.Get<CallerStore>();

        var daily = await callers.FindByKeyAsync("Fx1aB2cD3eF4gH5iJ6kL7mN8oP9qR0sT1uV2wX3yZ4aB5cD6", Stop);
        Assert.Equal((1L, "maya", "vip", ""), (daily!.Token.Id, daily.User.Username, daily.User.Group, daily.User.Password));
        Assert.Equal(3, (await callers.FindByKeyAsync("short-old.key_with+other/characters", Stop))!.Token.Id);
        Assert.Equal(2, (await callers.FindTokenAsync(2, Stop))!.User.Id);

        // Other case, deleted key, deleted owner, unknown.
        Assert.Null(await callers.FindByKeyAsync("fx1ab2cd3ef4gh5ij6kl7mn8op9qr0st1uv2wx3yz4ab5cd6", Stop));
        Assert.Null(await callers.FindByKeyAsync("Fx7deletedDeletedDeleted5iJ6kL7mN8oP9qR0sT1uV2wX", Stop));
        Assert.Null(await callers.FindByKeyAsync("Fx4ownedBySomebodyGone4gH5iJ6kL7mN8oP9qR0sT1uV2w", Stop));
        Assert.Null(await callers.FindByKeyAsync("", Stop));
        Assert.Null(await callers.FindTokenAsync(7, Stop));
    }

    [Theory, AllDatabases]
    public async Task Reference_can_still_write_after_us(DatabaseEngine engine)
    {
        await using var old = await OldDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(old);

        // It knows none of our columns, so they must fill themselves.
        await old.ExecuteAsync("INSERT INTO users (username, password, quota, aff_code) VALUES ('late', '', 10, 'Late')");
        await old.ExecuteAsync("INSERT INTO tokens (user_id, name, remain_quota) VALUES (2, 'late', 10)");

        await using var db = host.Database.Open();
        var user = await db.Users.SingleAsync(row => row.Username == "late", Stop);
        Assert.Equal((0L, 1L), (user.Held, user.AuthVersion));
        Assert.Equal(0, (await db.Tokens.SingleAsync(row => row.Name == "late", Stop)).Held);
    }

    [Theory, AllDatabases]
    public async Task Slave_refuses_a_database_that_no_master_has_opened(DatabaseEngine engine)
    {
        await using var old = await OldDatabase.CreateAsync(engine);
        var first = await OldDatabase.RowsAsync(old, "users", await OldDatabase.ColumnsAsync(old, "users"));
        await using (var early = DataHost.Create(old, settings => settings with { IsSlave = true }))
        {
            var refusal = await Assert.ThrowsAsync<DatabaseUnavailableException>(early.InitializeAsync);
            Assert.Contains("start a master", refusal.Message, StringComparison.Ordinal);
        }

        Assert.Equal(first, await OldDatabase.RowsAsync(old, "users", await OldDatabase.ColumnsAsync(old, "users")));
        await using (await DataHost.StartAsync(old))
        {
        }

        await using var slave = await DataHost.StartAsync(old, settings => settings with { IsSlave = true });
    }
}
