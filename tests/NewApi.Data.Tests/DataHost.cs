using LinqToDB;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using NewApi.Data.Ledger;
using NewApi.Data.Rows;
using NewApi.Data.Settings;
using NewApi.Testing.Databases;

namespace NewApi.Data.Tests;

/// <summary>The data module over one test database, as one process would have it.</summary>
internal sealed class DataHost : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    private DataHost(ServiceProvider services) => _services = services;

    public Database Database => Get<Database>();

    public static DatabaseAddress AddressOf(TestDatabase database) =>
        DataSourceName.Parse(database.Dsn, SqlitePath.ForFile("/unused"), new PoolSettings { MaxOpen = 20 });

    /// <summary>A process that has not looked at its database yet.</summary>
    public static DataHost Create(
        TestDatabase database, Func<DataSettings, DataSettings>? change = null, Action<IServiceCollection>? services = null)
    {
        var settings = new DataSettings { Main = AddressOf(database) };
        var collection = new ServiceCollection();
        collection.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Warning));
        services?.Invoke(collection);
        collection.AddData(change is null ? settings : change(settings));
        return new DataHost(collection.BuildServiceProvider());
    }

    /// <summary>A process whose database is complete.</summary>
    public static async Task<DataHost> StartAsync(
        TestDatabase database, Func<DataSettings, DataSettings>? change = null, Action<IServiceCollection>? services = null)
    {
        var host = Create(database, change, services);
        await host.InitializeAsync();
        return host;
    }

    public Task InitializeAsync() => Get<IDatabaseInitializer>().InitializeAsync(TestContext.Current.CancellationToken);

    /// <summary>An account with a wallet, a limited key worth as much, and a channel: each with the id 1.</summary>
    public Task SeedPayerAsync(long granted) => Database.WriteAsync(
        async (db, cancel) =>
        {
            await db.InsertAsync(new UserRow { Id = 1, Username = "payer", AffCode = "p", Quota = granted }, token: cancel);
            await LedgerEntries.OpenAsync(db, 1, granted, 1, cancel);
            await db.InsertAsync(new TokenRow { Id = 1, UserId = 1, Key = "k", RemainQuota = granted }, token: cancel);
            await db.InsertAsync(new ChannelRow { Id = 1, Name = "c" }, token: cancel);
        },
        TestContext.Current.CancellationToken);

    public async Task AssertBooksAsync()
    {
        var report = await Get<LedgerAudit>().RunAsync(TestContext.Current.CancellationToken);
        Assert.True(report.IsClean, string.Join('\n', report.Discrepancies));
    }

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}
