using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using NewApi.Data.Ledger;

namespace NewApi.RelayService.Settlement;

/// <summary>What a journal entry says about its call.</summary>
internal enum JournalMark : byte
{
    /// <summary>The final record of a call: to be charged as it stands.</summary>
    Settled = 1,

    /// <summary>The call has begun to deliver; should the process die now, this record is what it is charged.</summary>
    Delivering = 2,

    /// <summary>The call ended without a charge after it had begun to deliver.</summary>
    Dropped = 3,
}

/// <summary>
/// The usage journal: an append-only file that knows of every charge before the caller has the last byte of the answer. An entry is on
/// its way to the disk when <see cref="Append"/> returns (a killed process loses nothing) and is forced there within a second (a power
/// cut loses at most that).
/// </summary>
/// <remarks>
/// Entry: length of what follows the checksum (4 bytes, little-endian), CRC-32 of it (4 bytes), mark (1 byte), then the record. Files are
/// named <c>journal-NNNNNNNNNN.log</c>; one is deleted when everything in it, and in those before it, has been applied to the database.
/// Records that the database refuses would keep all later files: they move to <c>parked-NNNNNNNNNN.log</c>.
/// </remarks>
internal sealed class Journal : IDisposable
{
    private const int HeaderSize = 2 * sizeof(int);
    private const long SegmentSize = 16 << 20;
    private const int MaxEntry = 8 << 20;

    private readonly Lock _gate = new();
    private readonly string _directory;
    private readonly FileStream _owner;
    private readonly List<Segment> _segments = [];
    private readonly ArrayBufferWriter<byte> _space = new(4096);
    private Segment _current;
    private Segment? _parked;
    private bool _dirty;

    private Journal(string directory, FileStream owner, string id, long lastNumber)
    {
        _directory = directory;
        _owner = owner;
        Id = id;
        _current = Open(lastNumber + 1);
    }

    /// <summary>Names this journal for as long as its directory exists; the lease of the process that writes it carries this name.</summary>
    public string Id { get; }

    /// <summary>What an earlier process left behind: final records, and the last word of calls that were cut off while delivering.</summary>
    public required IReadOnlyList<UsageRecord> Left { get; init; }

