using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.Data.Rows;
using NewApi.Data.Settings;
using NewApi.Testing.Databases;

namespace NewApi.Data.Tests.Stores;

public sealed class DatabaseTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, AllDatabases]
    public async Task Conditional_updates_from_several_processes_never_overdraw(DatabaseEngine engine)
    {
        await using var test = await TestDatabase.CreateAsync(engine);
        await using var one = await DataHost.StartAsync(test);
        await using var two = await DataHost.StartAsync(test);
        await one.Database.WriteAsync((db, ct) => db.InsertAsync(new UserRow { Username = "maya", Quota = 100 }, token: ct), Stop);

        var taken = 0;
        await Parallel.ForAsync(0, 60, new ParallelOptions { MaxDegreeOfParallelism = 12 }, async (i, _) =>
        {
            var changed = await (i % 2 == 0 ? one : two).Database.WriteAsync(
                (db, ct) => db.Users.Where(row => row.Username == "maya" && row.Quota - row.Held >= 3)
                    .Set(row => row.Held, row => row.Held + 3)
                    .UpdateAsync(ct),
                Stop);
            Interlocked.Add(ref taken, changed);
        });

        await using var db = one.Database.Open();
        Assert.Equal((33, 99L), (taken, await db.Users.Select(row => row.Held).SingleAsync(Stop)));
    }

    [Theory, AllDatabases]
    public async Task Failed_work_leaves_nothing_behind(DatabaseEngine engine)
    {
        await using var test = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(test);

        await Assert.ThrowsAsync<InvalidOperationException>(() => host.Database.WriteAsync(
            async (db, ct) =>
            {
                await db.InsertAsync(new MetaRow { Name = "gone", Value = "1" }, token: ct);
                throw new InvalidOperationException("stop");
            },
            Stop));

        await using var reading = host.Database.Open();
        Assert.Equal(0, await reading.Meta.CountAsync(row => row.Name == "gone", Stop));
    }

    [Theory, AllDatabases]
    public async Task Work_that_lost_a_race_runs_again(DatabaseEngine engine)
    {
        await using var test = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(test);
        var rounds = 0;

        await host.Database.WriteAsync(
            async (db, ct) =>
            {
                await db.InsertAsync(new MetaRow { Name = $"round", Value = "1" }, token: ct);
                if (++rounds < 3)
                {
                    throw new TransientConflictException();
                }
            },
            Stop);

        await using var reading = host.Database.Open();
        Assert.Equal((3, 1), (rounds, await reading.Meta.CountAsync(row => row.Name == "round", Stop)));
    }

    [Theory, AllDatabases]
    public async Task Deadlocks_are_sorted_out_by_running_again(DatabaseEngine engine)
    {
        await using var test = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(test);
        await host.Database.WriteAsync(
            async (db, ct) =>
            {
                await db.InsertAsync(new MetaRow { Name = "a", Value = "" }, token: ct);
                await db.InsertAsync(new MetaRow { Name = "b", Value = "" }, token: ct);
            },
            Stop);

        async Task TouchAsync(string first, string second)
        {
            for (var i = 0; i < 20; i++)
            {
                await host.Database.WriteAsync(
                    async (db, ct) =>
                    {
                        foreach (var name in (string[])[first, second])
                        {
                            await db.Meta.Where(row => row.Name == name).Set(row => row.Value, row => row.Value + first).UpdateAsync(ct);
                        }
                    },
                    Stop);
            }
        }

        await Task.WhenAll(TouchAsync("a", "b"), TouchAsync("b", "a"));

        await using var reading = host.Database.Open();
        Assert.All(await reading.Meta.Where(row => row.Name.Length == 1).ToListAsync(Stop), row => Assert.Equal(40, row.Value.Length));
    }

    [Theory, AllDatabases]
    public async Task Duplicate_keys_are_told_from_other_failures(DatabaseEngine engine)
    {
        await using var test = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(test);
        var row = new LedgerRow { EntryKey = "20260301-Ab:consume" };
        await host.Database.WriteAsync((db, ct) => db.InsertAsync(row, token: ct), Stop);

        var again = await Record.ExceptionAsync(() => host.Database.WriteAsync((db, ct) => db.InsertAsync(row, token: ct), Stop));
        Assert.True(Database.IsDuplicate(again!));
        var broken = await Record.ExceptionAsync(() => host.Database.WriteAsync((db, ct) => db.ExecuteAsync("SELECT nothing FROM nowhere", ct), Stop));
        Assert.False(Database.IsDuplicate(broken!));

        // Two request ids that differ in case only are two charges.
        row.EntryKey = "20260301-aB:consume";
        await host.Database.WriteAsync((db, ct) => db.InsertAsync(row, token: ct), Stop);
    }

    [Theory, AllDatabases]
    public async Task Database_tells_the_time(DatabaseEngine engine)
    {
        await using var test = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(test);

        await host.Database.WriteAsync(
            async (db, ct) =>
            {
                await db.InsertAsync(new LeaseRow { Name = "job", Holder = "me" }, token: ct);
                await db.Leases.Where(row => row.Name == "job").Set(row => row.ExpiresAt, _ => Database.UnixNow() + 30).UpdateAsync(ct);
            },
            Stop);

        await using var reading = host.Database.Open();
        var expires = await reading.Leases.Where(row => row.ExpiresAt > Database.UnixNow()).Select(row => row.ExpiresAt).SingleAsync(Stop);
        Assert.InRange(expires - TimeProvider.System.GetUtcNow().ToUnixTimeSeconds(), 20, 31);
    }

    [Theory, AllDatabases]
    public async Task What_does_not_fit_is_told_from_a_database_that_is_not_as_it_should_be(DatabaseEngine engine)
    {
        await using var test = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(test);
        await host.Database.WriteAsync((db, ct) => db.InsertAsync(new UserRow { Username = "maya", AffCode = "m", Quota = 1 }, token: ct), Stop);

        Assert.True(await RefusesAsync("INSERT INTO newapi_meta (name, value) SELECT 'twice', '1' FROM users UNION ALL SELECT 'twice', '2' FROM users"));
        if (engine != DatabaseEngine.Sqlite)
        {
            // SQLite makes a fraction of it.
            Assert.True(await RefusesAsync("UPDATE users SET quota = quota + 9223372036854775807"));
        }
        Assert.False(await RefusesAsync("INSERT INTO nowhere (name) VALUES ('x')"));
        Assert.True(await host.Database.AnswersAsync(Stop));

        async Task<bool> RefusesAsync(string statement) => Database.IsRefusal(
            await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(
                () => host.Database.WriteAsync((db, ct) => db.ExecuteAsync(statement, ct), Stop)));
    }

    [Fact]
    public async Task A_database_that_is_away_does_not_answer_and_blames_nobody()
    {
        using var away = new Database(
            DataSourceName.Parse("postgres://nobody:nothing@127.0.0.1:1/away", SqlitePath.ForFile("/unused"), new PoolSettings()), TimeProvider.System);

        Assert.False(await away.AnswersAsync(Stop));
        Assert.False(Database.IsRefusal(await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(
            () => away.WriteAsync((db, ct) => db.ExecuteAsync("SELECT 1", ct), Stop))));
    }
}
