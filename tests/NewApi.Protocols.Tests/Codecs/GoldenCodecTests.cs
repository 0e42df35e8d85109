using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Tests.Codecs;

/// <summary>The golden streams and answers again: what their readers tell the writers of other dialects.</summary>
public sealed class GoldenCodecTests
{
    public static TheoryData<string> Streams => [.. GoldenFile.Streams().Select(row => row.Data).Where(IsRead)];

    [Theory, MemberData(nameof(Streams))]
    public void Stream_is_told_as_expected(string path)
    {
        var golden = new GoldenFile(path);

        golden.AssertTold(Told.Of(golden.Dialect, golden.Bytes));
    }

    [Theory, MemberData(nameof(Streams))]
    public void Stream_cut_at_every_byte_is_told_the_same(string path)
    {
        var golden = new GoldenFile(path);
        var bytes = golden.Bytes;
        var whole = Told.Of(golden.Dialect, bytes);

        for (var cut = 1; cut < bytes.Length; cut++)
        {
            Assert.Equal(whole, Told.Of(golden.Dialect, bytes, cut));
        }
    }

    [Theory, MemberData(nameof(Streams))]
    public void Stream_that_ends_at_any_byte_tells_nothing_that_the_whole_does_not(string path)
    {
        var golden = new GoldenFile(path);
        var bytes = golden.Bytes;

        for (var length = 0; length < bytes.Length; length++)
        {
            Told.Of(golden.Dialect, bytes.AsSpan(0, length));
        }
    }

    private static bool IsRead(string path) => new GoldenFile(path).Dialect is Dialect.GeminiContent or Dialect.OpenAIResponses
        && Translations.Dialects.Contains(new GoldenFile(path).Dialect);
}
