using System.Buffers;
using System.Text;
using NewApi.Protocols.Anthropic;

namespace NewApi.Protocols.Tests.Codecs;

/// <summary>Names of Claude models that ask for thinking.</summary>
public sealed class ThinkingSuffixTests
{
    [Theory]
    [InlineData("claude-sonnet-4-5-thinking", "claude-sonnet-4-5")]
    [InlineData("claude-3-7-sonnet-20250219-thinking", "claude-3-7-sonnet-20250219")]
    [InlineData("claude-opus-4-6-high", "claude-opus-4-6")]
    [InlineData("claude-opus-4-7-max", "claude-opus-4-7")]
    [InlineData("us.anthropic.claude-opus-4-7-v1:0", "us.anthropic.claude-opus-4-7-v1:0")]
    [InlineData("claude-sonnet-4-5-high", "claude-sonnet-4-5-high")]
    [InlineData("kimi-k2-thinking", "kimi-k2-thinking")]
    public void Claude_suffix_is_told_from_the_name(string model, string name) => Assert.Equal(name, ThinkingSuffix.Strip(model));

    [Theory]
    [InlineData(
        "claude-sonnet-4-5-thinking",
        """{"model":"x","max_tokens":10000,"temperature":0.2,"top_p":0.9,"messages":[]}""",
        """{"model":"claude-sonnet-4-5","max_tokens":10000,"messages":[],"temperature":1,"thinking":{"type":"enabled","budget_tokens":8000}}""")]
    [InlineData(
        "claude-sonnet-4-5-thinking",
        """{"messages":[],"max_tokens":100}""",
        """{"model":"claude-sonnet-4-5","max_tokens":1280,"messages":[],"temperature":1,"thinking":{"type":"enabled","budget_tokens":1024}}""")]
    [InlineData(
        "claude-opus-4-6-low",
        """{"model":"x","max_tokens":100,"top_p":0.9,"output_config":{"format":{"type":"json_schema"},"effort":"max"},"messages":[]}""",
        """{"model":"claude-opus-4-6","max_tokens":100,"messages":[],"temperature":1,"thinking":{"type":"adaptive"},"output_config":{"effort":"low","format":{"type":"json_schema"}}}""")]
    [InlineData(
        "claude-opus-4-7-thinking",
        """{"model":"x","temperature":0.2,"top_k":3,"messages":[],"unknown":{"a":1}}""",
        """{"model":"claude-opus-4-7","max_tokens":8192,"messages":[],"unknown":{"a":1},"thinking":{"type":"adaptive","display":"summarized"},"output_config":{"effort":"high"}}""")]
    public void Suffix_of_a_claude_becomes_members_of_the_body(string model, string body, string expected)
    {
        var output = new ArrayBufferWriter<byte>();

        Assert.True(ThinkingSuffix.TryWrite(Encoding.UTF8.GetBytes(body), model, 8192, 0.8m, output));

        Assert.Equal(expected, Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Fact]
    public void Request_that_says_how_to_think_has_the_last_word()
    {
        var output = new ArrayBufferWriter<byte>();

        Assert.True(ThinkingSuffix.TryWrite(
            """{"model":"x","thinking":{"type":"disabled"},"top_p":1,"messages":[]}"""u8, "claude-sonnet-4-5-thinking", 8192, 0.8m, output));

        Assert.Equal(
            """{"model":"claude-sonnet-4-5","thinking":{"type":"disabled"},"top_p":1,"messages":[]}""", Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Fact]
    public void Model_without_a_suffix_leaves_the_body_alone() =>
        Assert.False(ThinkingSuffix.TryWrite("{}"u8, "claude-sonnet-4-5", 8192, 0.8m, new ArrayBufferWriter<byte>()));
}
