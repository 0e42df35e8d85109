using System.Collections.Concurrent;
using NewApi.Data.Changes;
using NewApi.Data.Settings;
using NewApi.Testing.Databases;

namespace NewApi.Data.Tests.Changes;

public sealed class ChangeSignalTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Subscribers_of_the_process_hear_at_once_until_they_leave()
    {
        await using var test = await TestDatabase.CreateAsync(DatabaseEngine.Sqlite);
        await using var host = await DataHost.StartAsync(test);
        var signal = host.Get<IChangeSignal>();
        var heard = new List<string>();
        using var deaf = signal.Subscribe((_, _) => throw new InvalidOperationException("not listening"));
        var subscription = signal.Subscribe((topic, key) => heard.Add($"{topic} {key}"));

        await signal.PublishAsync(ChangeTopic.Users, "17", Stop);
        await signal.PublishAsync(ChangeTopic.Options, null, Stop);
        subscription.Dispose();
        await signal.PublishAsync(ChangeTopic.Tokens, "3", Stop);

        Assert.Equal(["Users 17", "Options "], heard);
    }

    [Theory, AllDatabases]
    public async Task Other_processes_see_the_revision_once(DatabaseEngine engine)
    {
        await using var test = await TestDatabase.CreateAsync(engine);
        await using var writer = await DataHost.StartAsync(test);
        await using var reader = await DataHost.StartAsync(test);
        var heard = new List<string>();
        using var subscription = reader.Get<IChangeSignal>().Subscribe((topic, key) => heard.Add($"{topic} {key ?? "all"}"));

        await reader.Get<ChangeSignal>().PollAsync(Stop);
        Assert.Empty(heard);

        await writer.Get<IChangeSignal>().PublishAsync(ChangeTopic.Channels, "4", Stop);
        await writer.Get<IChangeSignal>().PublishAsync(ChangeTopic.Channels, "5", Stop);
        await reader.Get<ChangeSignal>().PollAsync(Stop);
        await reader.Get<ChangeSignal>().PollAsync(Stop);
        Assert.Equal(["Channels all"], heard);
    }

    [Fact]
    public async Task Own_change_is_not_heard_twice_but_a_change_in_between_is_heard()
    {
        await using var test = await TestDatabase.CreateAsync(DatabaseEngine.Sqlite);
        await using var one = await DataHost.StartAsync(test);
        await using var two = await DataHost.StartAsync(test);
        var heard = new List<string>();
        using var subscription = one.Get<IChangeSignal>().Subscribe((topic, key) => heard.Add(key ?? "all"));

        await one.Get<IChangeSignal>().PublishAsync(ChangeTopic.Users, "1", Stop);
        await one.Get<ChangeSignal>().PollAsync(Stop);
        Assert.Equal(["1"], heard);

        await two.Get<IChangeSignal>().PublishAsync(ChangeTopic.Users, "2", Stop);
        await one.Get<IChangeSignal>().PublishAsync(ChangeTopic.Users, "3", Stop);
        await one.Get<ChangeSignal>().PollAsync(Stop);
        Assert.Equal(["1", "3", "all"], heard);
    }

    [Theory, AllDatabases]
    public async Task Changes_published_at_the_same_moment_all_count(DatabaseEngine engine)
    {
        await using var test = await TestDatabase.CreateAsync(engine);
        await using var one = await DataHost.StartAsync(test);
        await using var two = await DataHost.StartAsync(test);

        await Parallel.ForAsync(0, 20, new ParallelOptions { MaxDegreeOfParallelism = 6 }, async (i, _) =>
            await (i % 2 == 0 ? one : two).Get<IChangeSignal>().PublishAsync(ChangeTopic.Tokens, $"{i}", Stop));

        Assert.Equal("20", await test.ReadAsync("SELECT value FROM newapi_meta WHERE name = 'revision:Tokens'"));
    }

    [Fact]
    public async Task Redis_brings_the_key_to_other_processes_on_the_same_database()
    {
        if (!TestServers.IsRedisInstalled && Environment.GetEnvironmentVariable("CI") != "true")
        {
            Assert.Skip("no Redis server on this machine");
        }

        var redis = RedisAddress.Parse((await TestServers.RedisAsync()).NewConnectionString());
        await using var test = await TestDatabase.CreateAsync(DatabaseEngine.Sqlite);
        await using var elsewhere = await TestDatabase.CreateAsync(DatabaseEngine.Sqlite);
        await using var writer = await DataHost.StartAsync(test, settings => settings with { Redis = redis });
        await using var reader = await DataHost.StartAsync(test, settings => settings with { Redis = redis });
        await using var stranger = await DataHost.StartAsync(elsewhere, settings => settings with { Redis = redis });
        foreach (var host in (DataHost[])[writer, reader, stranger])
        {
            await host.Get<ChangeSignal>().StartAsync(Stop);
        }

        var heard = new BlockingCollection<string>();
        var wrong = new ConcurrentQueue<string>();
        using var listening = reader.Get<IChangeSignal>().Subscribe((topic, key) => heard.Add($"{topic} {key}"));
        using var overhearing = stranger.Get<IChangeSignal>().Subscribe((topic, key) => wrong.Enqueue($"{topic} {key}"));
        await writer.Get<IChangeSignal>().PublishAsync(ChangeTopic.Users, "17", Stop);
        await writer.Get<IChangeSignal>().PublishAsync(ChangeTopic.Options, null, Stop);

        Assert.True(heard.TryTake(out var first, TimeSpan.FromSeconds(10)) && heard.TryTake(out var second, TimeSpan.FromSeconds(10))
            && first == "Users 17" && second == "Options ");
        // What came by Redis is not news to the poller.
        await reader.Get<ChangeSignal>().PollAsync(Stop);
        Assert.Empty(heard);
        Assert.Empty(wrong);
        foreach (var host in (DataHost[])[writer, reader, stranger])
        {
            await host.Get<ChangeSignal>().StopAsync(Stop);
        }
    }

    [Fact]
    public async Task Redis_that_does_not_answer_ends_the_start()
    {
        await using var test = await TestDatabase.CreateAsync(DatabaseEngine.Sqlite);
        var nobody = RedisAddress.Parse("redis://:secret-word@127.0.0.1:1/0?dial_timeout=1s");
        await using var host = DataHost.Create(test, settings => settings with { Redis = nobody });

        var refusal = await Assert.ThrowsAsync<DatabaseUnavailableException>(host.InitializeAsync);
        Assert.Contains("REDIS_CONN_STRING", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-word", refusal.ToString(), StringComparison.Ordinal);
    }
}
