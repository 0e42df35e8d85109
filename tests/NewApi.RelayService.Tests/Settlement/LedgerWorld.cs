using System.Diagnostics.Metrics;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using NewApi.Data;
using NewApi.Data.Ledger;
using NewApi.Data.Rows;
using NewApi.RelayService.Settlement;
using Money = NewApi.RelayService.Settlement.Ledger;

namespace NewApi.RelayService.Tests.Settlement;

/// <summary>
/// One SQLite file with a payer, a limited key, two subscriptions and a budget, and the relay processes that come and go on it, each with a
/// journal of its own.
/// </summary>
internal sealed class LedgerWorld : IAsyncDisposable
{
    /// <summary>A complete, empty database: migrating one for every history would take most of the time.</summary>
    private static readonly Lazy<Task<string>> Template = new(async () =>
    {
        var world = new LedgerWorld(null);
        await world._services.GetRequiredService<IDatabaseInitializer>().InitializeAsync(CancellationToken.None);
        await world._services.DisposeAsync();
        // The last connection folds the write-ahead log into the file.
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        return Path.Combine(world._folder.FullName, "money.db");
    });

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("newapi-ledger-");
    private readonly ServiceProvider _services;
    private readonly string[] _journals;
    private readonly Money?[] _relays;
    private int _lives;
    private int _failures;

    private LedgerWorld(string? template, int relays = 1)
    {
        var file = Path.Combine(_folder.FullName, "money.db");
        if (template is not null)
        {
            File.Copy(template, file);
        }
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration["SQLITE_PATH"] = file;
        builder.AddData();
        builder.Services.AddMetrics();
        _services = builder.Services.BuildServiceProvider();
        _journals = new string[relays];
        _relays = new Money?[relays];
    }

    public Database Database => _services.GetRequiredService<Database>();

    /// <summary>The time of the relays, which a test can put on.</summary>
    public SkippingClock Clock { get; } = new();

    /// <summary>How often writing settlements has failed.</summary>
    public int Failures => Volatile.Read(ref _failures);

    /// <summary>The only relay, or the first.</summary>
    public Money Ledger => _relays[0]!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<LedgerWorld> CreateAsync(long granted, int relays = 1)
    {
        var world = new LedgerWorld(await Template.Value, relays);
        await world.Database.WriteAsync(
            async (db, cancel) =>
            {
                await db.InsertAsync(new UserRow { Id = 1, Username = "payer", AffCode = "p", Quota = granted }, token: cancel);
                await LedgerEntries.OpenAsync(db, 1, granted, 1, cancel);
                await db.InsertAsync(new TokenRow { Id = 1, UserId = 1, Key = "k", RemainQuota = granted }, token: cancel);
            },
            Cancel);
        return world;
    }

    /// <summary>Somebody beside the payer, with a wallet only.</summary>
    public Task<long> AddUserAsync(long granted) => Database.WriteAsync(
        async (db, cancel) =>
        {
            var id = await db.InsertWithInt64IdentityAsync(new UserRow { Username = "other", AffCode = "o", Quota = granted }, token: cancel);
            await LedgerEntries.OpenAsync(db, id, granted, 1, cancel);
            return id;
        },
        Cancel);

    /// <summary>Gives the payer a subscription, and says what a relay would know of it.</summary>
    public async Task<FundingSubscription> SubscribeAsync(long total)
    {
        const long End = 4_000_000_000;
        var id = await Database.WriteAsync(
            (db, cancel) => db.InsertWithInt64IdentityAsync(
                new UserSubscriptionRow { UserId = 1, AmountTotal = total, Status = "active", EndTime = End }, token: cancel),
            Cancel);
        return new FundingSubscription(id, 0, "Plan", total, 0, End);
    }

    public Task<long> AddBudgetAsync(long amount) => Database.WriteAsync(
        (db, cancel) => db.InsertWithInt64IdentityAsync(
            new BudgetRow { Name = "b", Scope = "user", ScopeId = 1, Amount = amount }, token: cancel),
        Cancel);

    public Money Relay(int relay) => _relays[relay]!;

    public async Task StartAsync(int relay = 0)
    {
        _journals[relay] ??= NextJournal();
        var ledger = new Money(
            _services.GetRequiredService<EscrowStore>(),
            _services.GetRequiredService<SettlementStore>(),
            _services.GetRequiredService<RelayLeaseStore>(),
            new RelayOptions { JournalDirectory = _journals[relay] },
            new RelayMetrics(_services.GetRequiredService<IMeterFactory>(), Clock),
            Clock,
            new CountingLog(this));
        await ledger.StartAsync(Cancel);
        _relays[relay] = ledger;
    }

    /// <summary>Names of the files that the journal of a relay consists of.</summary>
    public IReadOnlyList<string> JournalFiles(int relay = 0) =>
        [.. Directory.GetFiles(_journals[relay], "*.log").Select(file => Path.GetFileName(file))];

    /// <summary>Changes what the database takes.</summary>
    public Task ExecuteAsync(string statement) => Database.WriteAsync((db, cancel) => db.ExecuteAsync(statement, cancel), Cancel);

    public Task StopAsync(int relay = 0) => _relays[relay]!.StopAsync(Cancel);

