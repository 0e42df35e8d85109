using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Tests.Codecs;

/// <summary>A stream is metered the same whether it passes as it is or is told anew: two readers, one truth.</summary>
public sealed class TranslatedFactsTests
{
    public static TheoryData<string> Streams =>
        [.. GoldenFile.Streams().Select(row => row.Data).Where(path => Translations.Dialects.Contains(new GoldenFile(path).Dialect))];

    [Theory, MemberData(nameof(Streams))]
    public void Translator_knows_of_a_stream_what_a_tap_knows(string path)
    {
        var golden = new GoldenFile(path);
        var tap = StreamTap.Create(golden.Dialect);
        var translator = new StreamTranslator(
            golden.Dialect, Translations.RelativesOf(golden.Dialect)[0], new System.Buffers.ArrayBufferWriter<byte>(), Translate.Context);
        Told.Frames(golden.Bytes, int.MaxValue, frame =>
        {
            // Usage on its own is nothing that a translator has to swallow.
            var expected = tap.Observe(frame.Span) & ~FrameKind.UsageOnly;
            var kind = translator.Observe(frame.Span);
            Assert.Equal((expected, Facts(tap)), (kind, Facts(translator)));
        });

        // Calls of tools that the upstream runs itself are told to nobody.
        Assert.InRange(translator.ToolCalls, 0, tap.ToolCalls);
        var least = translator.ToolCalls < tap.ToolCalls ? 0 : tap.EstimatedOutput * 9 / 10;
        Assert.InRange(translator.EstimatedOutput, least, (tap.EstimatedOutput * 11 / 10) + 10);
        Assert.Equal(tap.Error, translator.Error);
    }

    private static (string Usage, bool UsageComplete, bool Delivered, bool Finished, int Malformed) Facts(StreamTap tap) =>
        ($"{tap.Usage} {string.Join(';', tap.Usage.Tools?.AsEnumerable() ?? [])}", tap.UsageComplete, tap.Delivered, tap.Finished, tap.MalformedFrames);
}
