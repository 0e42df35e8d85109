using System.Text;
using NewApi.Domain.Tokens;
using NewApi.Protocols;

namespace NewApi.Protocols.Tests;

/// <summary>Streams of real providers' making: what is read from them, however the network cuts them.</summary>
public sealed class GoldenStreamTests
{
    public static TheoryData<string> Streams => GoldenFile.Streams();

    public static TheoryData<string> Answers => GoldenFile.Answers();

    [Theory, MemberData(nameof(Streams))]
    public void Stream_is_read_as_expected(string path)
    {
        var golden = new GoldenFile(path);

        golden.AssertExpected(Feed(golden, golden.Bytes, int.MaxValue, out var passed));

        Assert.Equal(Encoding.UTF8.GetString(golden.Bytes), passed);
    }

    [Theory, MemberData(nameof(Streams))]
    public void Stream_cut_at_every_byte_is_read_the_same(string path)
    {
        var golden = new GoldenFile(path);
        var bytes = golden.Bytes;
        var whole = Feed(golden, bytes, int.MaxValue, out _);

        for (var cut = 1; cut < bytes.Length; cut++)
        {
            AssertSame(whole, Feed(golden, bytes, cut, out _));
        }
    }

    [Theory, MemberData(nameof(Streams))]
    public void Stream_that_comes_byte_by_byte_is_read_the_same(string path)
    {
        var golden = new GoldenFile(path);
        var bytes = golden.Bytes;
        var whole = Feed(golden, bytes, int.MaxValue, out var expected);
        using var buffer = new SseFrameBuffer();
        var tap = StreamTap.Create(golden.Dialect);
        var frames = new List<string>();
        var passed = new StringBuilder();

        foreach (var one in bytes)
        {
            buffer.GetMemory().Span[0] = one;
            buffer.Advance(1);
            Drain(buffer, tap, frames, passed);
        }

        Rest(buffer, tap, frames, passed);
        AssertSame(whole, TapFacts.Of(tap, frames));
        Assert.Equal(expected, passed.ToString());
    }

    [Theory, MemberData(nameof(Streams))]
    public void Stream_that_ends_at_any_byte_throws_nothing_and_invents_nothing(string path)
    {
        var golden = new GoldenFile(path);
        var bytes = golden.Bytes;
        var whole = Feed(golden, bytes, int.MaxValue, out _);

        for (var length = 0; length < bytes.Length; length++)
        {
            var facts = Feed(golden, bytes[..length], int.MaxValue, out _);

            Assert.True(facts.DeliveredBytes <= whole.DeliveredBytes, $"More delivered in {length} bytes than in all.");
            Assert.True((facts.Usage.Output ?? 0) <= (whole.Usage.Output ?? 0), $"More output in {length} bytes than in all.");
        }
    }

    [Theory, MemberData(nameof(Answers))]
    public void Whole_answer_is_read_as_expected(string path)
    {
        var golden = new GoldenFile(path);
        var facts = ReplyReader.Read(golden.Dialect, golden.Bytes);

        golden.AssertExpected(new
        {
            facts.Usage,
            facts.Delivered,
            facts.FinishReason,
            facts.ToolCalls,
            facts.Error,
            EstimatedOutput = Estimate(golden) + (7 * facts.ToolCalls),
        });
    }

    [Theory, MemberData(nameof(Answers))]
    public void Whole_answer_cut_anywhere_is_an_error_or_an_answer_never_an_exception(string path)
    {
        var golden = new GoldenFile(path);
        var bytes = golden.Bytes;

        for (var length = 0; length < bytes.Length; length++)
        {
            _ = ReplyReader.Read(golden.Dialect, bytes.AsSpan(0, length));
        }
    }

    private static long Estimate(GoldenFile golden)
    {
        var text = new EstimatedText();
        ReplyReader.ReadText(golden.Dialect, golden.Bytes, text);
        return text.Total;
    }

    private static TapFacts Feed(GoldenFile golden, byte[] bytes, int cut, out string passed)
    {
        using var buffer = new SseFrameBuffer();
        var tap = StreamTap.Create(golden.Dialect);
        var frames = new List<string>();
        var text = new StringBuilder();
        var first = Math.Min(cut, bytes.Length);
        Write(buffer, bytes.AsSpan(0, first));
        Drain(buffer, tap, frames, text);
        Write(buffer, bytes.AsSpan(first));
        Drain(buffer, tap, frames, text);
        Rest(buffer, tap, frames, text);
        passed = text.ToString();
        return TapFacts.Of(tap, frames);
    }

    private static void AssertSame(TapFacts expected, TapFacts actual)
    {
        Assert.Equal(expected.Frames, actual.Frames);
        Assert.Equal(expected, actual with { Frames = expected.Frames });
    }

    private static void Write(SseFrameBuffer buffer, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var room = buffer.GetMemory().Span;
            var count = Math.Min(room.Length, bytes.Length);
            bytes[..count].CopyTo(room);
            buffer.Advance(count);
            bytes = bytes[count..];
        }
    }

    private static void Drain(SseFrameBuffer buffer, StreamTap tap, List<string> frames, StringBuilder passed)
    {
        while (buffer.TryReadFrame(out var frame))
        {
            frames.Add(tap.Observe(frame.Span).ToString());
            passed.Append(Encoding.UTF8.GetString(frame.Span));
        }
    }

    private static void Rest(SseFrameBuffer buffer, StreamTap tap, List<string> frames, StringBuilder passed)
    {
        var left = buffer.Pending;
        if (buffer.TryReadRest(out var rest))
        {
            frames.Add("rest: " + tap.Observe(rest.Span));
            passed.Append(Encoding.UTF8.GetString(rest.Span));
        }
        else if (left > 0)
        {
            // Only line ends are dropped.
            passed.Append('\n', left);
        }
    }

    private sealed class EstimatedText : TextTally
    {
        private TokenEstimate _estimate = new(TokenFamily.Other);

        public long Total => _estimate.Total;

        public override void Text(ReadOnlySpan<byte> utf8) => _estimate.Add(utf8);
    }
}
