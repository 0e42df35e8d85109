using CsCheck;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using NewApi.Data;
using NewApi.Data.Ledger;
using NewApi.Data.Rows;
using NewApi.RelayService.Settlement;
using Money = NewApi.RelayService.Settlement.Ledger;

namespace NewApi.RelayService.Tests.Settlement;

/// <summary>
/// Any interleaving of holds, settlements, releases and crashes keeps the contracts: no overdraft beyond recorded excess, every
/// settlement charged once, no hold lost, and books that agree.
/// </summary>
public sealed class LedgerPropertyTests
{
    private const long Granted = 5_000;

    private enum Step
    {
        Hold,
        SettleSmaller,
        SettleLarger,
        Release,
        Crash,
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Any_history_leaves_books_that_agree()
    {
        var steps = Gen.Select(Gen.Enum<Step>(), Gen.Int[1, 1500]).Array[1, 25];
        await steps.SampleAsync(RunAsync, iter: 60, threads: 1);
    }

    [Fact]
    public async Task Warm_calls_do_not_wait_for_the_database()
    {
        await using var world = await World.CreateAsync(1_000_000_000);
        await world.StartAsync();
        for (var i = 0; i < 1_000; i++)
        {
            await world.CallAsync(100);
        }
        var before = world.Ledger.SynchronousRefills;

        for (var i = 0; i < 2_000; i++)
        {
            await world.CallAsync(100);
        }

        Assert.Equal(before, world.Ledger.SynchronousRefills);
        await world.StopAsync();
    }

    [Fact]
    public async Task Escrow_that_arrives_after_its_account_was_put_away_is_not_stranded()
    {
        await using var world = await World.CreateAsync(Granted);
        await world.StartAsync();
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var blocking = world.BlockWritersAsync(release.Task);

        // The first refill waits for the database while the sweep for idle accounts passes by.
        var holding = world.Ledger.HoldAsync(1, 0, 3_000, Cancel).AsTask();
        await world.Ledger.ReturnIdleAsync(long.MaxValue, Cancel);
        release.SetResult();
        await blocking;
        var (hold, refusal) = await holding;

        Assert.Equal(HoldRefusal.None, refusal);
        hold!.Dispose();
        await world.Ledger.ReturnIdleAsync(long.MaxValue, Cancel);
        Assert.Equal((Granted, 0L), await world.WalletAsync());
        await world.StopAsync();
    }

    private static async Task RunAsync((Step Step, int Points)[] steps)
    {
        await using var world = await World.CreateAsync(Granted);
        await world.StartAsync();
        var open = new Queue<Hold>();
        var charged = 0L;
        var settled = 0;
        foreach (var (step, points) in steps)
        {
            switch (step)
            {
                case Step.Hold:
                    var (hold, _) = await world.Ledger.HoldAsync(1, 1, points, Cancel);
                    if (hold is not null)
                    {
                        open.Enqueue(hold);
                    }
                    break;
                case Step.SettleSmaller or Step.SettleLarger when open.TryDequeue(out var ended):
                    var charge = step == Step.SettleSmaller ? ended.Points / 2 : ended.Points + points;
                    await ended.SettleAsync(World.Record($"call{settled++}", charge));
                    charged += charge;
                    break;
                case Step.Release when open.TryDequeue(out var released):
                    released.Dispose();
                    break;
                case Step.Crash:
                    open.Clear();
                    await world.CrashAsync();
                    await world.StartAsync();
                    break;
                default:
                    break;
            }
            await world.AssertNoOverdraftAsync();
        }
        foreach (var hold in open)
        {
            hold.Dispose();
        }
        await world.StopAsync();
        Assert.Equal((Granted - charged, 0L), await world.WalletAsync());
        Assert.Equal(settled, await world.ChargesAsync());
        var report = await world.AuditAsync();
        Assert.True(report.IsClean, string.Join('\n', report.Discrepancies));
    }

    /// <summary>One SQLite file and one journal, and the processes that come and go on them.</summary>
    private sealed class World : IAsyncDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("newapi-ledger-");
        private readonly ServiceProvider _services;
        private int _lives;
        private string _journal = "";

        private World(string? template)
        {
            var file = Path.Combine(_folder.FullName, "money.db");
            if (template is not null)
            {
                File.Copy(template, file);
            }
            var builder = Host.CreateEmptyApplicationBuilder(null);
            builder.Configuration["SQLITE_PATH"] = file;
            builder.AddData();
            _services = builder.Services.BuildServiceProvider();
        }

