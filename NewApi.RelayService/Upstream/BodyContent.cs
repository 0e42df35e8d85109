using System.Net;

namespace NewApi.RelayService.Upstream;

/// <summary>
/// A request body in pooled memory. An upstream may answer before it has read all of it, and the connection then goes on sending: the
/// memory may go back to the pool only when <see cref="Sent"/> says so.
/// </summary>
internal sealed class BodyContent(ReadOnlyMemory<byte> body) : HttpContent
{
    private volatile bool _sent;

    public bool Sent => _sent;

    public ReadOnlyMemory<byte> Body => body;

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(body, cancellationToken);
        _sent = true;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override bool TryComputeLength(out long length)
    {
        length = body.Length;
        return true;
    }
}
