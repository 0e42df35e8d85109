namespace NewApi.Bench.Load;

/// <summary>Many streams held open at once; disposing hangs up on all of them.</summary>
internal sealed class OpenStreams : IDisposable
{
    private const int Opening = 64;
    private readonly LoadConnection[] _connections;
    private readonly CancellationTokenSource _leaving = new();
    private Task[] _readers = [];

    private OpenStreams(int port, int count) =>
        _connections = [.. Enumerable.Range(0, count).Select(_ => new LoadConnection(port, bufferSize: 2048))];

    public long Events => _connections.Sum(connection => connection.Reply.Lines) / 2;

    /// <summary>Opens <paramref name="count"/> streams and returns when each has brought its first event.</summary>
    public static async Task<OpenStreams> OpenAsync(int port, Payload payload, int count, CancellationToken ct)
    {
        var streams = new OpenStreams(port, count);
        try
        {
            await Parallel.ForEachAsync(
                streams._connections,
                new ParallelOptions { MaxDegreeOfParallelism = Opening, CancellationToken = ct },
                async (connection, token) =>
                {
                    await connection.OpenAsync(token);
                    await connection.SendAsync(payload.Bytes, token);
                });
            streams._readers = [.. streams._connections.Select(connection => connection.ReceiveAsync(streams._leaving.Token).AsTask())];
            await streams.WaitForFirstEventsAsync(ct);
            return streams;
        }
        catch
        {
            streams.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _leaving.Cancel();
        foreach (var connection in _connections)
        {
            connection.Dispose();
        }
        _leaving.Dispose();
    }

    private async Task WaitForFirstEventsAsync(CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        while (true)
        {
            if (_readers.FirstOrDefault(reader => reader.IsCompleted) is { } ended)
            {
                await ended;
                throw new BenchException("A stream ended before it was meant to.");
            }
            var waiting = _connections.Count(connection => connection.Reply.Lines < 2);
            if (waiting == 0)
            {
                return;
            }
            if (limit.IsCancellationRequested)
            {
                ct.ThrowIfCancellationRequested();
                throw new BenchException($"{waiting} of {_connections.Length} streams had no event after a minute.");
            }
            await Task.Delay(50, CancellationToken.None);
        }
    }
}
