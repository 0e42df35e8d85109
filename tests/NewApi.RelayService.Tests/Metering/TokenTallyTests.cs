using System.Text;
using NewApi.Domain;
using NewApi.Protocols;
using NewApi.RelayService.Metering;

namespace NewApi.RelayService.Tests.Metering;

public class TokenTallyTests
{
    /// <summary>The head of a picture of 1024 by 1024.</summary>
    private const string Png = "iVBORw0KGgoAAAANSUhEUgAABAAAAAQACAYAAAB/HSuD";

    private static readonly TokenCounter Counter = new();

    [Theory]
    [InlineData("gpt-4o", 2)]
    [InlineData("claude-sonnet-4-5", 3)]
    public void Text_is_counted_by_the_models_own_rules(string model, long expected)
    {
        var tally = new TokenTally(model, Counter);

        tally.Text("hello world"u8);

        Assert.Equal(expected, tally.Total);
    }

    [Fact]
    public void Estimated_text_may_come_in_pieces()
    {
        var whole = new TokenTally("llama", Counter);
        whole.Text("Grüße aus Köln"u8);
        var pieces = new TokenTally("llama", Counter);
        foreach (var octet in "Grüße aus Köln"u8.ToArray())
        {
            pieces.Text([octet]);
        }

        Assert.Equal(whole.Total, pieces.Total);
    }

    [Theory]
    [InlineData("gpt-4o", $$"""{"url":"data:image/png;base64,{{Png}}"}""", 765)]
    [InlineData("gpt-4o", $$"""{"url":"data:image/png;base64,{{Png}}","detail":"low"}""", 85)]
    [InlineData("gpt-5", $$"""{"url":"data:image/png;base64,{{Png}}"}""", 630)]
    [InlineData("gpt-4o", """{"detail":"low","url":"https://e.com/a.png"}""", 85)]
    [InlineData("gpt-4o", """{"url":"https://e.com/a.png"}""", 0)]
    [InlineData("claude-sonnet-4-5", $$"""{"url":"data:image/png;base64,{{Png}}"}""", 0)]
    public void Pictures_are_measured_where_the_size_counts(string model, string image, long expected)
    {
        var tally = new TokenTally(model, Counter);
        var body = $$$"""{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{{{image}}}}]}]}""";

        RequestScanner.ReadPrompt(Dialect.OpenAIChat, Encoding.UTF8.GetBytes(body), tally);

        Assert.Equal((expected, expected == 0 ? 0 : 1), (tally.Total, tally.Pictures));
    }
}
