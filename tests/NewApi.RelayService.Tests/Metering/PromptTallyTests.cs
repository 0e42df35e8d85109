using NewApi.Domain.Tokens;
using NewApi.RelayService.Metering;

namespace NewApi.RelayService.Tests.Metering;

public class PromptTallyTests
{
    [Fact]
    public void Chat_costs_more_than_its_text()
    {
        var tally = new PromptTally("gpt-4o", new TokenCounter());

        tally.Message();
        tally.Text("hello world"u8);
        tally.Name();
        tally.Tool();
        tally.Reply();

        Assert.Equal(3 + 2 + 3 + 8 + 3, tally.Total);
    }

    [Fact]
    public void Estimated_text_may_come_in_pieces()
    {
        var whole = new PromptTally("gpt-4o");
        whole.Text("Grüße aus Köln"u8);
        var pieces = new PromptTally("gpt-4o");
        foreach (var octet in "Grüße aus Köln"u8.ToArray())
        {
            pieces.Text([octet]);
        }

        Assert.Equal(whole.Total, pieces.Total);
    }

    [Theory]
    [InlineData("gpt-4o", 765)]
    [InlineData("claude-sonnet-4-5", 520)]
    [InlineData("glm-4v", 1047)]
    public void Images_cost_what_the_model_makes_of_them(string model, long expected)
    {
        var tally = new PromptTally(model);

        tally.Image(1024, 1024, lowDetail: false);

        Assert.Equal(expected, tally.Total);
    }

    [Fact]
    public void Files_and_calls_have_flat_rates()
    {
        var tally = new PromptTally("gemini-2.5-pro");

        tally.File(ImageTokens.Video);
        tally.ToolCall();

        Assert.Equal(8192 + 7, tally.Total);
    }
}
