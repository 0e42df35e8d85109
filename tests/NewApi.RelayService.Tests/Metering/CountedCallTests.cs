using System.Net;
using System.Text;
using System.Text.Json;
using NewApi.Data.Rows;
using NewApi.RelayService.Metering;
using NewApi.RelayService.Tests.Failover;
using NewApi.Testing.Upstreams;

namespace NewApi.RelayService.Tests.Metering;

/// <summary>Calls whose upstream does not say what they cost: the gateway counts, and says in the log that it did.</summary>
public class CountedCallTests
{
    // "Hello" and what a message and the beginning of an answer cost.
    private const long Hello = 1 + 3 + 3;

    private const string Tools =
        """[{"type":"function","function":{"name":"weather","description":"Antidisestablishmentarianism","parameters":{"type":"object"}}}]""";

    [Theory]
    [InlineData("""{"model":"gpt-4o","messages":[{"role":"user","content":"Antidisestablishmentarianism"}]}""", 6 + 3 + 3)]
    [InlineData("""{"model":"gpt-4o","messages":[{"role":"system","content":"你好，世界"},{"role":"user","name":"ann","content":"hello world"}]}""", 3 + 2 + 1 + 3 + 6 + 3)]
    // type function function name weather description … parameters type object: a token each, and the description's six.
    [InlineData("""{"model":"gpt-4o","messages":[{"role":"user","content":"Hello"}],"tools":""" + Tools + "}", Hello + 8 + 9 + 6)]
    public async Task Prompt_is_counted_by_the_tokenizer_of_its_model(string body, long expected)
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Answer("All is well.", usage: false));
        await using var relay = await RelayHost.StartAsync([RelayHost.Channel(1, upstream)]);

        var reply = await relay.PostAsync("/v1/chat/completions", body);

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        var charge = Assert.Single(await relay.ChargesAsync());
        Assert.Equal((expected, 4L), (charge.PromptTokens, charge.CompletionTokens));
        AssertCountedHere(charge);
    }

    [Fact]
    public async Task Reported_usage_is_not_counted_again()
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync([RelayHost.Channel(1, upstream)]);

        await relay.ChatAsync();

        var charge = Assert.Single(await relay.ChargesAsync());
        Assert.Equal((1000L, 500L), (charge.PromptTokens, charge.CompletionTokens));
        using var other = JsonDocument.Parse(charge.Other);
        Assert.Equal("upstream", other.RootElement.GetProperty("admin_info").GetProperty("usage_billing_path").GetString());
        Assert.False(other.RootElement.GetProperty("admin_info").TryGetProperty("local_count_tokens", out _));
    }

    [Theory]
    [InlineData("/v1/chat/completions", "word ", 20)]
    [InlineData("/v1/chat/completions", "Antidisestablishmentarianism ", 20)]
    [InlineData("/v1/messages", "Antidisestablishmentarianism ", 20)]
    public async Task Streamed_answer_without_usage_is_counted_by_the_tokenizer_of_its_model(string path, string word, int times)
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Answer(word, chunks: times, usage: false));
        await using var relay = await RelayHost.StartAsync([RelayHost.Channel(1, upstream)]);
        var body = """{"model":"gpt-4o","stream":true,"max_tokens":4000,"messages":[{"role":"user","content":"Hello"}]}""";

        await relay.PostAsync(path, body);

        var charge = Assert.Single(await relay.ChargesAsync());
        var answer = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(word, times)));
        var expected = new TokenCounter().Count("gpt-4o", answer);
        Assert.NotEqual(TokenCounter.Estimate("gpt-4o", answer), expected);
        Assert.Equal(expected, charge.CompletionTokens);
        AssertCountedHere(charge);
    }

    [Fact]
    public async Task Caller_is_told_the_usage_that_a_stream_left_out()
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Answer("word ", chunks: 20, usage: false));
        await using var relay = await RelayHost.StartAsync([RelayHost.Channel(1, upstream)]);

        var reply = await relay.ChatAsync(stream: true);

        var charge = Assert.Single(await relay.ChargesAsync());
        Assert.Equal(Hello, charge.PromptTokens);
        Assert.Equal(21, charge.CompletionTokens);
        AssertCountedHere(charge);
        var told = JsonDocument.Parse(reply.Events[^2]).RootElement.GetProperty("usage");
        Assert.Equal(
            (charge.PromptTokens, charge.CompletionTokens),
            (told.GetProperty("prompt_tokens").GetInt64(), told.GetProperty("completion_tokens").GetInt64()));
    }

    [Theory]
    [InlineData(8 << 20)]
    [InlineData(1024)]
    public async Task Long_prompt_of_a_caller_who_left_is_counted_wherever_it_lies(int memory)
    {
        await using var endless = await FakeUpstream.StartAsync(Faults.After(5, Faults.Hang));
        await using var relay = await RelayHost.StartAsync([RelayHost.Channel(1, endless)], options => options with { BodyMemory = memory });
        var prompt = string.Join(' ', Enumerable.Repeat("hello world", 3000));

        using (var response = await relay.OpenAsync("/v1/chat/completions", BrokenStreamTests.Chat(stream: true, prompt)))
        {
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
            await RelayHost.ReadUntilAsync(reader, "word ", times: 5);
        }

        var charge = Assert.Single(await relay.ChargesAsync());
        Assert.Equal(6000 + 3 + 3, charge.PromptTokens);
        Assert.InRange(charge.CompletionTokens, 5, 10);
        AssertCountedHere(charge);
        await relay.AssertBooksAreRightAsync(charge.Quota);
    }

    [Fact]
    public async Task Long_prompt_that_finds_no_room_is_charged_by_its_estimate()
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Answer("word ", usage: false));
        await using var relay = await RelayHost.StartAsync([RelayHost.Channel(1, upstream)], options => options with { KeptPrompts = 0 });
        var prompt = string.Join(' ', Enumerable.Repeat("hello world", 3000));

        await relay.PostAsync("/v1/chat/completions", BrokenStreamTests.Chat(stream: true, prompt));
        await relay.PostAsync("/v1/chat/completions", BrokenStreamTests.Chat(stream: false, prompt));

        // A third of the bytes, a message and the beginning of an answer; a whole answer comes while the prompt is still there.
        var charges = await relay.ChargesAsync(2);
        Assert.Equal([(prompt.Length / 3) + 3 + 3, 6000 + 3 + 3], charges.Select(charge => charge.PromptTokens));
    }

    [Fact]
    public async Task Error_text_costs_nothing()
    {
        const string Error = "data: {\"error\":{\"message\":\"a very long text about what went wrong and why and where\",\"type\":\"server_error\"}}\n\n";
        var delivered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var breaking = await FakeUpstream.StartAsync(Faults.After(3, Faults.Once(delivered.Task, Faults.Send(Error))));
        await using var relay = await RelayHost.StartAsync([RelayHost.Channel(1, breaking)]);

        await relay.StreamAsync("/v1/chat/completions", BrokenStreamTests.Chat(stream: true), "word ", times: 3, delivered);

        var charge = Assert.Single(await relay.ChargesAsync());
        Assert.Equal(Hello, charge.PromptTokens);
        Assert.InRange(charge.CompletionTokens, 3, 6);
    }

    [Theory]
    [InlineData("/v1/messages/count_tokens", """{"model":"gpt-4o","messages":[{"role":"user","content":"hello world"}]}""", "input_tokens")]
    [InlineData("/v1beta/models/gpt-4o:countTokens", """{"contents":[{"role":"user","parts":[{"text":"hello world"}]}]}""", "totalTokens")]
    public async Task Tokens_are_counted_here_where_no_upstream_can(string path, string body, string member)
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync([RelayHost.Channel(1, upstream)]);

        var reply = await relay.PostAsync(path, body);

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal(2 + 3, reply.Json.GetProperty(member).GetInt64());
        Assert.Empty(upstream.Requests);
        await relay.AssertBooksAreRightAsync(0);
    }

    private static void AssertCountedHere(LogRow charge)
    {
        using var other = JsonDocument.Parse(charge.Other);
        var admin = other.RootElement.GetProperty("admin_info");
        Assert.Equal("local", admin.GetProperty("usage_billing_path").GetString());
        Assert.True(admin.GetProperty("local_count_tokens").GetBoolean());
    }
}
