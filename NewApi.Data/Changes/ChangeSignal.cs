using System.Globalization;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using NewApi.Data.Rows;
using NewApi.Data.Settings;
using StackExchange.Redis;

namespace NewApi.Data.Changes;

/// <summary>
/// Handlers in this process, a revision per topic in <c>newapi_meta</c> that other processes poll, and Redis as the fast way between
/// them. Redis may lose a message; the revision then brings the news, later and without the key.
/// </summary>
internal sealed class ChangeSignal(
    Database database, RedisLink redis, DataSettings settings, TimeProvider time, ILogger<ChangeSignal> logger)
    : BackgroundService, IChangeSignal
{
    private const string IdentityRow = "identity";

    private static readonly ChangeTopic[] Topics = Enum.GetValues<ChangeTopic>();

    private readonly string _process = Guid.NewGuid().ToString("N");
    private readonly Lock _gate = new();
    private readonly List<Action<ChangeTopic, string?>> _handlers = [];

    // Last revision whose change this process has acted upon, per topic.
    private readonly Dictionary<ChangeTopic, long> _seen = [];

    // Changes whose revision could not be written; the poller tries again.
    private readonly HashSet<ChangeTopic> _owed = [];

    private ISubscriber? _subscriber;
    private RedisChannel _channel;

    public async Task PublishAsync(ChangeTopic topic, string? key, CancellationToken cancellationToken)
    {
        var revision = await TryBumpAsync(topic, cancellationToken);
        Notify(topic, key);
        if (_subscriber is null)
        {
            return;
        }

        try
        {
            await _subscriber.PublishAsync(_channel, $"{_process}|{(int)topic}|{revision}|{key}");
        }
        catch (RedisException e)
        {
            logger.ChangeNotSent(topic, e.Message);
        }
    }

    public IDisposable Subscribe(Action<ChangeTopic, string?> handler)
    {
        lock (_gate)
        {
            _handlers.Add(handler);
        }

        return new Subscription(this, handler);
    }

    /// <summary>Notes where the revisions stand, before anybody reads what they stand for.</summary>
    public async Task PrimeAsync(CancellationToken cancellationToken)
    {
        foreach (var (topic, revision) in await ReadAsync(cancellationToken))
        {
            lock (_gate)
            {
                _seen.TryAdd(topic, revision);
            }
        }
    }

    /// <summary>One look at the revisions; handlers of topics that moved are told.</summary>
    public async Task PollAsync(CancellationToken cancellationToken)
    {
        ChangeTopic[] owed;
        lock (_gate)
        {
            owed = [.. _owed];
        }

        foreach (var topic in owed)
        {
            await TryBumpAsync(topic, cancellationToken);
        }

        foreach (var (topic, revision) in await ReadAsync(cancellationToken))
        {
            bool moved;
            lock (_gate)
            {
                moved = !_seen.TryGetValue(topic, out var seen) || seen != revision;
                _seen[topic] = revision;
            }

            if (moved)
            {
                Notify(topic, null);
            }
        }
    }

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await PrimeAsync(cancellationToken);
        if (await redis.ConnectAsync(cancellationToken) is { } connection)
        {
            // Pub/sub crosses the numbered databases of a server: two gateways on one Redis must not wake each other.
            var identity = await database.WriteAsync(IdentifyAsync, cancellationToken);
            _channel = RedisChannel.Literal($"newapi:changes:{identity}");
            _subscriber = connection.GetSubscriber();
            // The queue keeps the order of the messages; a bare handler would run them side by side.
            var queue = await _subscriber.SubscribeAsync(_channel);
            queue.OnMessage(message => Receive(message.Message));
        }

        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(settings.SyncFrequency, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await PollAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                logger.RevisionsUnread(e.Message);
            }
        }
    }

    private static string RowOf(ChangeTopic topic) => $"revision:{topic}";

    private static long Number(string text) => long.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private async Task<List<(ChangeTopic Topic, long Revision)>> ReadAsync(CancellationToken cancellationToken)
    {
        await using var db = database.Open();
        var names = Topics.Select(RowOf).ToArray();
        var rows = await db.Meta.Where(row => names.Contains(row.Name)).ToDictionaryAsync(row => row.Name, cancellationToken);
        return [.. Topics.Select(topic => (topic, rows.TryGetValue(RowOf(topic), out var row) ? Number(row.Value) : 0))];
    }

    // The change itself is committed, so a failure here must not look like a failure of the change.
    private async Task<long> TryBumpAsync(ChangeTopic topic, CancellationToken cancellationToken)
    {
        try
        {
            var revision = await database.WriteAsync((db, ct) => BumpAsync(db, RowOf(topic), ct), cancellationToken);
            lock (_gate)
            {
                _owed.Remove(topic);
                // Only when nobody else's change lies in between is this one all there was to see.
                if (_seen.GetValueOrDefault(topic) == revision - 1)
                {
                    _seen[topic] = revision;
                }
            }

            return revision;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            logger.RevisionUnwritten(topic, e.Message);
            lock (_gate)
            {
                _owed.Add(topic);
            }

            return -1;
        }
    }

    private static async Task<long> BumpAsync(DataConnection db, string name, CancellationToken cancellationToken)
    {
        while (true)
        {
            var row = await db.Meta.Where(row => row.Name == name).FirstOrDefaultAsync(cancellationToken);
            if (row is null)
            {
                try
                {
                    await db.InsertAsync(new MetaRow { Name = name, Value = "1" }, token: cancellationToken);
                    return 1;
                }
                catch (Exception e) when (Database.IsDuplicate(e))
                {
                    // Another process was faster; a new transaction sees its row.
                    throw new TransientConflictException(e);
                }
            }

            var next = Number(row.Value) + 1;
            var text = next.ToString(CultureInfo.InvariantCulture);
            var changed = await db.Meta.Where(found => found.Name == name && found.Value == row.Value)
                .Set(found => found.Value, text)
                .UpdateAsync(cancellationToken);
            if (changed == 1)
            {
                return next;
            }
        }
    }

    private static async Task<string> IdentifyAsync(DataConnection db, CancellationToken cancellationToken)
    {
        if (await db.Meta.Where(row => row.Name == IdentityRow).FirstOrDefaultAsync(cancellationToken) is { } row)
        {
            return row.Value;
        }

        try
        {
            var identity = Guid.NewGuid().ToString("N");
            await db.InsertAsync(new MetaRow { Name = IdentityRow, Value = identity }, token: cancellationToken);
            return identity;
        }
        catch (Exception e) when (Database.IsDuplicate(e))
        {
            throw new TransientConflictException(e);
        }
    }

    // process|topic|revision|key
    private void Receive(RedisValue message)
    {
        var parts = ((string?)message ?? "").Split('|', 4);
        if (parts.Length < 4 || parts[0] == _process || !int.TryParse(parts[1], out var number) || !Enum.IsDefined((ChangeTopic)number))
        {
            return;
        }

        var topic = (ChangeTopic)number;
        var revision = Number(parts[2]);
        lock (_gate)
        {
            if (_seen.GetValueOrDefault(topic) == revision - 1)
            {
                _seen[topic] = revision;
            }
        }

        Notify(topic, parts[3].Length == 0 ? null : parts[3]);
    }

    private void Notify(ChangeTopic topic, string? key)
    {
        Action<ChangeTopic, string?>[] handlers;
        lock (_gate)
        {
            handlers = [.. _handlers];
        }

        foreach (var handler in handlers)
        {
            try
            {
                handler(topic, key);
            }
#pragma warning disable CA1031 // One deaf subscriber must not keep the news from the others.
            catch (Exception e)
#pragma warning restore CA1031
            {
                logger.HandlerFailed(e, topic);
            }
        }
    }

    private sealed class Subscription(ChangeSignal signal, Action<ChangeTopic, string?> handler) : IDisposable
    {
        public void Dispose()
        {
            lock (signal._gate)
            {
                signal._handlers.Remove(handler);
            }
        }
    }
}
