using NewApi.Data.Settings;
using StackExchange.Redis;

namespace NewApi.Data;

/// <summary>The one connection to Redis, when there is one.</summary>
public sealed class RedisLink(DataSettings settings) : IAsyncDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private ConnectionMultiplexer? _connection;

    /// <summary>False: this process keeps its counters and caches to itself.</summary>
    public bool IsConfigured => settings.Redis is not null;

    /// <summary>The connection, or null when no Redis is configured. It mends itself after the first success.</summary>
    /// <exception cref="DatabaseUnavailableException">The server does not answer.</exception>
    public async Task<IConnectionMultiplexer?> ConnectAsync(CancellationToken cancellationToken)
    {
        if (settings.Redis is null || _connection is not null)
        {
            return _connection;
        }

        await _gate.WaitAsync(cancellationToken);
        try
        {
            return _connection ??= await ConnectionMultiplexer.ConnectAsync(settings.Redis);
        }
        catch (RedisException e)
        {
            var servers = string.Join(", ", settings.Redis.EndPoints.Select(server => server.ToString()));
            throw new DatabaseUnavailableException($"Redis at {servers} does not answer: check REDIS_CONN_STRING", e);
        }
        finally
        {
            _gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is not null)
        {
            await _connection.DisposeAsync();
        }

        _gate.Dispose();
    }
}
