using System.Buffers.Binary;

namespace NewApi.Protocols.Sound;

/// <summary>How long the sound in a whole file is: besides what <see cref="SoundMeter"/> knows, MP4 (m4a) and WebM.</summary>
public static class SoundFile
{
    /// <summary>Null when the file is of a kind that is not known, or damaged.</summary>
    public static decimal? Seconds(ReadOnlySpan<byte> file)
    {
        if (file.Length > 8 && file[4..].StartsWith("ftyp"u8))
        {
            return SoundMeter.Believable(Mp4Seconds(file));
        }

        if (file.StartsWith((ReadOnlySpan<byte>)[0x1A, 0x45, 0xDF, 0xA3]))
        {
            return SoundMeter.Believable(WebMSeconds(file));
        }

        var meter = new SoundMeter();
        meter.Observe(file);
        return meter.Seconds;
    }

    /// <summary>Boxes: length, name, content. The length of the whole stands in <c>moov/mvhd</c>.</summary>
    private static decimal? Mp4Seconds(ReadOnlySpan<byte> file)
    {
        while (file.Length >= 8)
        {
            long size = BinaryPrimitives.ReadUInt32BigEndian(file);
            var name = file.Slice(4, 4);
            var header = 8;
            if (size == 1 && file.Length >= 16)
            {
                size = (long)Math.Min(BinaryPrimitives.ReadUInt64BigEndian(file[8..]), long.MaxValue);
                header = 16;
            }

            size = size == 0 ? file.Length : size;
            if (size < header)
            {
                return null;
            }

            if (name.SequenceEqual("moov"u8))
            {
                // Its own boxes follow.
                file = file[header..];
                continue;
            }

            if (name.SequenceEqual("mvhd"u8))
            {
                return MovieHeader(file[header..]);
            }

            file = size >= file.Length ? default : file[(int)size..];
        }

        return null;
    }

    private static decimal? MovieHeader(ReadOnlySpan<byte> box)
    {
        var wide = !box.IsEmpty && box[0] == 1;
        if (box.Length < (wide ? 32 : 20))
        {
            return null;
        }

        var scale = BinaryPrimitives.ReadUInt32BigEndian(box[(wide ? 20 : 12)..]);
        var duration = wide ? BinaryPrimitives.ReadUInt64BigEndian(box[24..]) : BinaryPrimitives.ReadUInt32BigEndian(box[16..]);
        return scale == 0 || duration == 0 ? null : duration / (decimal)scale;
    }

    /// <summary>
    /// Elements: id, length, content. Recorders that stream leave out the total; then the time of the last block tells.
    /// </summary>
    private static decimal? WebMSeconds(ReadOnlySpan<byte> file)
    {
        const uint Segment = 0x18538067, Info = 0x1549A966, Scale = 0x2AD7B1, Duration = 0x4489, Cluster = 0x1F43B675, ClusterTime = 0xE7,
            BlockGroup = 0xA0, Block = 0xA1, SimpleBlock = 0xA3;
        ulong nanoseconds = 1_000_000;
        ulong cluster = 0;
        ulong last = 0;
        while (TryReadElement(file, out var id, out var size, out var header))
        {
            file = file[header..];
            if (id is Segment or Info or Cluster or BlockGroup)
            {
                continue;
            }

            if (size > (ulong)file.Length)
            {
                break;
            }

            var content = file[..(int)size];
            switch (id)
            {
                case Scale:
                    nanoseconds = Math.Min(Number(content), 1_000_000_000);
                    break;
                case Duration when content.Length is 4 or 8:
                    var ticks = content.Length == 4 ? BinaryPrimitives.ReadSingleBigEndian(content) : BinaryPrimitives.ReadDoubleBigEndian(content);
                    if (ticks is > 0 and < 1e12)
                    {
                        return (decimal)ticks * nanoseconds / 1_000_000_000;
                    }

                    break;
                case ClusterTime:
                    cluster = Number(content);
                    last = Math.Max(last, cluster);
                    break;
                case Block or SimpleBlock when content.Length > 3:
                    var offset = BinaryPrimitives.ReadInt16BigEndian(content[1..]);
                    last = Math.Max(last, cluster + (ulong)Math.Max((int)offset, 0));
                    break;
            }

            file = file[(int)size..];
        }

        return last == 0 ? null : last * (decimal)nanoseconds / 1_000_000_000;
    }

    private static bool TryReadElement(ReadOnlySpan<byte> file, out uint id, out ulong size, out int header)
    {
        id = 0;
        size = 0;
        header = 0;
        if (file.IsEmpty)
        {
            return false;
        }

        var idLength = System.Numerics.BitOperations.LeadingZeroCount((uint)file[0]) - 23;
        if (idLength > 4 || file.Length <= idLength)
        {
            return false;
        }

        id = (uint)Number(file[..idLength]);
        var first = file[idLength];
        var sizeLength = System.Numerics.BitOperations.LeadingZeroCount((uint)first) - 23;
        header = idLength + sizeLength;
        if (sizeLength > 8 || file.Length < header)
        {
            return false;
        }

        // The first bit that is set marks the length of the number.
        size = Number(file.Slice(idLength, sizeLength)) & ((1UL << 7 * sizeLength) - 1);
        return true;
    }

    private static ulong Number(ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        foreach (var octet in bytes[..Math.Min(bytes.Length, 8)])
        {
            value = value << 8 | octet;
        }

        return value;
    }
}
