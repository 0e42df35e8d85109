namespace NewApi.Protocols;

/// <summary>The two fields of a raw frame that dialects use. Spans point into the frame, or into the scratch array for joined data.</summary>
public readonly ref struct SseFrame
{
    private SseFrame(ReadOnlySpan<byte> name, ReadOnlySpan<byte> data, bool hasData)
    {
        Event = name;
        Data = data;
        HasData = hasData;
    }

    /// <summary>The <c>event:</c> name; empty when the frame has none.</summary>
    public ReadOnlySpan<byte> Event { get; }

    /// <summary>The <c>data:</c> lines, joined by LF when there are several.</summary>
    public ReadOnlySpan<byte> Data { get; }

    /// <summary>False for comments and pings.</summary>
    public bool HasData { get; }

    /// <summary>Reads a raw frame. Allocates only for data of several lines, and then at most once per <paramref name="scratch"/>.</summary>
    public static SseFrame Read(ReadOnlySpan<byte> frame, ref byte[]? scratch)
    {
        ReadOnlySpan<byte> name = default;
        ReadOnlySpan<byte> data = default;
        var dataLines = 0;
        var joined = 0;
        if (frame.StartsWith("\uFEFF"u8))
        {
            frame = frame[3..];
        }

        while (!frame.IsEmpty)
        {
            var end = frame.IndexOfAny((byte)'\n', (byte)'\r');
            var line = end < 0 ? frame : frame[..end];
            frame = end < 0 ? default : frame[(end + 1)..];
            if (line.IsEmpty)
            {
                continue;
            }

            if (line.StartsWith("data"u8) && TryValue(line, 4, out var value))
            {
                dataLines++;
                if (dataLines == 1)
                {
                    data = value;
                    continue;
                }

                if (dataLines == 2)
                {
                    joined = Append(ref scratch, 0, data);
                }

                joined = Append(ref scratch, joined, "\n"u8);
                joined = Append(ref scratch, joined, value);
            }
            else if (line.StartsWith("event"u8) && TryValue(line, 5, out value))
            {
                name = value;
            }
        }

        return new SseFrame(name, dataLines > 1 ? scratch.AsSpan(0, joined) : data, dataLines > 0);
    }

    private static bool TryValue(ReadOnlySpan<byte> line, int nameLength, out ReadOnlySpan<byte> value)
    {
        if (line.Length == nameLength)
        {
            value = default;
            return true;
        }

        if (line[nameLength] != (byte)':')
        {
            value = default;
            return false;
        }

        value = line[(nameLength + 1)..];
        if (!value.IsEmpty && value[0] == (byte)' ')
        {
            value = value[1..];
        }

        return true;
    }

    private static int Append(ref byte[]? scratch, int length, ReadOnlySpan<byte> more)
    {
        if (scratch is null || scratch.Length < length + more.Length)
        {
            Array.Resize(ref scratch, Math.Max(256, (length + more.Length) * 2));
        }

        more.CopyTo(scratch.AsSpan(length));
        return length + more.Length;
    }
}
