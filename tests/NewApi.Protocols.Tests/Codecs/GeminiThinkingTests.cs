using System.Buffers;
using System.Text;
using NewApi.Domain;
using NewApi.Protocols.Canonical;
using NewApi.Protocols.Gemini;

namespace NewApi.Protocols.Tests.Codecs;

/// <summary>Suffixes, clamps and levels of Gemini's thinking (specification: relay §5.4).</summary>
public sealed class GeminiThinkingTests
{
    private static readonly UpstreamTraits Adapter = new()
    {
        Gemini = Translate.Gemini(("gemini.thinking_adapter_enabled", "true"), ("gemini.function_call_thought_signature_enabled", "false")),
    };

    [Theory]
    [InlineData("gemini-2.5-pro-thinking-64", null, """{"thinkingBudget":128,"includeThoughts":true}""")]
    [InlineData("gemini-2.5-pro-thinking-99999", null, """{"thinkingBudget":32768,"includeThoughts":true}""")]
    [InlineData("gemini-2.5-flash-thinking-2048", null, """{"thinkingBudget":2048,"includeThoughts":true}""")]
    [InlineData("gemini-2.5-flash-thinking-99999", null, """{"thinkingBudget":24576,"includeThoughts":true}""")]
    [InlineData("gemini-2.5-flash-lite-thinking-64", null, """{"thinkingBudget":512,"includeThoughts":true}""")]
    [InlineData("gemini-2.5-flash-thinking", "\"max_output_tokens\":1000", """{"thinkingBudget":600,"includeThoughts":true}""")]
    [InlineData("gemini-2.5-flash-thinking", "\"reasoning\":{\"effort\":\"high\"}", """{"thinkingBudget":19660,"includeThoughts":true}""")]
    [InlineData("gemini-2.5-flash-thinking", "\"reasoning\":{\"effort\":\"medium\"}", """{"thinkingBudget":12288,"includeThoughts":true}""")]
    [InlineData("gemini-2.5-flash-thinking", "\"reasoning\":{\"effort\":\"low\"}", """{"thinkingBudget":4915,"includeThoughts":true}""")]
    [InlineData("gemini-2.5-flash-thinking", null, """{"includeThoughts":true}""")]
    [InlineData("gemini-2.5-flash-nothinking", null, """{"thinkingBudget":0}""")]
    [InlineData("gemini-2.5-pro-nothinking", null, """{"thinkingBudget":128}""")]
    [InlineData("gemini-2.5-flash-high", null, """{"thinkingBudget":24576,"includeThoughts":true}""")]
    [InlineData("gemini-3-pro-preview-high", null, """{"thinkingLevel":"high","includeThoughts":true}""")]
    [InlineData("gemini-3-pro-preview-medium", null, """{"thinkingLevel":"high","includeThoughts":true}""")]
    [InlineData("gemini-3.1-pro-preview-medium", null, """{"thinkingLevel":"medium","includeThoughts":true}""")]
    [InlineData("gemini-3-flash-preview-minimal", null, """{"thinkingLevel":"minimal","includeThoughts":true}""")]
    [InlineData("gemini-3-pro-preview-minimal", null, """{"thinkingLevel":"low","includeThoughts":true}""")]
    [InlineData("gemini-3-flash-preview-nothinking", null, """{"thinkingLevel":"minimal"}""")]
    [InlineData("gemini-3-flash-preview-thinking-9000", null, """{"thinkingLevel":"high","includeThoughts":true}""")]
    [InlineData("gemini-3-flash-preview-thinking", null, """{"includeThoughts":true}""")]
    public void Suffix_says_how_to_think(string model, string? more, string expected)
    {
        var body = $$"""{"input":"Hi"{{(more is null ? "" : "," + more)}}}""";

        var request = Translate.Request(Dialect.OpenAIResponses, Dialect.GeminiContent, body, model, Adapter);

        var config = System.Text.Json.Nodes.JsonNode.Parse(request)!["generationConfig"]!["thinkingConfig"]!;
        Translate.AssertJson(expected, config.ToJsonString());
    }

