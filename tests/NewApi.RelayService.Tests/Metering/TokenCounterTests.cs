using System.Diagnostics;
using System.Text;
using NewApi.Domain.Tokens;
using NewApi.RelayService.Metering;

namespace NewApi.RelayService.Tests.Metering;

public class TokenCounterTests
{
    private static readonly TokenCounter Counter = new();

    [Theory]
    [InlineData("gpt-4o", "hello world", 2)]
    [InlineData("gpt-4", "hello world", 2)]
    [InlineData("gpt-4o", "Antidisestablishmentarianism", 6)]
    [InlineData("gpt-4", "Antidisestablishmentarianism", 6)]
    [InlineData("gpt-4o", "你好，世界", 3)]
    [InlineData("gpt-4", "你好，世界", 6)]
    [InlineData("o3-mini", "", 0)]
    public void Models_of_the_openai_family_are_counted_exactly(string model, string text, long expected) =>
        Assert.Equal(expected, Counter.Count(model, Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void Other_models_are_estimated()
    {
        Assert.False(TokenCounter.HasTokenizer("claude-sonnet-4-5"));
        Assert.Equal(4, Counter.Count("claude-sonnet-4-5", "Hello, world!"u8));
    }

    [Fact]
    public void Slices_count_like_the_whole()
    {
        const string Sentence = "The quick brown fox jumps over the lazy dog and thinks about it. ";
        var one = Counter.Count("gpt-4o", Encoding.UTF8.GetBytes(Sentence));
        var text = string.Concat(Enumerable.Repeat(Sentence, 500));

        var many = Counter.Count("gpt-4o", Encoding.UTF8.GetBytes(text));

        Assert.InRange(many, 500 * (one - 1), 500 * one);
    }

    [Fact]
    public void Beyond_the_budget_text_is_estimated()
    {
        var text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("word ", 100_000)));

        var tokens = Counter.Count("gpt-4o", text);

        Assert.InRange(tokens, 90_000, 160_000);
    }

    [Theory]
    [InlineData("ä")]
    [InlineData("a")]
    [InlineData("!")]
    [InlineData(" ")]
    [InlineData("\n")]
    [InlineData("7")]
    [InlineData("世")]
    [InlineData("😀")]
    [InlineData("aA")]
    [InlineData("<|endoftext|>")]
    public void Text_that_cannot_be_cut_takes_no_longer_than_prose(string unit)
    {
        Counter.Count("gpt-4o", "load"u8);
        var text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(unit, 100_000)));
        var started = Stopwatch.GetTimestamp();

        var tokens = Counter.Count("gpt-4o", text);

        // Tens of milliseconds; the square of it would be the better part of a minute.
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(10));
        Assert.InRange(tokens, 1, text.Length);
    }

    [Fact]
    public void Bytes_that_are_not_text_are_counted_too()
    {
        var bytes = new byte[100_000];
        new Random(1).NextBytes(bytes);

        Assert.InRange(Counter.Count("gpt-4o", bytes), 1, 2 * bytes.Length);
    }

    [Fact]
    public void Estimate_needs_no_tokenizer()
    {
        var estimate = new TokenEstimate(TokenFamily.Other);
        estimate.Add("some text 123"u8);

        Assert.Equal(estimate.Total, TokenCounter.Estimate("gpt-4o", "some text 123"u8));
    }
}
