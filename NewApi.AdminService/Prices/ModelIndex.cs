using LinqToDB.Async;
using NewApi.Data;
using NewApi.Data.Changes;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Prices;

/// <summary>A model that at least one enabled channel serves, the groups it is served in, and the types of those channels.</summary>
internal sealed record ServedModel(string Name, IReadOnlyList<string> Groups, IReadOnlyList<long> ChannelTypes);

/// <summary>Which models are served where: read once, and again after channels changed.</summary>
internal sealed class ModelIndex : IDisposable
{
    private readonly Database _database;
    private readonly IDisposable _subscription;
    private volatile IReadOnlyList<ServedModel>? _models;
    private long _generation;

    public ModelIndex(Database database, IChangeSignal changes)
    {
        _database = database;
        _subscription = changes.Subscribe((topic, _) =>
        {
            if (topic == ChangeTopic.Channels)
            {
                Interlocked.Increment(ref _generation);
                _models = null;
            }
        });
    }

    public async ValueTask<IReadOnlyList<ServedModel>> AllAsync(CancellationToken ct)
    {
        if (_models is { } known)
        {
            return known;
        }
        var generation = Interlocked.Read(ref _generation);
        await using var db = _database.Open();
        var served = await (
            from ability in db.Abilities
            join channel in db.Channels on ability.ChannelId equals channel.Id
            where ability.Enabled
            select new { ability.Model, ability.Group, channel.Type }).Distinct().ToListAsync(ct);
        ServedModel[] fresh =
        [
            .. served.GroupBy(row => row.Model, StringComparer.Ordinal).OrderBy(model => model.Key, StringComparer.Ordinal).Select(model =>
                new ServedModel(
                    model.Key,
                    [.. model.Select(row => row.Group).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
                    [.. model.Select(row => row.Type).Distinct().Order()])),
        ];
        if (generation == Interlocked.Read(ref _generation))
        {
            _models = fresh;
        }
        return fresh;
    }

    public void Dispose() => _subscription.Dispose();
}
