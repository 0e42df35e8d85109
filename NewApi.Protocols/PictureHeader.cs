using System.Buffers.Binary;

namespace NewApi.Protocols;

/// <summary>Reads the size of a picture from the beginning of its file: PNG, JPEG, GIF, WebP or BMP.</summary>
public static class PictureHeader
{
    /// <summary>What is worth looking at: a JPEG may have a preview and a colour profile before its size.</summary>
    public const int MostBytes = 96 * 1024;

    public static bool TryRead(ReadOnlySpan<byte> file, out int width, out int height)
    {
        (width, height) = (0, 0);
        if (file.Length < 30)
        {
            return file.Length >= 10 && file.StartsWith("GIF8"u8) && Take(Short(file[6..]), Short(file[8..]), out width, out height);
        }

        return file[0] switch
        {
            0x89 when file[1..].StartsWith("PNG\r\n"u8) => Take(
                BinaryPrimitives.ReadUInt32BigEndian(file[16..]), BinaryPrimitives.ReadUInt32BigEndian(file[20..]), out width, out height),
            0xFF when file[1] == 0xD8 => ReadJpeg(file[2..], out width, out height),
            (byte)'G' when file.StartsWith("GIF8"u8) => Take(Short(file[6..]), Short(file[8..]), out width, out height),
            (byte)'R' when file[8..].StartsWith("WEBPVP8"u8) => ReadWebP(file, out width, out height),
            // The height of a picture that is told from the top is negative.
            (byte)'B' when file[1] == 'M' => Take(
                Math.Abs((long)BinaryPrimitives.ReadInt32LittleEndian(file[18..])),
                Math.Abs((long)BinaryPrimitives.ReadInt32LittleEndian(file[22..])),
                out width,
                out height),
            _ => false,
        };
    }

    /// <summary>Segments <c>FF kind length…</c> up to the frame header, whose kind is C0 to CF without C4, C8 and CC.</summary>
    private static bool ReadJpeg(ReadOnlySpan<byte> segments, out int width, out int height)
    {
        (width, height) = (0, 0);
        while (segments.Length >= 9 && segments[0] == 0xFF)
        {
            var kind = segments[1];
            if (kind == 0xFF)
            {
                // Fill byte.
                segments = segments[1..];
                continue;
            }

            if (kind is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC))
            {
                return Take(
                    BinaryPrimitives.ReadUInt16BigEndian(segments[7..]), BinaryPrimitives.ReadUInt16BigEndian(segments[5..]), out width, out height);
            }

            var length = 2 + BinaryPrimitives.ReadUInt16BigEndian(segments[2..]);
            segments = length < segments.Length ? segments[length..] : default;
        }

        return false;
    }

    /// <summary>Lossy (<c>VP8 </c>), lossless (<c>VP8L</c>) and extended (<c>VP8X</c>).</summary>
    private static bool ReadWebP(ReadOnlySpan<byte> file, out int width, out int height)
    {
        switch (file[15])
        {
            case (byte)'X':
                return Take(1 + Triple(file[24..]), 1 + Triple(file[27..]), out width, out height);
            case (byte)'L':
                var packed = BinaryPrimitives.ReadUInt32LittleEndian(file[21..]);
                return Take(1 + (packed & 0x3FFF), 1 + ((packed >> 14) & 0x3FFF), out width, out height);
            default:
                return Take(Short(file[26..]) & 0x3FFF, Short(file[28..]) & 0x3FFF, out width, out height);
        }
    }

    private static int Short(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt16LittleEndian(bytes);

    private static int Triple(ReadOnlySpan<byte> bytes) => bytes[0] | (bytes[1] << 8) | (bytes[2] << 16);

    private static bool Take(long across, long down, out int width, out int height)
    {
        var known = across is > 0 and <= int.MaxValue && down is > 0 and <= int.MaxValue;
        (width, height) = known ? ((int)across, (int)down) : (0, 0);
        return known;
    }
}
