using LinqToDB;
using LinqToDB.Async;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using NewApi.Data;
using NewApi.Data.Leases;
using NewApi.Data.Ledger;
using NewApi.Data.Options;
using NewApi.Data.Rows;
using NewApi.Testing.Databases;
using NewApi.Worker.Jobs;

namespace NewApi.Worker.Tests;

/// <summary>The worker's module over a SQLite file, with a clock of its own; jobs run when a test says so.</summary>
internal sealed class WorkerHost : IAsyncDisposable
{
    private readonly TestDatabase _test;
    private readonly IHost _host;

    private WorkerHost(TestDatabase test, IHost host)
    {
        _test = test;
        _host = host;
    }

    public SetClock Clock { get; } = new();

    public Database Database => _host.Services.GetRequiredService<Database>();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<WorkerHost> StartAsync(Action<IServiceCollection>? services = null, Dictionary<string, string?>? settings = null)
    {
        var test = await TestDatabase.CreateAsync(DatabaseEngine.Sqlite);
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection([new("SQLITE_PATH", test.File)]);
        builder.Configuration.AddInMemoryCollection(settings ?? []);
        var clock = new SetClock();
        builder.Services.AddSingleton<TimeProvider>(clock);
        builder.Services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Warning));
        builder.AddWorker();
        services?.Invoke(builder.Services);
        var host = new WorkerHost(test, builder.Build()) { Clock = { Offset = TimeSpan.Zero } };
        clock.Leader = host.Clock;
        await host._host.Services.GetRequiredService<IDatabaseInitializer>().InitializeAsync(Cancel);
        return host;
    }

    public T Get<T>()
        where T : notnull => _host.Services.GetRequiredService<T>();

    /// <summary>Runs a job as the runner would, and notes that it ran.</summary>
    public async Task RunAsync(string name)
    {
        var job = _host.Services.GetServices<IJob>().Single(job => job.Name == name);
        var leases = Get<LeaseStore>();
        var lease = await leases.TryAcquireAsync($"job/{name}", "test", TimeSpan.FromMinutes(1), Cancel);
        Assert.NotNull(lease);
        await job.RunAsync(lease, Cancel);
        await leases.ReleaseAsync(lease, true, Cancel);
    }

    public Task<long> AddUserAsync(string name, long quota, string? setting = null, string email = "") => Database.WriteAsync(
        async (db, ct) =>
        {
            var now = Clock.GetUtcNow().ToUnixTimeSeconds();
            var id = await db.InsertWithInt64IdentityAsync(
                new UserRow { Username = name, AffCode = name, Quota = quota, Setting = setting, Email = email, CreatedAt = now }, token: ct);
            await LedgerEntries.OpenAsync(db, id, quota, now, ct);
            return id;
        },
        Cancel);

    public Task AddChannelsAsync(params ChannelRow[] channels) => Database.WriteAsync(
        async (db, ct) =>
        {
            foreach (var channel in channels)
            {
                await db.InsertAsync(channel, token: ct);
            }
        },
        Cancel);

    /// <summary>Changes a balance as settlements do.</summary>
    public Task SpendAsync(long userId, long points) => Database.WriteAsync(
        (db, ct) => db.Users.Where(row => row.Id == userId)
            .Set(row => row.Quota, row => row.Quota - points)
            .Set(row => row.UsedQuota, row => row.UsedQuota + Math.Max(0, points))
            .UpdateAsync(ct),
        Cancel);

    public Task SetAsync(params (string Key, string Value)[] options) => Database.WriteAsync(
        (db, ct) => OptionStore.SaveAsync(db, [.. options.Select(option => new KeyValuePair<string, string>(option.Key, option.Value))], ct), Cancel);

    public async Task<List<NoticeRow>> NoticesAsync()
    {
        await using var db = Database.Open();
        return await db.Notices.OrderBy(row => row.Id).ToListAsync(Cancel);
    }

    public async Task<long> BalanceAsync(string name)
    {
        await using var db = Database.Open();
        return await db.Users.Where(row => row.Username == name).Select(row => row.Quota).SingleAsync(Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        _host.Dispose();
        await _test.DisposeAsync();
    }

    /// <summary>The time, moved on by the test.</summary>
    internal sealed class SetClock : TimeProvider
    {
        public TimeSpan Offset { get; set; }

        /// <summary>The clock that this one follows.</summary>
        public SetClock? Leader { get; set; }

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + (Leader ?? this).Offset;
    }
}
