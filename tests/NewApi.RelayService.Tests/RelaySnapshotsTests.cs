using LinqToDB;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using NewApi.Data;
using NewApi.Data.Changes;
using NewApi.Data.Channels;
using NewApi.Data.Options;
using NewApi.Data.Rows;

namespace NewApi.RelayService.Tests;

/// <summary>How soon the relay knows of what an administrator has changed.</summary>
public sealed class RelaySnapshotsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("newapi-snapshots-");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_channel_that_was_just_added_can_be_waited_for()
    {
        await using var services = await ServicesAsync();
        using var snapshots = Create(services);
        // The change comes as early as one can: right after the start.
        await snapshots.StartAsync(Cancel);
        for (var channel = 1; channel <= 20; channel++)
        {
            await AddChannelAsync(services, channel);

            await (snapshots.Reloading ?? Task.CompletedTask).WaitAsync(TimeSpan.FromSeconds(30), Cancel);

            Assert.Single(snapshots.Current.Routing.Find("default", $"model-{channel}"));
        }
        await snapshots.StopAsync(Cancel);
    }

    [Fact]
    public async Task Nothing_is_waited_for_when_nothing_changes()
    {
        await using var services = await ServicesAsync();
        using var snapshots = Create(services);
        await snapshots.StartAsync(Cancel);

        await services.GetRequiredService<IChangeSignal>().PublishAsync(ChangeTopic.Users, "1", Cancel);

        Assert.Null(snapshots.Reloading);
        await snapshots.StopAsync(Cancel);
    }

    private static RelaySnapshots Create(IServiceProvider services) => new(
        services.GetRequiredService<OptionStore>(),
        services.GetRequiredService<ChannelStore>(),
        services.GetRequiredService<IChangeSignal>(),
        new RelayOptions(),
        TimeProvider.System,
        NullLogger<RelaySnapshots>.Instance);

    private static async Task AddChannelAsync(IServiceProvider services, int id)
    {
        await services.GetRequiredService<Database>().WriteAsync(
            async (db, cancel) =>
            {
                await db.InsertAsync(
                    new ChannelRow { Id = id, Type = 1, Name = "c", Key = "k", BaseUrl = "http://127.0.0.1:9", Models = $"model-{id}" },
                    token: cancel);
                await db.InsertAsync(
                    new AbilityRow { Group = "default", Model = $"model-{id}", ChannelId = id, Enabled = true },
                    token: cancel);
            },
            Cancel);
        await services.GetRequiredService<IChangeSignal>().PublishAsync(ChangeTopic.Channels, $"{id}", Cancel);
    }

    private async Task<ServiceProvider> ServicesAsync()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration["SQLITE_PATH"] = Path.Combine(_folder.FullName, "snapshots.db");
        builder.AddData();
        var services = builder.Services.BuildServiceProvider();
        await services.GetRequiredService<IDatabaseInitializer>().InitializeAsync(Cancel);
        return services;
    }
}
