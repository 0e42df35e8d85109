using System.Buffers;

namespace NewApi.RelayService;

/// <summary>A growing buffer of pooled memory; disposing it gives the memory back.</summary>
internal sealed class PooledBuffer(int capacity = PooledBuffer.SmallBody) : IBufferWriter<byte>, IDisposable
{
    public const int SmallBody = 4096;

    private byte[]? _bytes = ArrayPool<byte>.Shared.Rent(capacity);

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Memory => _bytes.AsMemory(0, Length);

    public ReadOnlySpan<byte> Span => _bytes.AsSpan(0, Length);

    public void Advance(int count) => Length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Grow(sizeHint);
        return _bytes.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Grow(sizeHint);
        return _bytes.AsSpan(Length);
    }

    public void Clear() => Length = 0;

    public void Dispose()
    {
        if (_bytes is { } bytes)
        {
            _bytes = null;
            Length = 0;
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    /// <summary>Lets the memory go without giving it back: somebody may still be reading it.</summary>
    public void Abandon()
    {
        _bytes = null;
        Length = 0;
    }

    private void Grow(int sizeHint)
    {
        ObjectDisposedException.ThrowIf(_bytes is null, this);
        var needed = checked(Length + Math.Max(sizeHint, 1));
        if (needed <= _bytes.Length)
        {
            return;
        }
        var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Array.MaxLength, Math.Max(needed, 2L * _bytes.Length)));
        _bytes.AsSpan(0, Length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
    }
}
