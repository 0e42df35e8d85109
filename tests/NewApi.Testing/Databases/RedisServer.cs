using System.Net;
using System.Net.Sockets;

namespace NewApi.Testing.Databases;

/// <summary>A Redis server on a free port that keeps nothing.</summary>
public sealed class RedisServer
{
    private static int _databases;

    private RedisServer(int port) => Port = port;

    public int Port { get; }

    /// <summary>A value for <c>REDIS_CONN_STRING</c> with a database number that no other test has, as long as the sixteen last.</summary>
    public string NewConnectionString() => $"redis://127.0.0.1:{Port}/{(Interlocked.Increment(ref _databases) - 1) % 16}";

    internal static string? Program { get; } = ServerProcess.Find("redis-server", "valkey-server");

    internal static async Task<RedisServer> StartAsync()
    {
        var program = Program ?? throw new InvalidOperationException("Redis is not installed: apt-get install redis-server");
        var folder = ServerProcess.NewFolder("redis");
        var port = FreePort.Find();
        var process = ServerProcess.Start(folder, "KILL",
        [
            program, "--port", $"{port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder,
        ]);
        await process.WaitAsync(async () =>
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port);
        });
        return new RedisServer(port);
    }
}
