using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Tests.Codecs;

/// <summary>What goes into OpenAI chat for upstreams that take more than OpenAI does.</summary>
public sealed class UpstreamTraitsTests
{
    /// <summary>A question, a call with thoughts before it, one without, and their results.</summary>
    private const string Conversation = """
        {"model":"m","max_tokens":100,"messages":[
          {"role":"user","content":"Weather?"},
          {"role":"assistant","content":[{"type":"thinking","thinking":"I have to look.","signature":"sig"},{"type":"tool_use","id":"t1","name":"look","input":{}}]},
          {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"rain"}]},
          {"role":"assistant","content":[{"type":"tool_use","id":"t2","name":"look","input":{}}]},
          {"role":"user","content":[{"type":"tool_result","tool_use_id":"t2","content":"rain"}]},
          {"role":"assistant","content":[{"type":"text","text":"Rain."}]},
          {"role":"user","content":"Sure?"}],
         "tools":[{"name":"look","input_schema":{"type":"object"}}]}
        """;

    [Fact]
    public void Thoughts_stay_away_from_whoever_does_not_take_them() =>
        Assert.All(Assistants(default), message => Assert.False(message.ContainsKey("reasoning_content") || message.ContainsKey("reasoning_details")));

    [Fact]
    public void Thoughts_go_back_as_text_to_whoever_takes_them()
    {
        var messages = Assistants(new UpstreamTraits { TakesReasoning = true });

        Assert.Equal(["I have to look.", null, null], messages.Select(message => (string?)message["reasoning_content"]));
        Assert.All(messages, message => Assert.False(message.ContainsKey("reasoning_details")));
    }

    [Fact]
    public void Call_without_thoughts_gets_empty_ones_where_they_must_be_there()
    {
        var messages = Assistants(new UpstreamTraits { TakesReasoning = true, NeedsReasoning = true });

        Assert.Equal(["I have to look.", "", null], messages.Select(message => (string?)message["reasoning_content"]));
    }

    [Fact]
    public void OpenRouter_gets_thoughts_with_their_proof()
    {
        var message = Assistants(new UpstreamTraits { OpenRouter = true })[0];

        Assert.Equal("I have to look.", (string?)message["reasoning_content"]);
        Translate.AssertJson(
            """[{"type":"reasoning.text","text":"I have to look.","signature":"sig","format":"anthropic-claude-v1","index":0}]""",
            message["reasoning_details"]!.ToJsonString());
    }

    [Theory]
    [InlineData(""" "thinking":{"type":"enabled","budget_tokens":2048} """, """{"max_tokens":2048}""")]
    [InlineData(""" "thinking":{"type":"adaptive"},"output_config":{"effort":"high"} """, """{"effort":"high"}""")]
    public void OpenRouter_is_asked_to_reason_in_its_own_words(string wish, string expected)
    {
        var body = $$"""{"model":"m","max_tokens":4096,{{wish}},"messages":[{"role":"user","content":"Hi"}]}""";

        var request = JsonNode.Parse(Translate.Request(Dialect.AnthropicMessages, Dialect.OpenAIChat, body, traits: new UpstreamTraits { OpenRouter = true }))!;

        Translate.AssertJson(expected, request["reasoning"]!.ToJsonString());
        Assert.Null(request["reasoning_effort"]);
    }

    [Fact]
    public void OpenRouter_keeps_the_marks_of_the_cache()
    {
        const string Body = """
            {"model":"m","max_tokens":10,
             "system":[{"type":"text","text":"S","cache_control":{"type":"ephemeral","ttl":"1h"}}],
             "messages":[{"role":"user","content":[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral"}}]}]}
            """;

        var request = JsonNode.Parse(Translate.Request(Dialect.AnthropicMessages, Dialect.OpenAIChat, Body, traits: new UpstreamTraits { OpenRouter = true }))!;

        Translate.AssertJson(
            """
            [{"role":"system","content":[{"type":"text","text":"S","cache_control":{"type":"ephemeral","ttl":"1h"}}]},
             {"role":"user","content":[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral"}}]}]
            """,
            request["messages"]!.ToJsonString());
        Assert.DoesNotContain("cache_control", Translate.Request(Dialect.AnthropicMessages, Dialect.OpenAIChat, Body), StringComparison.Ordinal);
    }

    private static List<JsonObject> Assistants(UpstreamTraits traits) =>
        [.. JsonNode.Parse(Translate.Request(Dialect.AnthropicMessages, Dialect.OpenAIChat, Conversation, traits: traits))!["messages"]!.AsArray()
            .Where(message => (string?)message!["role"] == "assistant").Select(message => message!.AsObject())];
}
