using System.Buffers;
using System.Text;
using NewApi.Domain;
using NewApi.Protocols.Anthropic;
using NewApi.Protocols.Canonical;
using NewApi.Protocols.OpenAI;

namespace NewApi.Protocols.Tests.Codecs;

public sealed class SuffixTests
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

        Assert.True(ThinkingSuffix.TryWrite(Encoding.UTF8.GetBytes(body), model, 8192, output));

        Assert.Equal(expected, Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Fact]
    public void Request_that_says_how_to_think_has_the_last_word()
    {
        var output = new ArrayBufferWriter<byte>();

        Assert.False(ThinkingSuffix.TryWrite("""{"thinking":{"type":"disabled"},"messages":[]}"""u8, "claude-sonnet-4-5-thinking", 8192, output));

        var request = new ChatRequest { Model = "claude-sonnet-4-5-thinking", Reasoning = new ReasoningWish { Budget = 5000 }, Temperature = 1 };
        ThinkingSuffix.Apply(request, 8192);
        Assert.Equal("claude-sonnet-4-5", request.Model);
        Assert.Equal(5000, request.Reasoning.Budget);
        Assert.Equal(0, output.WrittenCount);
    }

    [Theory]
    [InlineData("claude-3-7-sonnet-20250219-thinking", """{"model":"claude-3-7-sonnet-20250219","max_tokens":4000,"messages":[{"role":"user","content":"Hi"}],"thinking":{"type":"enabled","budget_tokens":3200}}""")]
    [InlineData("claude-opus-4-6-xhigh", """{"model":"claude-opus-4-6","max_tokens":4000,"messages":[{"role":"user","content":"Hi"}],"thinking":{"type":"adaptive"},"output_config":{"effort":"high"}}""")]
    [InlineData("claude-opus-4-7-xhigh", """{"model":"claude-opus-4-7","max_tokens":4000,"messages":[{"role":"user","content":"Hi"}],"thinking":{"type":"adaptive","display":"summarized"},"output_config":{"effort":"xhigh"}}""")]
    [InlineData("claude-opus-4-7", """{"model":"claude-opus-4-7","max_tokens":4000,"messages":[{"role":"user","content":"Hi"}]}""")]
    public void Suffix_of_a_claude_becomes_members_of_a_translated_request(string model, string expected)
    {
        var request = new ChatRequest { Model = model, MaxOutput = 4000, Temperature = 0.5m, TopP = 0.9m };
        request.Messages.Add(new ChatMessage(ChatRole.User, [new TextPart("Hi")]));
        ThinkingSuffix.Apply(request, 8192);
        var output = new ArrayBufferWriter<byte>();

        Translations.CodecOf(Dialect.AnthropicMessages).WriteRequest(request, output, default);

        Assert.Equal(expected, Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Theory]
    [InlineData(
        Dialect.OpenAIChat, "o3-high",
        """{"model":"x","max_tokens":5,"temperature":1,"top_p":0.5,"messages":[{"content":"Be brief.","role":"system"},{"role":"system"}]}""",
        """{"model":"o3","max_completion_tokens":5,"top_p":0.5,"messages":[{"content":"Be brief.","role":"developer"},{"role":"system"}],"reasoning_effort":"high"}""")]
    [InlineData(
        Dialect.OpenAIChat, "gpt-5-mini",
        """{"model":"x","max_tokens":5,"max_completion_tokens":7,"logprobs":true,"top_p":0.5,"messages":[{"role":"user","content":"role: \"system\""}]}""",
        """{"model":"gpt-5-mini","max_completion_tokens":7,"messages":[{"role":"user","content":"role: \"system\""}]}""")]
    [InlineData(
        Dialect.OpenAIChat, "o1-mini-low",
        """{"messages":[{"role":"system","content":"a"}],"reasoning_effort":"high"}""",
        """{"model":"o1-mini","messages":[{"role":"system","content":"a"}],"reasoning_effort":"low"}""")]
    [InlineData(
        Dialect.OpenAIResponses, "gpt-4.1-none",
        """{"model":"x","temperature":1,"reasoning":{"summary":"auto","effort":"low"},"input":"Hi"}""",
        """{"model":"gpt-4.1","temperature":1,"input":"Hi","reasoning":{"effort":"none","summary":"auto"}}""")]
    public void Suffix_of_an_OpenAI_model_becomes_members_of_the_body(Dialect dialect, string model, string body, string expected)
    {
        var output = new ArrayBufferWriter<byte>();

        Assert.True(EffortSuffix.TryWrite(dialect, Encoding.UTF8.GetBytes(body), model, output));

        Assert.Equal(expected, Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Theory]
    [InlineData(Dialect.OpenAIChat, "gpt-4o-high")]
    [InlineData(Dialect.OpenAIChat, "omni-high")]
    [InlineData(Dialect.OpenAIResponses, "gpt-5.1-codex-max")]
    public void Name_that_only_looks_like_one_with_a_suffix_stays(Dialect dialect, string model)
    {
        Assert.Equal(model, EffortSuffix.Strip(dialect, model));
        Assert.False(EffortSuffix.TryWrite(dialect, "{}"u8, model, new ArrayBufferWriter<byte>()));
    }

    [Fact]
    public void Suffix_of_an_OpenAI_model_becomes_members_of_a_translated_request()
    {
        var request = new ChatRequest { Model = "gpt-5-xhigh", Temperature = 0.5m, TopP = 0.5m, MaxOutput = 9 };
        request.Messages.Add(new ChatMessage(ChatRole.System, [new TextPart("Be brief.")]));
        EffortSuffix.Apply(request, Dialect.OpenAIChat);
        var output = new ArrayBufferWriter<byte>();

        Translations.CodecOf(Dialect.OpenAIChat).WriteRequest(request, output, default);

        Assert.Equal(
            """{"model":"gpt-5","messages":[{"role":"developer","content":"Be brief."}],"max_completion_tokens":9,"reasoning_effort":"xhigh"}""",
            Encoding.UTF8.GetString(output.WrittenSpan));
    }
}
