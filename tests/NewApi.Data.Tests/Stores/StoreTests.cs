using LinqToDB;
using LinqToDB.Async;
using NewApi.Data.Channels;
using NewApi.Data.Options;
using NewApi.Data.Rows;
using NewApi.Data.Usage;
using NewApi.Testing.Databases;

namespace NewApi.Data.Tests.Stores;

public sealed class StoreTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, AllDatabases]
    public async Task Options_are_stored_replaced_and_removed(DatabaseEngine engine)
    {
        await using var test = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(test);
        var options = host.Get<OptionStore>();
        Assert.Empty(await options.LoadAsync(Stop));

        await options.SaveAsync([new("SystemName", "One"), new("ModelRatio", """{"a\\b":1,"it's":2}""")], Stop);
        await options.SaveAsync("SystemName", "Two 二", Stop);
        Assert.Equal(
            new Dictionary<string, string> { ["SystemName"] = "Two 二", ["ModelRatio"] = """{"a\\b":1,"it's":2}""" },
            await options.LoadAsync(Stop));
        Assert.Equal("Two 二", await options.FindAsync("SystemName", Stop));

        await options.RemoveAsync("SystemName", Stop);
        Assert.Null(await options.FindAsync("SystemName", Stop));
    }

    [Theory, AllDatabases]
    public async Task Abilities_follow_their_channel(DatabaseEngine engine)
    {
        await using var test = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(test);
        var channel = new ChannelRow
        {
            Id = 7,
            Key = "k",
            Models = ",gpt-4o, gpt-4o-mini,gpt-4o,",
            Group = "default,vip",
            Priority = 3,
            Weight = 2,
            Tag = "blue",
        };
        var other = new ChannelRow { Id = 8, Key = "k", Models = "gpt-4o", Status = 2 };

        await host.Database.WriteAsync(
            async (db, ct) =>
            {
                await AbilityStore.RebuildAsync(db, channel, ct);
                await AbilityStore.RebuildAsync(db, other, ct);
                await AbilityStore.RebuildAsync(db, channel, ct);
            },
            Stop);

        await using var db = host.Database.Open();
        var rows = await db.Abilities.OrderBy(row => row.ChannelId).ThenBy(row => row.Group).ThenBy(row => row.Model).ToListAsync(Stop);
        Assert.Equal(
            ["default gpt-4o 7 True", "default gpt-4o-mini 7 True", "vip gpt-4o 7 True", "vip gpt-4o-mini 7 True", "default gpt-4o 8 False"],
            rows.Select(row => $"{row.Group} {row.Model} {row.ChannelId} {row.Enabled}"));
        Assert.Equal((3L, 2L, "blue"), (rows[0].Priority, rows[0].Weight, rows[0].Tag));

        await host.Database.WriteAsync((write, ct) => AbilityStore.SwitchAsync(write, 7, false, ct), Stop);
        Assert.Equal(0, await db.Abilities.CountAsync(row => row.Enabled, Stop));
        await host.Database.WriteAsync((write, ct) => AbilityStore.RemoveAsync(write, 7, ct), Stop);
        Assert.Equal(1, await db.Abilities.CountAsync(Stop));
    }

    [Theory, AllDatabases]
    public async Task Names_that_an_engine_holds_for_equal_do_not_stop_a_channel(DatabaseEngine engine)
    {
        await using var test = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(test);
        var channel = new ChannelRow { Id = 7, Models = $"Model,model,{new string('m', 300)}" };

        await host.Database.WriteAsync((db, ct) => AbilityStore.RebuildAsync(db, channel, ct), Stop);

        await using var db = host.Database.Open();
        Assert.Equal(engine == DatabaseEngine.MySql ? 1 : 2, await db.Abilities.CountAsync(Stop));
    }

    [Theory, AllDatabases]
    public async Task All_abilities_are_rebuilt_from_all_channels(DatabaseEngine engine)
    {
        await using var test = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(test);
        await host.Database.WriteAsync(
            async (db, ct) =>
            {
                for (var i = 0; i < 3; i++)
                {
                    await db.InsertAsync(
                        new ChannelRow { Key = "k", Models = string.Join(',', Enumerable.Range(0, 200).Select(n => $"model-{n}")) }, token: ct);
                }

                await db.InsertAsync(new AbilityRow { Group = "stale", Model = "stale", ChannelId = 99 }, token: ct);
            },
            Stop);

        Assert.Equal(600, await host.Get<AbilityStore>().RebuildAllAsync(Stop));
        var all = await host.Get<ChannelStore>().LoadAllAsync(Stop);
        Assert.Equal((3, 600), (all.Channels.Count, all.Abilities.Count));
    }

    [Theory, AllDatabases]
    public async Task Usage_log_takes_thousands_of_rows_at_once(DatabaseEngine engine)
    {
        await using var test = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(test);
        var rows = Enumerable.Range(0, 5000)
            .Select(i => new LogRow
            {
                UserId = i,
                Type = 2,
                CreatedAt = 1_740_000_000 + i,
                Username = "maya",
                ModelName = "gpt-4o",
                Quota = i,
                IsStream = i % 2 == 0,
                RequestId = $"r{i}",
                Other = """{"quote":"it's \\ \"fine\""}""",
            })
            .ToList();

        await host.Get<UsageLogStore>().InsertAsync(rows, Stop);
        await host.Get<UsageLogStore>().InsertAsync([], Stop);

        await using var db = host.Database.Open();
        Assert.Equal((5000, 12_497_500L), (await db.Logs.CountAsync(Stop), await db.Logs.SumAsync(row => row.Quota, Stop)));
        var one = await db.Logs.SingleAsync(row => row.RequestId == "r4998", Stop);
        Assert.Equal((4998L, true, """{"quote":"it's \\ \"fine\""}"""), (one.UserId, one.IsStream, one.Other));
    }

    [Theory, AllDatabases]
    public async Task Text_that_no_engine_would_take_does_not_cost_a_batch(DatabaseEngine engine)
    {
        await using var test = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(test);

        await host.Get<UsageLogStore>().InsertAsync(
            [new LogRow { ModelName = "nul\0model", Content = "half \ud83d pair", TokenName = new string('长', 300), RequestId = new string('r', 90) }],
            Stop);

        await using var db = host.Database.Open();
        var row = await db.Logs.SingleAsync(Stop);
        Assert.Equal(("nulmodel", "half \ufffd pair", 191, 64), (row.ModelName, row.Content, row.TokenName.Length, row.RequestId.Length));
    }

    [Theory, AllDatabases]
    public async Task Log_database_of_its_own_gets_only_the_log(DatabaseEngine engine)
    {
        await using var main = await TestDatabase.CreateAsync(DatabaseEngine.Sqlite);
        await using var log = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(main, settings => settings with { Log = DataHost.AddressOf(log) });

        await host.Get<UsageLogStore>().InsertAsync([new LogRow { RequestId = "here" }], Stop);

        Assert.True(host.Get<LogDatabase>().IsSeparate);
        Assert.Equal("1", await log.ReadAsync("SELECT COUNT(*) FROM logs WHERE request_id = 'here'"));
        Assert.Equal("0", await main.ReadAsync("SELECT COUNT(*) FROM logs"));
        await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(() => log.ReadAsync("SELECT COUNT(*) FROM users"));
    }
}
