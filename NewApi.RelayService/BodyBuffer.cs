using System.Buffers;
using System.IO.MemoryMappedFiles;

namespace NewApi.RelayService;

/// <summary>
/// A request body: pooled memory up to a limit, above it a file of its own that is mapped into memory, so that many large prompts at a time
/// are the disk's burden and not the heap's. Written first, then read as one piece.
/// </summary>
internal sealed class BodyBuffer(int capacity, long memoryLimit, string spoolFolder) : IBufferWriter<byte>, IDisposable
{
    private const int FileChunk = 64 * 1024;
    private const int LargestGuess = 1 << 20;

    /// <summary>The whole body, or the part that is on its way to the file.</summary>
    private PooledBuffer _pooled = new(capacity);
    private FileStream? _file;
    private MappedFile? _mapped;
    private int _written;

    /// <param name="options">Where the limit is and where files go.</param>
    /// <param name="expected">The size, if somebody says so: what is above the limit goes to its file from the start.</param>
    public static BodyBuffer For(RelayOptions options, long expected) => expected > options.BodyMemory
        ? new BodyBuffer(FileChunk, 0, options.SpoolFolder)
        // A claim is no proof: memory for a large body is taken as it comes.
        : new BodyBuffer((int)Math.Clamp(expected, PooledBuffer.SmallBody, LargestGuess), options.BodyMemory, options.SpoolFolder);

    public int Length => _written + _pooled.Length;

    /// <summary>The body is in a file.</summary>
    public bool IsSpooled => _file is not null;

    /// <summary>What was written. Nothing can be added once it has been read.</summary>
    public ReadOnlyMemory<byte> Memory => _file is null ? _pooled.Memory : (_mapped ??= Map()).Memory;

    public ReadOnlySpan<byte> Span => Memory.Span;

    public void Advance(int count)
    {
        _pooled.Advance(count);
        if (_file is null ? _pooled.Length > memoryLimit : _pooled.Length >= FileChunk)
        {
            Spool();
        }
    }

    public Memory<byte> GetMemory(int sizeHint = 0) => _pooled.GetMemory(sizeHint);

    public Span<byte> GetSpan(int sizeHint = 0) => _pooled.GetSpan(sizeHint);

    public void Dispose()
    {
        _pooled.Dispose();
        ((IDisposable?)_mapped)?.Dispose();
        _file?.Dispose();
        (_mapped, _file, _written) = (null, null, 0);
    }

    /// <summary>Lets the memory go without giving it back: somebody may still be reading it. The garbage collector unmaps a file.</summary>
    public void Abandon()
    {
        _pooled.Abandon();
        // The file has no name any more; its space is free once the mapping is gone too.
        _file?.Dispose();
        (_mapped, _file, _written) = (null, null, 0);
    }

    private void Spool()
    {
        if (_file is null)
        {
            _file = Create(spoolFolder);
            _file.Write(_pooled.Span);
            _written = _pooled.Length;
            _pooled.Dispose();
            _pooled = new PooledBuffer(FileChunk);
            return;
        }
        _file.Write(_pooled.Span);
        _written += _pooled.Length;
        _pooled.Clear();
    }

    private MappedFile Map()
    {
        _file!.Write(_pooled.Span);
        _written += _pooled.Length;
        _pooled.Clear();
        _file.Flush();
        return new MappedFile(_file, _written);
    }

    private static FileStream Create(string folder)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, $"newapi-body-{Guid.NewGuid():N}");
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.Delete,
            Options = FileOptions.DeleteOnClose,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }
        var file = new FileStream(path, options);
        if (!OperatingSystem.IsWindows())
        {
            // A prompt must not lie around, even if this process is killed.
            File.Delete(path);
        }
        return file;
    }

    /// <summary>A file as memory.</summary>
    private sealed unsafe class MappedFile : MemoryManager<byte>
    {
        private readonly MemoryMappedFile _file;
        private readonly MemoryMappedViewAccessor _view;
        private readonly byte* _start;
        private readonly int _length;

        public MappedFile(FileStream file, int length)
        {
            _file = MemoryMappedFile.CreateFromFile(file, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            _view = _file.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
            _length = length;
            byte* start = null;
            var handle = _view.SafeMemoryMappedViewHandle;
            handle.AcquirePointer(ref start);
            _start = start + _view.PointerOffset;
            // Whoever holds the memory holds this object and with it the view; a count that is never given back would keep it for ever.
            handle.ReleasePointer();
        }

        public override Span<byte> GetSpan() => new(_start, _length);

        public override MemoryHandle Pin(int elementIndex = 0) => new(_start + elementIndex, pinnable: this);

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _view.Dispose();
                _file.Dispose();
            }
        }
    }
}