    [Theory]
    [InlineData("gemini-2.5-flash", "low", """{"thinkingBudget":1024}""")]
    [InlineData("gemini-2.5-flash", "medium", """{"thinkingBudget":8192}""")]
    [InlineData("gemini-2.5-flash", "high", """{"thinkingBudget":24576}""")]
    [InlineData("gemini-2.5-flash", "none", """{"thinkingBudget":0}""")]
    [InlineData("gemini-2.5-pro", "none", """{"thinkingBudget":128}""")]
    [InlineData("gemini-3-flash-preview", "xhigh", """{"thinkingLevel":"high"}""")]
    [InlineData("gemini-2.0-flash", "high", null)]
    [InlineData("gemini-2.5-flash-image", "high", null)]
    public void Effort_becomes_what_the_model_understands(string model, string effort, string? expected)
    {
        var request = Translate.Request(
            Dialect.OpenAIResponses, Dialect.GeminiContent, $$$"""{"input":"Hi","reasoning":{"effort":"{{{effort}}}"}}""", model);

        var config = System.Text.Json.Nodes.JsonNode.Parse(request)!["generationConfig"]!["thinkingConfig"];
        Assert.Equal(expected, config?.ToJsonString());
    }

    [Theory]
    [InlineData("gemini-2.5-flash-thinking", "gemini-2.5-flash")]
    [InlineData("gemini-2.5-flash-thinking-128", "gemini-2.5-flash")]
    [InlineData("gemini-2.5-flash-nothinking", "gemini-2.5-flash")]
    [InlineData("gemini-3-pro-preview-low", "gemini-3-pro-preview")]
    [InlineData("gemini-2.5-flash-lite", "gemini-2.5-flash-lite")]
    [InlineData("gemini-2.0-flash-thinking-exp", "gemini-2.0-flash-thinking-exp")]
    [InlineData("kimi-k2-thinking", "kimi-k2-thinking")]
    public void Upstream_gets_the_name_without_the_suffix(string model, string expected) =>
        Assert.Equal(expected, GeminiThinking.Split(model, Adapter.Gemini, out _));

    [Fact]
    public void Suffix_means_nothing_while_the_adapter_is_off() =>
        Assert.Equal("gemini-2.5-flash-thinking", GeminiThinking.Split("gemini-2.5-flash-thinking", Translate.Gemini(), out _));

    [Fact]
    public void Suffix_is_written_into_a_body_of_the_same_dialect()
    {
        var output = new ArrayBufferWriter<byte>();
        var body = """{"contents":[],"generation_config":{"maxOutputTokens":1000,"topK":3},"x":1}"""u8.ToArray();

        Assert.True(GeminiThinking.TryWrite(body, "gemini-2.5-flash-thinking", Adapter.Gemini, output));

        Translate.AssertJson(
            """{"contents":[],"generationConfig":{"maxOutputTokens":1000,"topK":3,"thinkingConfig":{"thinkingBudget":600,"includeThoughts":true}},"x":1}""",
            Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Theory]
    [InlineData("gemini-2.5-flash", """{"contents":[]}""")]
    [InlineData("gemini-2.5-flash-thinking", """{"contents":[],"generationConfig":{"thinkingConfig":{"thinkingBudget":1}}}""")]
    public void Body_without_a_need_stays_as_it_is(string model, string body) =>
        Assert.False(GeminiThinking.TryWrite(Encoding.UTF8.GetBytes(body), model, Adapter.Gemini, new ArrayBufferWriter<byte>()));

    [Theory]
    [InlineData("""{"generationConfig":{"thinkingConfig":{"thinkingBudget":0}}}""", true)]
    [InlineData("""{"generation_config":{"thinking_config":{"thinking_budget":0}}}""", true)]
    [InlineData("""{"generationConfig":{"thinkingConfig":{"thinkingBudget":1}}}""", false)]
    [InlineData("""{}""", false)]
    public void Thinking_that_is_switched_off_shows(string body, bool off) =>
        Assert.Equal(off, GeminiThinking.IsOff(System.Text.Json.JsonElement.Parse(body)));
}
