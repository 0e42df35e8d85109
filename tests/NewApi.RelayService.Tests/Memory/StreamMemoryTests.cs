using NewApi.Testing.Upstreams;

namespace NewApi.RelayService.Tests.Memory;

/// <summary>A long answer costs a stream no more memory than a short one.</summary>
[Collection(nameof(StreamMemoryTests))]
public sealed class StreamMemoryTests
{
    private const int Long = 1_000_000;

    /// <param name="path">OpenAI's is passed on as it comes, Anthropic's is translated event by event.</param>
    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/v1/messages")]
    public async Task A_stream_of_a_million_tokens_holds_no_more_than_one_of_ten(string path)
    {
        await using var upstream = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync([RelayHost.Channel(1, upstream)]);
        await HeldAsync(relay, upstream, path, 10);

        var few = await HeldAsync(relay, upstream, path, 10);
        var many = await HeldAsync(relay, upstream, path, Long);

        // A million events are 150 MB on the wire; what is held besides is noise of the runtime.
        Assert.InRange(many - few, -8_000_000, 4_000_000);
    }

    /// <summary>Alone in the process: the heap is everybody's.</summary>
    [CollectionDefinition(nameof(StreamMemoryTests), DisableParallelization = true)]
    public sealed class Alone;

    /// <summary>What is alive in the middle of a stream, after so many of its events.</summary>
    private static async Task<long> HeldAsync(RelayHost relay, FakeUpstream upstream, string path, int events)
    {
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var chunk = System.Text.Encoding.UTF8.GetBytes(OpenAIAnswers.Chunk("word "));
        upstream.Script = async (http, request) =>
        {
            http.Response.ContentType = "text/event-stream";
            for (var i = 0; i < events; i++)
            {
                await http.Response.Body.WriteAsync(chunk, http.RequestAborted);
            }
            await Faults.WriteAsync(http, OpenAIAnswers.Chunk("last"));
            await Faults.Once(release.Task, Faults.Send(OpenAIAnswers.End()))(http, request);
        };
        using var response = await relay.OpenAsync(path, Failover.BrokenStreamTests.Chat(stream: true));
        await using var stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        var buffer = new byte[64 * 1024];
        // The word may come in two reads.
        var tail = "";
        while (!tail.Contains("last", StringComparison.Ordinal))
        {
            var read = await stream.ReadAsync(buffer, TestContext.Current.CancellationToken);
            Assert.NotEqual(0, read);
            tail = tail[^Math.Min(3, tail.Length)..] + System.Text.Encoding.UTF8.GetString(buffer, 0, read);
        }
        var held = GC.GetTotalMemory(forceFullCollection: true);
        release.SetResult();
        while (await stream.ReadAsync(buffer, TestContext.Current.CancellationToken) > 0)
        {
        }
        return held;
    }
}
