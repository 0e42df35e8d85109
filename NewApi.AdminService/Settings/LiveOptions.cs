using System.Collections.Frozen;
using LinqToDB;
using LinqToDB.Async;
using NewApi.Data;
using NewApi.Data.Changes;
using NewApi.Data.Rows;
using NewApi.Domain.Groups;
using NewApi.Domain.Options;
using NewApi.Domain.Pricing;

namespace NewApi.AdminService.Settings;

/// <summary>The stored option rows and what they mean.</summary>
internal sealed record OptionSnapshot(IReadOnlyDictionary<string, string> Rows, GatewayOptions Options, PriceBook Prices)
{
    public GroupRules Groups => Prices.Groups;
}

/// <summary>The options in force: read once, and again after somebody, here or elsewhere, changed them.</summary>
internal sealed class LiveOptions : IDisposable
{
    private readonly Database _database;
    private readonly IDisposable _subscription;
    private volatile OptionSnapshot? _snapshot;
    private long _generation;

    public LiveOptions(Database database, IChangeSignal changes)
    {
        _database = database;
        _subscription = changes.Subscribe((topic, _) =>
        {
            if (topic == ChangeTopic.Options)
            {
                Interlocked.Increment(ref _generation);
                _snapshot = null;
            }
        });
    }

    public async ValueTask<GatewayOptions> CurrentAsync(CancellationToken ct) => (await SnapshotAsync(ct)).Options;

    public async ValueTask<OptionSnapshot> SnapshotAsync(CancellationToken ct)
    {
        if (_snapshot is { } known)
        {
            return known;
        }
        var generation = Interlocked.Read(ref _generation);
        await using var db = _database.Open();
        var rows = (await db.GetTable<OptionRow>().ToListAsync(ct)).ToFrozenDictionary(row => row.Key, row => row.Value, StringComparer.Ordinal);
        var options = GatewayOptions.Parse(rows, out _);
        var fresh = new OptionSnapshot(rows, options, new PriceBook(options));
        if (generation == Interlocked.Read(ref _generation))
        {
            _snapshot = fresh;
        }
        return fresh;
    }

    public void Dispose() => _subscription.Dispose();
}
