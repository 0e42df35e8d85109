using System.Buffers;

namespace NewApi.Protocols;

/// <summary>
/// Collects the bytes of an event stream and hands them out frame by frame, as they came. A frame runs through its blank line, whatever
/// the line ends are (LF, CRLF or CR); surplus blank lines lead the frame that follows. No byte is searched twice.
/// </summary>
/// <remarks>Not thread-safe. A frame is valid until the next call of <see cref="GetMemory"/> or <see cref="Dispose"/>.</remarks>
public sealed class SseFrameBuffer : IDisposable
{
    public const int DefaultMaxFrameBytes = 64 * 1024 * 1024;

    private const int FirstSize = 4096;
    private const int LeastFree = 1024;

    private readonly int _maxFrameBytes;
    private byte[] _buffer = [];
    private int _start;
    private int _end;

    // The search goes on where it stopped: all bytes before _scan are classified.
    private int _scan;
    private int _lineStart;
    private bool _hasLines;
    private bool _lastBreakWasCr;

    public SseFrameBuffer(int maxFrameBytes = DefaultMaxFrameBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxFrameBytes, 16);
        _maxFrameBytes = maxFrameBytes;
    }

    /// <summary>Bytes received and not yet handed out.</summary>
    public int Pending => _end - _start;

    /// <summary>Room for the next read. Invalidates frames handed out before.</summary>
    /// <exception cref="SseFrameTooLargeException">The unfinished frame has reached the bound.</exception>
    public Memory<byte> GetMemory()
    {
        var pending = _end - _start;
        if (pending >= _maxFrameBytes)
        {
            throw new SseFrameTooLargeException(_maxFrameBytes);
        }

        if (_buffer.Length - _end < LeastFree)
        {
            MakeRoom(pending);
        }
        else if (pending == 0 && _start > 0)
        {
            Shift(_start);
        }

        return _buffer.AsMemory(_end);
    }

    /// <summary>Says how many bytes were read into the memory of <see cref="GetMemory"/>.</summary>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _buffer.Length - _end);
        _end += count;
    }

    /// <summary>The next whole frame, raw.</summary>
    /// <exception cref="SseFrameTooLargeException">The frame is larger than the bound.</exception>
    public bool TryReadFrame(out ReadOnlyMemory<byte> frame)
    {
        var buffer = _buffer;
        while (_scan < _end)
        {
            var hit = buffer.AsSpan(_scan, _end - _scan).IndexOfAny((byte)'\n', (byte)'\r');
            if (hit < 0)
            {
                _scan = _end;
                break;
            }

            var at = _scan + hit;
            var next = at + 1;
            if (buffer[at] == (byte)'\r')
            {
                // Whether a CR stands alone shows with the byte after it. Only where every line so far ended in a bare CR is the
                // answer known before: such a stream is not kept waiting for the byte that opens its next frame.
                var bareCrStream = _hasLines && _lastBreakWasCr && at == _lineStart;
                if (!bareCrStream)
                {
                    if (next == _end)
                    {
                        _scan = at;
                        break;
                    }

                    if (buffer[next] == (byte)'\n')
                    {
                        next++;
                    }
                }
            }

            var blank = at == _lineStart;
            _lastBreakWasCr = buffer[next - 1] == (byte)'\r';
            _scan = next;
            _lineStart = next;
            if (!blank)
            {
                _hasLines = true;
            }
            else if (_hasLines)
            {
                frame = Take(next);
                return true;
            }
        }

        if (_end - _start > _maxFrameBytes)
        {
            throw new SseFrameTooLargeException(_maxFrameBytes);
        }

        frame = default;
        return false;
    }

    /// <summary>At the end of the stream: what is left over when the last frame lacks its blank line. Mere line ends do not count.</summary>
    public bool TryReadRest(out ReadOnlyMemory<byte> frame)
    {
        var rest = _buffer.AsSpan(_start, _end - _start);
        if (rest.IndexOfAnyExcept((byte)'\n', (byte)'\r') < 0)
        {
            _start = _end;
            _scan = _end;
            _lineStart = _end;
            frame = default;
            return false;
        }

        frame = Take(_end);
        return true;
    }

    public void Dispose()
    {
        var buffer = _buffer;
        _buffer = [];
        _start = _end = _scan = _lineStart = 0;
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private ReadOnlyMemory<byte> Take(int end)
    {
        if (end - _start > _maxFrameBytes)
        {
            throw new SseFrameTooLargeException(_maxFrameBytes);
        }

        var frame = _buffer.AsMemory(_start, end - _start);
        _start = end;
        _scan = end;
        _lineStart = end;
        _hasLines = false;
        _lastBreakWasCr = false;
        return frame;
    }

    private void MakeRoom(int pending)
    {
        if (_buffer.Length == 0)
        {
            _buffer = ArrayPool<byte>.Shared.Rent(FirstSize);
            return;
        }

        // A long answer comes in small frames: shifting the unfinished one to the front is the rule, growing the exception.
        if (pending <= _buffer.Length / 2 && _buffer.Length - pending >= LeastFree)
        {
            Shift(_start);
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Array.MaxLength, _buffer.Length * 2L));
        _buffer.AsSpan(_start, pending).CopyTo(larger);
        var old = _buffer;
        var by = _start;
        _buffer = larger;
        Rebase(by);
        ArrayPool<byte>.Shared.Return(old);
    }

    private void Shift(int by)
    {
        if (by == 0)
        {
            return;
        }

        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        Rebase(by);
    }

    private void Rebase(int by)
    {
        _start -= by;
        _end -= by;
        _scan -= by;
        _lineStart -= by;
    }
}

/// <summary>An upstream sent a frame larger than the operator allows.</summary>
public sealed class SseFrameTooLargeException(int limit)
    : IOException($"The upstream sent a stream frame of more than {limit} bytes.")
{
    /// <summary>The bound in bytes.</summary>
    public int Limit { get; } = limit;
}
