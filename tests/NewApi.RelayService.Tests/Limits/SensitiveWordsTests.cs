using System.Text;
using NewApi.Domain.Options;
using NewApi.RelayService.Limits;
using NewApi.Testing;

namespace NewApi.RelayService.Tests.Limits;

/// <summary>Where in a body a word is found, and what looking for it costs.</summary>
public sealed class SensitiveWordsTests
{
    private const int Piece = 64 * 1024;

    private static readonly SensitiveWords Words = From("bomb\nбомба\na/b\n😀😈");

    [Theory]
    [InlineData("bOmB")]
    [InlineData("Бомба")]
    [InlineData("😀😈")]
    [InlineData("b\\u006fmb")]
    [InlineData("\\u0431ом\\u0411\\u0430")]
    [InlineData("\\ud83d\\ude00\\uD83D\\uDE08")]
    [InlineData("\\ud83d\\ud83d\\ude00😈")]
    [InlineData("a\\/b")]
    [InlineData("\\\\bomb\\n")]
    public void Word_is_found_wherever_pieces_begin_and_end(string word)
    {
        for (var before = Piece - 80; before < Piece + 10; before++)
        {
            Assert.NotNull(Words.Check(Body(new string('x', before) + word + "y")));
        }
    }

    [Theory]
    [InlineData("bom\\\\b")]
    [InlineData("b\\\\u006fmb")]
    [InlineData("😀\\ud83d")]
    [InlineData("a\\\\/b")]
    public void What_only_looks_like_a_word_is_none_wherever_pieces_begin_and_end(string text)
    {
        for (var before = Piece - 80; before < Piece + 10; before++)
        {
            Assert.Null(Words.Check(Body(new string('x', before) + text + "y")));
        }
    }

    [Theory]
    [InlineData("""{"bomb":"boat"}""", false)]
    [InlineData("""{"a":"\ud83d","b":"bo\u006db"}""", true)]
    [InlineData("""{"a":"\ud83d","bo\u006db":"b"}""", false)]
    [InlineData("name=bomb", true)]
    [InlineData("name=boat", false)]
    [InlineData("", false)]
    public void Only_strings_of_json_count_and_all_of_what_is_none(string body, bool found) =>
        Assert.Equal(found, Words.Check(Encoding.UTF8.GetBytes(body)) is not null);

    [Fact]
    public void Bytes_that_are_no_text_hide_nothing() =>
        Assert.NotNull(Words.Check([.. "{\"a\":\""u8, 0xFF, 0xC3, .. "\",\"b\":\"b\\u006fmb\"}"u8]));

    [Theory]
    [InlineData("Hello")]
    [InlineData("Caf\\u00e9")]
    public void Small_chat_is_looked_through_without_allocation(string prompt)
    {
        var body = Encoding.UTF8.GetBytes($$"""{"model":"gpt-4o","messages":[{"role":"user","content":"{{prompt}}"}]}""");

        Assert.Equal(0, Allocations.Of(() => Words.Check(body)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\\ud83d")]
    public void Large_body_costs_no_more_memory_than_a_small_one(string escape)
    {
        var body = Body(new string('y', 20 << 20) + escape);
        var before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Null(Words.Check(body));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    private static byte[] Body(string text) => Encoding.UTF8.GetBytes($$"""{"messages":[{"role":"user","content":"{{text}}"}]}""");

    private static SensitiveWords From(string words) =>
        SensitiveWords.From(GatewayOptions.Parse(new Dictionary<string, string> { ["SensitiveWords"] = words }, out _))!;
}
