using NewApi.Data.Changes;
using NewApi.Data.Options;
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
    private readonly OptionStore _store;
    private readonly IDisposable _subscription;
    private volatile OptionSnapshot? _snapshot;
    private long _generation;

    public LiveOptions(OptionStore store, IChangeSignal changes)
    {
        _store = store;
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
        var rows = await _store.LoadAsync(ct);
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
