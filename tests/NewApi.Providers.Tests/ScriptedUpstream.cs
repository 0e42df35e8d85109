using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace NewApi.Providers.Tests;

/// <summary>An upstream without a network: it writes down what it is sent and replies by a script, one section per request.</summary>
internal sealed class ScriptedUpstream(IEnumerable<Fixture.Section> replies) : HttpMessageHandler
{
    private readonly Queue<Fixture.Section> _replies = new(replies);
    private readonly List<Task> _sockets = [];

    public List<string> Requests { get; } = [];

    public Task SocketsDone => Task.WhenAll(_sockets);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var written = new StringBuilder($"{request.Method} {request.RequestUri!.AbsoluteUri}\n");
        var headers = request.Headers.Concat(request.Content?.Headers.AsEnumerable() ?? [])
            .Where(header => header.Key is not ("Content-Length" or "Sec-WebSocket-Key" or "Sec-WebSocket-Version" or "Connection" or "Upgrade"));
        foreach (var (name, values) in headers.OrderBy(header => header.Key, StringComparer.OrdinalIgnoreCase))
        {
            written.Append($"{name}: {string.Join(", ", values)}\n");
        }
        if (request.Content is not null)
        {
            written.Append('\n').Append(await request.Content.ReadAsStringAsync(cancellationToken)).Append('\n');
        }
        Requests.Add(written.ToString());
        var reply = _replies.Dequeue();
        return reply.Kind == "socket" ? Upgrade(request, reply, Requests.Count - 1) : Reply(reply);
    }

    private static HttpResponseMessage Reply(Fixture.Section reply)
    {
        var words = reply.Title.Split(' ');
        var body = words.Contains("frames") ? Frames(reply.Text) : Encoding.UTF8.GetBytes(reply.Text + (words[2] == "text/event-stream" ? "\n\n" : "\n"));
        var response = new HttpResponseMessage((HttpStatusCode)int.Parse(words[1])) { Content = new ByteArrayContent(body) };
        response.Content.Headers.ContentType = new MediaTypeHeaderValue(words[2]);
        return response;
    }

    /// <summary>AWS's binary event stream, one frame per line: <c>chunk {…}</c>, or <c>exception name {…}</c>.</summary>
    private static byte[] Frames(string lines)
    {
        using var stream = new MemoryStream();
        foreach (var line in lines.Split('\n'))
        {
            var words = line.Split(' ', 3);
            var (headers, payload) = words[0] == "chunk"
                ? (Header(":event-type", "chunk") + Header(":message-type", "event"),
                    new JsonObject { ["bytes"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(line[6..])) }.ToJsonString())
                : (Header(":exception-type", words[1]) + Header(":message-type", "exception"), words[2]);
            var head = Encoding.Latin1.GetBytes(headers);
            var data = Encoding.UTF8.GetBytes(payload);
            var frame = new byte[12 + head.Length + data.Length + 4];
            BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length);
            BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), head.Length);
            BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(8), Crc(frame.AsSpan(0, 8)));
            head.CopyTo(frame, 12);
            data.CopyTo(frame, 12 + head.Length);
            BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(frame.Length - 4), Crc(frame.AsSpan(0, frame.Length - 4)));
            stream.Write(frame);
        }
        return stream.ToArray();
    }

    private static string Header(string name, string value) => $"{(char)name.Length}{name}\u0007\0{(char)value.Length}{value}";

    /// <summary>Bit by bit, on purpose not the table that is tested.</summary>
    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var sum = 0xffffffffu;
        foreach (var value in bytes)
        {
            sum ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                sum = (sum >> 1) ^ (0xedb88320u & (uint)-(int)(sum & 1));
            }
        }
        return ~sum;
    }

    private HttpResponseMessage Upgrade(HttpRequestMessage request, Fixture.Section reply, int index)
    {
        const string Salt = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
        var key = request.Headers.GetValues("Sec-WebSocket-Key").Single();
        Pipe up = new(), down = new();
        _sockets.Add(ServeAsync(new DuplexStream(up.Reader.AsStream(), down.Writer.AsStream()), reply, index));
        var response = new HttpResponseMessage(HttpStatusCode.SwitchingProtocols)
        {
            Content = new DuplexContent(new DuplexStream(down.Reader.AsStream(), up.Writer.AsStream())),
        };
        response.Headers.TryAddWithoutValidation("Connection", "Upgrade");
        response.Headers.TryAddWithoutValidation("Upgrade", "websocket");
        // The handshake of RFC 6455 asks for this hash.
#pragma warning disable CA5350
        response.Headers.TryAddWithoutValidation(
            "Sec-WebSocket-Accept", Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + Salt))));
#pragma warning restore CA5350
        return response;
    }

    private async Task ServeAsync(Stream stream, Fixture.Section reply, int index)
    {
        using var socket = WebSocket.CreateFromStream(stream, isServer: true, null, TimeSpan.FromSeconds(30));
        var buffer = new byte[16 * 1024];
        var asked = await socket.ReceiveAsync(buffer, CancellationToken.None);
        Requests[index] += "\n" + (asked.MessageType == WebSocketMessageType.Text
            ? Encoding.UTF8.GetString(buffer, 0, asked.Count)
            : $"{Convert.ToHexStringLower(buffer, 0, 8)} {Encoding.UTF8.GetString(buffer, 8, asked.Count - 8)}") + "\n";
        foreach (var line in reply.Text.Split('\n'))
        {
            var binary = line.StartsWith("hex ", StringComparison.Ordinal);
            await socket.SendAsync(
                binary ? Convert.FromHexString(line[4..]) : Encoding.UTF8.GetBytes(line),
                binary ? WebSocketMessageType.Binary : WebSocketMessageType.Text,
                endOfMessage: true,
                CancellationToken.None);
        }
    }

    /// <summary>Hands its stream out as it is; other contents make it read-only.</summary>
    private sealed class DuplexContent(Stream stream) : HttpContent
    {
        protected override Task<Stream> CreateContentReadStreamAsync() => Task.FromResult(stream);

        protected override Stream CreateContentReadStream(CancellationToken cancellationToken) => stream;

        protected override Task SerializeToStreamAsync(Stream target, TransportContext? context) => throw new NotSupportedException();

        protected override bool TryComputeLength(out long length)
        {
            length = -1;
            return false;
        }
    }

    private sealed class DuplexStream(Stream read, Stream write) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush() => write.Flush();

        public override Task FlushAsync(CancellationToken cancellationToken) => write.FlushAsync(cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => read.Read(buffer, offset, count);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            read.ReadAsync(buffer, cancellationToken);

        public override void Write(byte[] buffer, int offset, int count) => write.Write(buffer, offset, count);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            write.WriteAsync(buffer, cancellationToken);

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            read.Dispose();
            write.Dispose();
            base.Dispose(disposing);
        }
    }
}
