namespace NewApi.Bench.Load;

/// <summary>Reads HTTP/1.1 replies off a socket without keeping them: status, framing, and how many lines the body had.</summary>
internal sealed class ReplyParser
{
    private readonly byte[] _head = new byte[8192];
    private readonly byte[] _tail = new byte[16];
    private int _headLength;
    private State _state = State.Head;
    private long _remaining;
    private bool _lineHasBytes;
    private long _lines;

    private enum State
    {
        Head,
        Fixed,
        ChunkSize,
        Chunk,
        ChunkEnd,
        Trailer,
        UntilClose,
        Done,
    }

    public int Status { get; private set; }

    public bool IsDone => _state == State.Done;

    public long BodyBytes { get; private set; }

    /// <summary>Line feeds seen in all bodies so far; a server-sent event ends with two.</summary>
    public long Lines => Volatile.Read(ref _lines);

    /// <summary>Whether the last body ended the way a complete OpenAI stream does.</summary>
    public bool EndsWithDone => _tail.AsSpan().IndexOf("[DONE]"u8) >= 0;

    public void Begin()
    {
        _state = State.Head;
        _headLength = 0;
        _remaining = 0;
        _tail.AsSpan().Clear();
        BodyBytes = 0;
        Status = 0;
    }

    /// <summary>The peer closed: the end of a reply without a length, and a fault anywhere else.</summary>
    public void End()
    {
        if (_state != State.UntilClose)
        {
            throw new BenchException($"The connection closed inside a reply (state {_state}, status {Status}).");
        }
        _state = State.Done;
    }

    public void Feed(ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            switch (_state)
            {
                case State.Head:
                    data = data[ReadHead(data)..];
                    break;
                case State.Fixed:
                case State.Chunk:
                    var take = (int)Math.Min(data.Length, _remaining);
                    Body(data[..take]);
                    data = data[take..];
                    _remaining -= take;
                    if (_remaining == 0)
                    {
                        _state = _state == State.Fixed ? State.Done : State.ChunkEnd;
                    }
                    break;
                case State.ChunkSize:
                    data = ReadChunkSize(data);
                    break;
                case State.ChunkEnd:
                    if (data[0] == '\n')
                    {
                        _state = State.ChunkSize;
                        _remaining = 0;
                    }
                    data = data[1..];
                    break;
                case State.Trailer:
                    if (data[0] == '\n')
                    {
                        _state = _lineHasBytes ? State.Trailer : State.Done;
                        _lineHasBytes = false;
                    }
                    else if (data[0] != '\r')
                    {
                        _lineHasBytes = true;
                    }
                    data = data[1..];
                    break;
                case State.UntilClose:
                    Body(data);
                    return;
                default:
                    throw new BenchException("Bytes arrived after the end of a reply.");
            }
        }
    }

    private int ReadHead(ReadOnlySpan<byte> data)
    {
        var copied = Math.Min(data.Length, _head.Length - _headLength);
        data[..copied].CopyTo(_head.AsSpan(_headLength));
        var before = _headLength;
        _headLength += copied;
        var end = _head.AsSpan(0, _headLength).IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return copied > 0 ? copied : throw new BenchException("A reply head is longer than 8 KB.");
        }
        ParseHead(_head.AsSpan(0, end + 2));
        return end + 4 - before;
    }

    private void ParseHead(ReadOnlySpan<byte> head)
    {
        Status = ((head[9] - '0') * 100) + ((head[10] - '0') * 10) + (head[11] - '0');
        _state = State.UntilClose;
        while (!head.IsEmpty)
        {
            var end = head.IndexOf((byte)'\n');
            var line = head[..end];
            head = head[(end + 1)..];
            if (Value(line, "content-length:"u8, out var length))
            {
                _remaining = long.Parse(length);
                _state = _remaining == 0 ? State.Done : State.Fixed;
            }
            else if (Value(line, "transfer-encoding:"u8, out _))
            {
                _state = State.ChunkSize;
                _remaining = 0;
            }
        }
    }

    private static bool Value(ReadOnlySpan<byte> line, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (line.Length < name.Length || !System.Text.Ascii.EqualsIgnoreCase(line[..name.Length], name))
        {
            return false;
        }
        value = line[name.Length..].Trim(" \r"u8);
        return true;
    }

    private ReadOnlySpan<byte> ReadChunkSize(ReadOnlySpan<byte> data)
    {
        for (var i = 0; i < data.Length; i++)
        {
            var digit = data[i];
            if (digit == '\n')
            {
                _state = _remaining == 0 ? State.Trailer : State.Chunk;
                _lineHasBytes = false;
                return data[(i + 1)..];
            }
            if (char.IsAsciiHexDigit((char)digit))
            {
                _remaining = (_remaining * 16) + (digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
            }
        }
        return default;
    }

    private void Body(ReadOnlySpan<byte> data)
    {
        BodyBytes += data.Length;
        Volatile.Write(ref _lines, _lines + data.Count((byte)'\n'));
        if (data.Length >= _tail.Length)
        {
            data[^_tail.Length..].CopyTo(_tail);
            return;
        }
        _tail.AsSpan(data.Length).CopyTo(_tail);
        data.CopyTo(_tail.AsSpan(_tail.Length - data.Length));
    }
}
