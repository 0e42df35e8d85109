using System.Text;
using CsCheck;
using NewApi.Domain.Tokens;

namespace NewApi.Domain.Tests.Tokens;

public class TokenEstimateTests
{
    // Words, numbers, blanks, scripts, emoji, and bytes that are not UTF-8 at all.
    private static readonly Gen<byte[]> Text = Gen.OneOf(
        Gen.String[Gen.Char["abz AZ09 \n\t\r@/:?&=;#%.,!-_'\"{}"], 0, 200].Select(Encoding.UTF8.GetBytes),
        OneOf("word", "1234567", " ", "世界", "ä", "한글", "かな", "😀", "👍🏽", "∑", "≤", "¡", "ทดสอบ", "\u0301", "\n", "x@y.z", "http://a/b?c=d")
            .Array[0, 60].Select(parts => Encoding.UTF8.GetBytes(string.Concat(parts))),
        Gen.Byte.Array[0, 150],
        Gen.Select(OneOf("a", "ä", "7", "é9", " ", "世"), Gen.Int[0, 200], (part, times) =>
            Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(part, times)))));

    private static readonly Gen<TokenFamily> Family = Gen.Enum<TokenFamily>();

    [Theory]
    [InlineData("claude-3-opus", "Hello, world!", 4)] // example 41: 1.13 + 0.4 + 0.39 + 1.13 + 0.4 = 3.45
    [InlineData("gemini-2.5-pro", "Hello, world!", 4)] // 1.15 + 0.38 + 0.2 + 1.15 + 0.38 = 3.26
    [InlineData("qwen-plus", "abc123", 3)] // 1.02 + 1.55: a digit ends a word
    [InlineData("qwen-plus", "世界", 2)] // 2 x 0.85
    [InlineData("qwen-plus", "größe", 2)] // one word
    [InlineData("qwen-plus", "a@b", 5)] // 1.02 + 2 + 1.02
    [InlineData("qwen-plus", "😀", 3)]
    [InlineData("qwen-plus", "∑", 3)]
    [InlineData("qwen-plus", "\n\t", 1)]
    [InlineData("qwen-plus", "", 0)]
    public void Characters_weigh_by_class_and_family(string model, string text, long expected)
    {
        var estimate = TokenEstimate.For(model);

        estimate.Add(Encoding.UTF8.GetBytes(text));

        Assert.Equal(expected, estimate.Total);
    }

    [Fact]
    public void Cut_at_any_byte_gives_the_same_sum() =>
        Gen.Select(Text, Family).Sample((text, family) =>
        {
            var whole = Whole(text, family);
            for (var cut = 0; cut <= text.Length; cut++)
            {
                var parts = new TokenEstimate(family);
                parts.Add(text.AsSpan(0, cut));
                parts.Add(text.AsSpan(cut));
                Assert.Equal(whole, parts.Total);
            }
        });

    [Fact]
    public void Byte_by_byte_gives_the_same_sum() =>
        Gen.Select(Text, Family).Sample((text, family) =>
        {
            var single = new TokenEstimate(family);
            foreach (var octet in text)
            {
                single.Add([octet]);
            }

            Assert.Equal(Whole(text, family), single.Total);
        });

    [Fact]
    public void More_text_never_means_fewer_tokens() =>
        Gen.Select(Text, Text, Family).Sample((text, more, family) =>
            Assert.True(Whole([.. text, .. more], family) >= Whole(text, family)));

    [Fact]
    public void Utf16_counts_like_utf8() =>
        Gen.String[0, 1500].Sample(text =>
        {
            var utf16 = new TokenEstimate(TokenFamily.Other);
            utf16.Add(text.AsSpan());
            Assert.Equal(Whole(Encoding.UTF8.GetBytes(text), TokenFamily.Other), utf16.Total);
        });

    [Fact]
    public void Text_without_blanks_is_not_nearly_free()
    {
        var estimate = new TokenEstimate(TokenFamily.Other);

        estimate.Add(Encoding.UTF8.GetBytes(new string('ä', 100_000)));

        Assert.InRange(estimate.Total, 3000, 100_000);
    }

    private static Gen<string> OneOf(params string[] choices) => Gen.Int[0, choices.Length - 1].Select(index => choices[index]);

    private static long Whole(byte[] text, TokenFamily family)
    {
        var estimate = new TokenEstimate(family);
        estimate.Add(text);
        return estimate.Total;
    }
}
