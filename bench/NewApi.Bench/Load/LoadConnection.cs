using System.Net;
using System.Net.Sockets;

namespace NewApi.Bench.Load;

/// <summary>One keep-alive connection to a target, cheap enough that two cores are left for what is measured.</summary>
internal sealed class LoadConnection(int port, int bufferSize = 16384) : IDisposable
{
    private readonly byte[] _buffer = new byte[bufferSize];
    private Socket? _socket;

    public ReplyParser Reply { get; } = new();

    public async ValueTask OpenAsync(CancellationToken ct)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), ct);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
        _socket = socket;
    }

    /// <summary>Sends one request and reads its reply to the end.</summary>
    public async ValueTask CallAsync(Payload payload, CancellationToken ct)
    {
        if (_socket is null)
        {
            await OpenAsync(ct);
        }
        await SendAsync(payload.Bytes, ct);
        await ReceiveAsync(ct);
        payload.Check(Reply);
    }

    public async ValueTask SendAsync(ReadOnlyMemory<byte> request, CancellationToken ct)
    {
        while (!request.IsEmpty)
        {
            request = request[await _socket!.SendAsync(request, ct)..];
        }
    }

    /// <summary>Sends from the calling thread; for requests that fit the socket's buffer.</summary>
    public void Send(ReadOnlySpan<byte> request) => _socket!.Send(request);

    public async ValueTask ReceiveAsync(CancellationToken ct)
    {
        Reply.Begin();
        while (!Reply.IsDone)
        {
            var length = await _socket!.ReceiveAsync(_buffer, ct);
            if (length > 0)
            {
                Reply.Feed(_buffer.AsSpan(0, length));
                continue;
            }
            Reply.End();
            Dispose();
        }
    }

    public void Dispose()
    {
        _socket?.Dispose();
        _socket = null;
    }
}
