using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
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

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}