    /// <summary>Opens the journal of a directory, for one process at a time, and reads what was left in it.</summary>
    /// <exception cref="IOException">Another process has this journal open, or the directory cannot be written.</exception>
    public static Journal Open(string directory)
    {
        Directory.CreateDirectory(directory);
        var owner = new FileStream(Path.Combine(directory, "journal.id"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        try
        {
            var id = ReadOrMakeId(owner);
            var files = Directory.GetFiles(directory, "journal-*.log").Order(StringComparer.Ordinal)
                .Concat(Directory.GetFiles(directory, "parked-*.log")).ToList();
            var left = ReadLeft(files);
            var last = files.Select(NumberOf).DefaultIfEmpty().Max();
            var journal = new Journal(directory, owner, id, last) { Left = left };
            // What was left waits in the old files until it has been applied: ForgetLeft deletes them then.
            journal._leftFiles.AddRange(files);
            return journal;
        }
        catch
        {
            owner.Dispose();
            throw;
        }
    }

    private readonly List<string> _leftFiles = [];

    /// <summary>Everything in <see cref="Left"/> has been applied or parked: the files that held it go.</summary>
    public void ForgetLeft()
    {
        foreach (var file in _leftFiles)
        {
            File.Delete(file);
        }
        _leftFiles.Clear();
    }

    /// <summary>Appends one entry. When this returns, the entry survives the death of the process.</summary>
    /// <param name="mark">What the record means.</param>
    /// <param name="record">The record.</param>
    /// <param name="opened">The segment that holds the call's first entry, if there was one; it is kept until the call is done.</param>
    /// <returns>The segment to pass to <see cref="Done"/> once the call has been applied or dropped.</returns>
    public Segment Append(JournalMark mark, UsageRecord record, Segment? opened)
    {
        lock (_gate)
        {
            var entry = EntryOf(mark, record);
            if (_current.Length + entry.Length > SegmentSize)
            {
                Rotate();
            }
            _current.Write(entry);
            _dirty = true;

            var segment = opened ?? _current;
            if (opened is null)
            {
                segment.Open++;
            }
            return segment;
        }
    }

    /// <summary>The call whose entries began in <paramref name="segment"/> needs them no longer.</summary>
    public void Done(Segment segment)
    {
        lock (_gate)
        {
            segment.Open--;
            for (var i = 0; i < _segments.Count && _segments[i].Open == 0 && _segments[i] != _current;)
            {
                _segments[i].Delete();
                _segments.RemoveAt(i);
            }
        }
    }

    /// <summary>
    /// Keeps a settled record beside the segments, on the disk when this returns: whoever has it elsewhere in the journal may then say
    /// <see cref="Done"/> there.
    /// </summary>
    public void Park(UsageRecord record)
    {
        lock (_gate)
        {
            _parked ??= Create($"parked-{_current.Number:D10}.log", _current.Number);
            _parked.Write(EntryOf(JournalMark.Settled, record));
            _parked.Open++;
            RandomAccess.FlushToDisk(_parked.Handle);
        }
    }

    /// <summary>A record that was parked since the start has been applied.</summary>
    public void Unpark()
    {
        lock (_gate)
        {
            if (--_parked!.Open == 0)
            {
                _parked.Delete();
                _parked = null;
            }
        }
    }

    /// <summary>Forces what was appended to the disk; called once a second.</summary>
    public void Flush()
    {
        Segment? segment = null;
        lock (_gate)
        {
            if (_dirty)
            {
                _dirty = false;
                segment = _current;
            }
        }
        if (segment is not null)
        {
            try
            {
                RandomAccess.FlushToDisk(segment.Handle);
            }
            catch (ObjectDisposedException)
            {
                // The segment was applied and deleted in the meantime: nothing in it is needed any more.
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var segment in _segments)
            {
                if (segment.Open == 0)
                {
                    segment.Delete();
                }
                else
                {
                    segment.Handle.Dispose();
                }
            }
            _segments.Clear();
            _parked?.Handle.Dispose();
        }
        _owner.Dispose();
    }

    private void Rotate()
    {
        RandomAccess.FlushToDisk(_current.Handle);
        _current = Open(_current.Number + 1);
    }

    private Segment Open(long number)
    {
        var segment = Create($"journal-{number:D10}.log", number);
        _segments.Add(segment);
        return segment;
    }

    private Segment Create(string name, long number)
    {
        var path = Path.Combine(_directory, name);
        return new Segment(number, path, File.OpenHandle(path, FileMode.Create, FileAccess.Write, FileShare.Read));
    }

    /// <summary>Valid until the next entry.</summary>
    private ReadOnlySpan<byte> EntryOf(JournalMark mark, UsageRecord record)
    {
        _space.ResetWrittenCount();
        _space.GetSpan(HeaderSize + 1)[HeaderSize] = (byte)mark;
        _space.Advance(HeaderSize + 1);
        record.WriteTo(_space);

        // ArrayBufferWriter hands out its memory read-only; the header is written last, when length and checksum are known.
        var entry = System.Runtime.InteropServices.MemoryMarshal.AsMemory(_space.WrittenMemory).Span;
        BinaryPrimitives.WriteInt32LittleEndian(entry, entry.Length - HeaderSize);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[sizeof(int)..], Crc32.HashToUInt32(entry[HeaderSize..]));
        return entry;
    }

    private static string ReadOrMakeId(FileStream file)
    {
        Span<byte> text = stackalloc byte[32];
        if (file.ReadAtLeast(text, text.Length, throwOnEndOfStream: false) == text.Length)
        {
            return System.Text.Encoding.ASCII.GetString(text);
        }
        var id = Guid.NewGuid().ToString("N");
        file.SetLength(0);
        file.Write(System.Text.Encoding.ASCII.GetBytes(id));
        file.Flush(flushToDisk: true);
        return id;
    }

    private static long NumberOf(string path) => long.Parse(Path.GetFileNameWithoutExtension(path).Split('-')[1]);

    private static List<UsageRecord> ReadLeft(IReadOnlyList<string> files)
    {
        var order = new List<string>();
        var last = new Dictionary<string, (JournalMark Mark, UsageRecord Record)>(StringComparer.Ordinal);
        foreach (var file in files)
        {
            var bytes = File.ReadAllBytes(file).AsSpan();
            while (TryReadEntry(ref bytes, out var mark, out var record))
            {
                if (!last.TryGetValue(record.RequestId, out var known))
                {
                    order.Add(record.RequestId);
                }
                else if (known.Mark == JournalMark.Settled)
                {
                    continue;
                }
                last[record.RequestId] = (mark, record);
            }
        }
        return order.Select(id => last[id]).Where(entry => entry.Mark != JournalMark.Dropped).Select(entry => entry.Record).ToList();
    }

    /// <summary>False at the end of the file, or where the dying process left half an entry.</summary>
    private static bool TryReadEntry(ref Span<byte> bytes, out JournalMark mark, out UsageRecord record)
    {
        mark = default;
        record = null!;
        if (bytes.Length < HeaderSize + 1)
        {
            return false;
        }
        var length = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        if (length is < 1 or > MaxEntry || length > bytes.Length - HeaderSize)
        {
            return false;
        }
        var payload = bytes.Slice(HeaderSize, length);
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[sizeof(int)..]) != Crc32.HashToUInt32(payload))
        {
            return false;
        }
        mark = (JournalMark)payload[0];
        record = UsageRecord.Read(payload[1..]);
        bytes = bytes[(HeaderSize + length)..];
        return true;
    }

    /// <summary>One file of the journal.</summary>
    internal sealed class Segment(long number, string path, Microsoft.Win32.SafeHandles.SafeFileHandle handle)
    {
        public long Number => number;

        public Microsoft.Win32.SafeHandles.SafeFileHandle Handle => handle;

        public long Length { get; private set; }

        /// <summary>Calls whose entries began here and are not done.</summary>
        public int Open { get; set; }

        public void Write(ReadOnlySpan<byte> entry)
        {
            RandomAccess.Write(handle, entry, Length);
            Length += entry.Length;
        }

        public void Delete()
        {
            handle.Dispose();
            File.Delete(path);
        }
    }
}
