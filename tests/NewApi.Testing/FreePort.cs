using System.Net;
using System.Net.Sockets;

namespace NewApi.Testing;

/// <summary>Ports for servers that cannot be told to choose one themselves.</summary>
public static class FreePort
{
    // Below the ports that systems give to outgoing connections: one of those would take the place of a server that is down for a
    // moment.
    private const int First = 12_000;
    private const int Last = 32_000;

    /// <summary>A port that nothing listens on; it is nobody's until the caller takes it.</summary>
    public static int Find()
    {
        while (true)
        {
            var port = Random.Shared.Next(First, Last);
            using var listener = new TcpListener(IPAddress.Loopback, port);
            try
            {
                listener.Start();
                return port;
            }
            catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
            }
        }
    }
}
