using System.Text;
using CsCheck;
using NewApi.Protocols;
using NewApi.Testing;

namespace NewApi.Protocols.Tests;

public sealed class SseFrameBufferTests
{
    [Theory]
    [InlineData("data: a\n\ndata: b\n\n", "data: a\n\n|data: b\n\n")]
    [InlineData("data: a\r\n\r\ndata: b\r\n\r\n", "data: a\r\n\r\n|data: b\r\n\r\n")]
    [InlineData("data: a\r\rdata: b\r\r", "data: a\r\r|data: b\r\r")]
    [InlineData("data: a\n\r\ndata: b\r\n\n", "data: a\n\r\n|data: b\r\n\n")]
    [InlineData("event: x\ndata: a\n\n\n\ndata: b\n\n", "event: x\ndata: a\n\n|\n\ndata: b\n\n")]
    [InlineData("\n\r\n: comment\n\n", "\n\r\n: comment\n\n")]
    public void Frames_end_with_their_blank_line(string stream, string frames)
    {
        Assert.Equal(frames.Split('|'), Frames(Encoding.UTF8.GetBytes(stream), stream.Length));
    }

    [Fact]
    public void Frames_do_not_depend_on_how_the_bytes_came()
    {
        var piece = Pick.Of("data: x", "event: e", ": c", "\n", "\r\n", "\r", "\n\n", "\r\n\r\n", "data", "");

        Gen.Select(piece.Array[0, 30], Gen.Int[1, 7]).Sample((pieces, size) =>
        {
            var bytes = Encoding.UTF8.GetBytes(string.Concat(pieces));
            return Frames(bytes, Math.Max(1, bytes.Length)).SequenceEqual(Frames(bytes, size));
        });
    }

    [Fact]
    public void Nothing_is_lost_but_blank_lines_at_the_very_end()
    {
        var piece = Pick.Of("data: x", "event: e", "\n", "\r\n", "\r", "\n\n");

        piece.Array[0, 30].Sample(pieces =>
        {
            var stream = string.Concat(pieces);
            var joined = string.Concat(Frames(Encoding.UTF8.GetBytes(stream), 3));
            return stream.StartsWith(joined, StringComparison.Ordinal) && stream[joined.Length..].Trim('\r', '\n').Length == 0;
        });
    }

    [Fact]
    public void Frame_larger_than_the_bound_is_an_error_of_its_own_kind()
    {
        using var buffer = new SseFrameBuffer(maxFrameBytes: 5000);
        var error = Assert.Throws<SseFrameTooLargeException>(() =>
        {
            for (var i = 0; i < 6000; i++)
            {
                buffer.GetMemory().Span[0] = (byte)'x';
                buffer.Advance(1);
                Assert.False(buffer.TryReadFrame(out _));
            }
        });

        Assert.Equal(5000, error.Limit);
    }

    [Fact]
    public void Frame_of_a_megabyte_passes()
    {
        var stream = Encoding.UTF8.GetBytes("data: " + new string('x', 1 << 20) + "\n\ndata: y\n\n");

        var frames = Frames(stream, 4093);

        Assert.Equal(2, frames.Count);
        Assert.Equal(stream.Length, frames.Sum(frame => frame.Length));
    }

    [Fact]
    public void Long_stream_of_small_frames_allocates_nothing()
    {
        using var buffer = new SseFrameBuffer();
        var frame = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hello\"}}]}\n\n"u8.ToArray();

        Assert.Equal(0, Allocations.Of(() => Pass(buffer, frame, 10_000)));
    }

    [Theory]
    [InlineData("event: e\ndata: x\n\n", "e", "x")]
    [InlineData("data:x\n\n", "", "x")]
    [InlineData("data:  x\n\n", "", " x")]
    [InlineData("data\n\n", "", "")]
    [InlineData("data: a\ndata: b\r\ndata: c\n\n", "", "a\nb\nc")]
    [InlineData("id: 4\nretry: 1\ndatabase: z\neventful: q\ndata: a\n\n", "", "a")]
    [InlineData(": ping\n\n", "", "")]
    [InlineData("\uFEFFdata: a\n\n", "", "a")]
    public void Fields_of_a_frame_are_read(string frame, string name, string data)
    {
        byte[]? scratch = null;

        var read = SseFrame.Read(Encoding.UTF8.GetBytes(frame), ref scratch);

        Assert.Equal(name, Encoding.UTF8.GetString(read.Event));
        Assert.Equal(data, Encoding.UTF8.GetString(read.Data));
        Assert.Equal(frame.Contains("data\n", StringComparison.Ordinal) || frame.Contains("data:", StringComparison.Ordinal), read.HasData);
    }

    private static void Pass(SseFrameBuffer buffer, byte[] frame, int times)
    {
        for (var i = 0; i < times; i++)
        {
            frame.CopyTo(buffer.GetMemory());
            buffer.Advance(frame.Length);
            if (!buffer.TryReadFrame(out var read) || read.Length != frame.Length)
            {
                throw new InvalidOperationException("A frame was lost.");
            }
        }
    }

    private static List<string> Frames(byte[] bytes, int size)
    {
        using var buffer = new SseFrameBuffer();
        var frames = new List<string>();
        for (var at = 0; at < bytes.Length; at += size)
        {
            var piece = bytes.AsMemory(at, Math.Min(size, bytes.Length - at));
            while (!piece.IsEmpty)
            {
                var room = buffer.GetMemory();
                var count = Math.Min(room.Length, piece.Length);
                piece[..count].CopyTo(room);
                buffer.Advance(count);
                piece = piece[count..];
            }

            while (buffer.TryReadFrame(out var frame))
            {
                frames.Add(Encoding.UTF8.GetString(frame.Span));
            }
        }

        if (buffer.TryReadRest(out var rest))
        {
            frames.Add(Encoding.UTF8.GetString(rest.Span));
        }

        return frames;
    }
}