    /// <summary>
    /// The process is gone without a word: what the next one finds is a copy of the journal as it stood. The old instance cannot be
    /// killed inside one test process, so it is stopped only after the copy was made; what it still applies is what a slow dying
    /// process might have applied, and the unique key of the ledger must make nothing of it.
    /// </summary>
    public async Task CrashAsync(int relay = 0)
    {
        var next = NextJournal();
        Directory.CreateDirectory(next);
        foreach (var file in Directory.GetFiles(_journals[relay], "*.log"))
        {
            await using var from = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            await using var to = File.Create(Path.Combine(next, Path.GetFileName(file)));
            await from.CopyToAsync(to, Cancel);
        }
        await StopAsync(relay);
        File.Copy(Path.Combine(_journals[relay], "journal.id"), Path.Combine(next, "journal.id"));
        _journals[relay] = next;
    }

    /// <summary>Somebody holds a living relay for dead: its lease is ended and its escrow given back, as the worker does it.</summary>
    public async Task DeclareDeadAsync(int relay)
    {
        var name = _relays[relay]!.Lease;
        await Database.WriteAsync(
            (db, cancel) => db.GetTable<LeaseRow>().Where(row => row.Name == name).DeleteAsync(cancel), Cancel);
        await _services.GetRequiredService<EscrowStore>().ReturnAllAsync(name, Cancel);
    }

    /// <summary>Waits until what a relay fetches ahead of need has arrived.</summary>
    public async Task UntilRefilledAsync(int relay = 0)
    {
        while (Relay(relay).IsRefilling)
        {
            await Task.Delay(1, Cancel);
        }
    }

    /// <summary>Keeps every other writer of the database waiting until <paramref name="release"/> completes; and ends then.</summary>
    public Task BlockWritersAsync(Task release) => Database.WriteAsync((_, _) => release, Cancel);

    public async Task<(long Quota, long Held)> WalletAsync()
    {
        await using var db = Database.Open();
        var user = await db.GetTable<UserRow>().SingleAsync(row => row.Id == 1, Cancel);
        return (user.Quota, user.Held);
    }

    public async Task<IReadOnlyList<(long Used, long Held)>> SubscriptionsAsync()
    {
        await using var db = Database.Open();
        var rows = await db.GetTable<UserSubscriptionRow>().OrderBy(row => row.Id).ToListAsync(Cancel);
        return rows.ConvertAll(row => (row.AmountUsed, row.Held));
    }

    public async Task<IReadOnlyList<LedgerRow>> ChargesAsync()
    {
        await using var db = Database.Open();
        return await db.GetTable<LedgerRow>().Where(entry => entry.Kind == (long)LedgerKind.Consume).ToListAsync(Cancel);
    }

    /// <summary>M1 at this instant: spent and held are no more than granted, but for what is recorded as excess.</summary>
    public async Task AssertNoOverdraftAsync()
    {
        await using var db = Database.Open();
        await using var snapshot = await db.BeginTransactionAsync(Cancel);
        var entries = await db.GetTable<LedgerRow>().Where(entry => entry.Excess != 0 || entry.TokenExcess != 0).ToListAsync(Cancel);
        var user = await db.GetTable<UserRow>().SingleAsync(row => row.Id == 1, Cancel);
        var debt = entries.Where(entry => entry.Points < 0).Sum(entry => entry.Excess - entry.SubscriptionExcess);
        Assert.True(user.Quota - user.Held >= -debt, $"wallet: {user.Quota} - {user.Held} with an excess of {debt}");
        foreach (var row in await db.GetTable<UserSubscriptionRow>().Where(row => row.AmountTotal > 0).ToListAsync(Cancel))
        {
            var over = entries.Where(entry => entry.SubscriptionId == row.Id).Sum(entry => entry.Points == 0 ? entry.Excess : entry.SubscriptionExcess);
            Assert.True(
                row.AmountUsed + row.Held <= row.AmountTotal + over,
                $"subscription {row.Id}: {row.AmountUsed} + {row.Held} of {row.AmountTotal} with an excess of {over}");
        }
        var key = await db.GetTable<TokenRow>().SingleAsync(Cancel);
        var overdrawn = entries.Sum(entry => entry.TokenExcess);
        Assert.True(key.RemainQuota - key.Held >= -overdrawn, $"key: {key.RemainQuota} - {key.Held} with an excess of {overdrawn}");
        foreach (var row in await db.GetTable<BudgetRow>().ToListAsync(Cancel))
        {
            Assert.True(
                row.Held >= 0 && row.Used >= 0 && row.Used + row.Held <= row.Amount + row.Excess,
                $"budget {row.Id}: {row.Used} + {row.Held} of {row.Amount} with an excess of {row.Excess}");
        }
    }

    public Task<AuditReport> AuditAsync() => _services.GetRequiredService<LedgerAudit>().RunAsync(Cancel);

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        _folder.Delete(recursive: true);
    }

    public static UsageRecord Record(string id, long points) => new()
    {
        RequestId = id,
        UserId = 1,
        Username = "payer",
        TokenId = 1,
        TokenName = "key",
        ChannelId = 1,
        Model = "m",
        Group = "default",
        Points = points,
        CreatedAt = 1_760_000_000,
        Other = """{"frt":0}""",
    };

    private string NextJournal() => Path.Combine(_folder.FullName, $"journal{_lives++}");

    /// <summary>The time of the machine, and a bit.</summary>
    internal sealed class SkippingClock : TimeProvider
    {
        private long _skipped;

        public override long GetTimestamp() => System.GetTimestamp() + Interlocked.Read(ref _skipped);

        public void Skip(TimeSpan time) => Interlocked.Add(ref _skipped, (long)(time.TotalSeconds * TimestampFrequency));
    }

    private sealed class CountingLog(LedgerWorld world) : ILogger<Money>
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (eventId.Name == nameof(RelayLog.ApplyFailed))
            {
                Interlocked.Increment(ref world._failures);
            }
        }
    }
}
