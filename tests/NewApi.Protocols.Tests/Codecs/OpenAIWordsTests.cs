using System.Text.Json.Nodes;
using NewApi.Domain;

namespace NewApi.Protocols.Tests.Codecs;

/// <summary>What OpenAI would refuse is said in words that it takes, or not at all, on both of its interfaces.</summary>
public sealed class OpenAIWordsTests
{
    public static TheoryData<Dialect> Upstreams => [Dialect.OpenAIChat, Dialect.OpenAIResponses];

    [Theory, MemberData(nameof(Upstreams))]
    public void Long_user_becomes_a_short_one_that_is_always_the_same(Dialect upstream)
    {
        var user = "user_" + new string('a', 140);

        var first = (string)Sent(upstream, $$$""" "metadata":{"user_id":"{{{user}}}"} """)["user"]!;

        Assert.Equal(64, first.Length);
        Assert.Equal(first, (string)Sent(upstream, $$$""" "metadata":{"user_id":"{{{user}}}"} """)["user"]!);
        Assert.NotEqual(first, (string)Sent(upstream, $$$""" "metadata":{"user_id":"{{{user}}}b"} """)["user"]!);
        Assert.Equal("short", (string)Sent(upstream, """ "metadata":{"user_id":"short"} """)["user"]!);
    }

    [Theory, MemberData(nameof(Upstreams))]
    public void Tier_of_Anthropics_has_OpenAIs_name(Dialect upstream)
    {
        Assert.Equal("default", (string)Sent(upstream, """ "service_tier":"standard_only" """)["service_tier"]!);
        Assert.Equal("auto", (string)Sent(upstream, """ "service_tier":"auto" """)["service_tier"]!);
    }

    [Theory]
    [InlineData("gpt-4o", false)]
    [InlineData("openai/gpt-4.1-mini", false)]
    [InlineData("chatgpt-4o-latest", false)]
    [InlineData("gpt-3.5-turbo", false)]
    [InlineData("gpt-5", true)]
    [InlineData("o3-mini", true)]
    [InlineData("anything-else", true)]
    public void Models_that_cannot_reason_are_not_asked_to(string model, bool asked)
    {
        const string Wish = """ "thinking":{"type":"enabled","budget_tokens":2048} """;

        Assert.Equal(asked, Sent(Dialect.OpenAIChat, Wish, model).ContainsKey("reasoning_effort"));
        var request = Sent(Dialect.OpenAIResponses, Wish, model);
        Assert.Equal(asked, request.ContainsKey("reasoning"));
        Assert.Equal(asked, request.ContainsKey("include"));
    }

    [Theory, MemberData(nameof(Upstreams))]
    public void Thinking_that_is_only_off_is_not_mentioned_since_older_models_know_no_word_for_it(Dialect upstream)
    {
        var request = Sent(upstream, """ "thinking":{"type":"disabled"} """, "gpt-5");

        Assert.False(request.ContainsKey("reasoning") || request.ContainsKey("reasoning_effort"));
    }

    [Theory]
    [InlineData("gpt-5.4", false)]
    [InlineData("o4-mini", false)]
    [InlineData("gpt-4o", true)]
    [InlineData("grok-4", true)]
    public void Responses_of_models_that_reason_get_no_sampling(string model, bool sampled)
    {
        var claude = Sent(Dialect.OpenAIResponses, """ "temperature":0.5,"top_p":0.9 """, model);
        var gemini = JsonNode.Parse(Translate.Request(
            Dialect.GeminiContent,
            Dialect.OpenAIResponses,
            """{"contents":[{"role":"user","parts":[{"text":"Hi"}]}],"generationConfig":{"responseLogprobs":true,"logprobs":2}}""",
            model))!.AsObject();

        Assert.Equal((sampled, sampled), (claude.ContainsKey("temperature"), claude.ContainsKey("top_p")));
        Assert.Equal((sampled, sampled), (gemini.ContainsKey("top_logprobs"), gemini.ContainsKey("include")));
    }

    private static JsonObject Sent(Dialect upstream, string member, string model = "gpt-5") => JsonNode.Parse(Translate.Request(
        Dialect.AnthropicMessages,
        upstream,
        $$"""{"model":"m","max_tokens":4096,{{member}},"messages":[{"role":"user","content":"Hi"}]}""",
        model))!.AsObject();
}
