using System.Net;
using NewApi.Testing.Upstreams;

namespace NewApi.RelayService.Tests.Refusals;

/// <summary>Keys, prompts and answers appear in no log line, whatever its level, and in no error text.</summary>
public sealed class SecrecyTests
{
    private const string Prompt = "prompt-that-nobody-may-log";
    private const string Words = "answer-that-nobody-may-log";

    [Fact]
    public async Task Nothing_private_is_logged_of_good_and_failing_calls()
    {
        await using var failing = await FakeUpstream.StartAsync(Faults.InTurn(
            Faults.Status(500),
            Faults.ErrorInside,
            Faults.Garbage,
            Faults.CutBeforeContent,
            Faults.After(2, Faults.Reset),
            OpenAIAnswers.Answer(Words)));
        await using var good = await FakeUpstream.StartAsync(OpenAIAnswers.Answer(Words));
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, failing, row => row.Priority = 10), RelayHost.Channel(2, good)]);

        for (var i = 0; i < 6; i++)
        {
            await relay.ChatAsync(stream: i % 2 == 0, prompt: Prompt);
        }
        await relay.PostAsync("/v1/chat/completions", $$"""{"model":"gpt-4o","messages":"{{Prompt}}""");
        await relay.PostAsync("/v1/chat/completions", $$"""{"model":"{{Prompt}}"}""");

        foreach (var secret in (string[])[Prompt, Words, RelayHost.Key, "upstream-secret", Faults.Marker])
        {
            Assert.DoesNotContain(relay.Output.Lines, line => line.Contains(secret, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Upstream_that_repeats_the_key_in_its_error_does_not_show_it_to_the_caller()
    {
        await using var telling = await FakeUpstream.StartAsync(async (http, request) =>
        {
            http.Response.StatusCode = 401;
            await Faults.WriteAsync(http, $$$"""{"error":{"message":"Incorrect API key provided: {{{request.Key}}} at {{{http.Request.Host}}}","code":"invalid_api_key"}}""");
        });
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, telling, row => row.Key = "sk-proj-0123456789abcdefghijklmnopqrstuvwxyz")]);

        var reply = await relay.ChatAsync();

        Assert.Equal(HttpStatusCode.BadGateway, reply.Status);
        Assert.DoesNotContain("0123456789abcdefghijklmnopqrstuvwxyz", reply.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("127.0.0.1", reply.Text, StringComparison.Ordinal);
        var row = Assert.Single(await relay.LogsAsync(5, 1));
        Assert.DoesNotContain("0123456789abcdefghijklmnopqrstuvwxyz", row.Content, StringComparison.Ordinal);
    }
}