        /// <summary>A complete, empty database: migrating one for every history would take most of the time.</summary>
        private static readonly Lazy<Task<string>> Template = new(async () =>
        {
            var world = new World(null);
            await world._services.GetRequiredService<IDatabaseInitializer>().InitializeAsync(CancellationToken.None);
            await world._services.DisposeAsync();
            // The last connection folds the write-ahead log into the file.
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
            return Path.Combine(world._folder.FullName, "money.db");
        });

        public Money Ledger { get; private set; } = null!;

        public static async Task<World> CreateAsync(long granted)
        {
            var world = new World(await Template.Value);
            await world._services.GetRequiredService<Database>().WriteAsync(
                async (db, cancel) =>
                {
                    await db.InsertAsync(new UserRow { Id = 1, Username = "payer", AffCode = "p", Quota = granted }, token: cancel);
                    await LedgerEntries.OpenAsync(db, 1, granted, 1, cancel);
                    await db.InsertAsync(new TokenRow { Id = 1, UserId = 1, Key = "k", RemainQuota = granted }, token: cancel);
                },
                Cancel);
            return world;
        }

        public async Task StartAsync()
        {
            _journal = Path.Combine(_folder.FullName, $"journal{_lives++}");
            Ledger = new Money(
                _services.GetRequiredService<EscrowStore>(),
                _services.GetRequiredService<SettlementStore>(),
                _services.GetRequiredService<RelayLeaseStore>(),
                new RelayOptions { JournalDirectory = _journal },
                TimeProvider.System,
                NullLogger<Money>.Instance);
            await Ledger.StartAsync(Cancel);
        }

        public Task StopAsync() => Ledger.StopAsync(Cancel);

        /// <summary>
        /// The process is gone without a word: what the next one finds is a copy of the journal as it stood. The old instance cannot be
        /// killed inside one test process, so it is stopped only after the copy was made; what it still applies is what a slow dying
        /// process might have applied, and the unique key of the ledger must make nothing of it.
        /// </summary>
        public async Task CrashAsync()
        {
            var next = Path.Combine(_folder.FullName, $"journal{_lives}");
            Directory.CreateDirectory(next);
            foreach (var file in Directory.GetFiles(_journal, "journal-*.log"))
            {
                await using var from = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
                await using var to = File.Create(Path.Combine(next, Path.GetFileName(file)));
                await from.CopyToAsync(to, Cancel);
            }
            await Ledger.StopAsync(Cancel);
            File.Copy(Path.Combine(_journal, "journal.id"), Path.Combine(next, "journal.id"));
        }

        /// <summary>Keeps every other writer of the database waiting until <paramref name="release"/> completes; and ends then.</summary>
        public Task BlockWritersAsync(Task release) => _services.GetRequiredService<Database>().WriteAsync((_, _) => release, Cancel);

        public async Task CallAsync(long points)
        {
            var (hold, _) = await Ledger.HoldAsync(1, 1, points, Cancel);
            await hold!.SettleAsync(Record(Guid.NewGuid().ToString("N"), points));
        }

        public async Task AssertNoOverdraftAsync()
        {
            using var db = _services.GetRequiredService<Database>().Open();
            var user = await db.GetTable<UserRow>().SingleAsync(Cancel);
            var excess = await db.GetTable<LedgerRow>().SumAsync(entry => (long?)entry.Excess, Cancel) ?? 0;
            Assert.True(user.Quota - user.Held >= -excess, $"{user.Quota} - {user.Held} with an excess of {excess}");
        }

        public async Task<(long Quota, long Held)> WalletAsync()
        {
            using var db = _services.GetRequiredService<Database>().Open();
            var user = await db.GetTable<UserRow>().SingleAsync(Cancel);
            return (user.Quota, user.Held);
        }

        public async Task<int> ChargesAsync()
        {
            using var db = _services.GetRequiredService<Database>().Open();
            return await db.GetTable<LedgerRow>().CountAsync(entry => entry.Kind == (long)LedgerKind.Consume, Cancel);
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
            Lease = "",
            UserId = 1,
            Username = "payer",
            TokenId = 1,
            TokenName = "key",
            ChannelId = 1,
            Model = "m",
            Group = "default",
            Points = points,
            CreatedAt = 1_760_000_000,
            Other = "{}",
        };
    }
}
