using System.Buffers;
using System.Net;
using NewApi.Testing.Upstreams;

namespace NewApi.RelayService.Tests.Memory;

/// <summary>Bodies above a limit lie on the disk, in files that nobody else can find and that end with their call.</summary>
public sealed class BodyBufferTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("newapi-spool-");

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(99_999)]
    [InlineData(100_000)]
    [InlineData(100_001)]
    [InlineData(1_000_003)]
    public void Body_is_read_as_it_was_written_in_memory_or_from_its_file(int size)
    {
        var bytes = new byte[size];
        new Random(size).NextBytes(bytes);
        using var body = new BodyBuffer(4096, 100_000, _folder.FullName);

        foreach (var part in bytes.Chunk(7_777))
        {
            body.Write(part);
        }

        Assert.Equal(size > 100_000, body.IsSpooled);
        Assert.Equal(size, body.Length);
        Assert.True(body.Span.SequenceEqual(bytes));
        Assert.Empty(_folder.GetFiles());
    }

    [Fact]
    public void Memory_of_a_body_that_was_abandoned_stays_readable()
    {
        var body = new BodyBuffer(4096, 1_000, _folder.FullName);
        body.Write(new byte[50_000]);
        var memory = body.Memory;

        body.Abandon();
        GC.Collect();
        GC.WaitForPendingFinalizers();

        Assert.Equal(50_000, memory.Length);
        Assert.Equal(-1, memory.Span.IndexOfAnyExcept((byte)0));
    }

    [Fact]
    public async Task Large_prompt_goes_out_of_its_file_whole_and_again_when_the_first_channel_fails()
    {
        await using var bad = await FakeUpstream.StartAsync(Faults.Status(500));
        await using var good = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, bad, row => row.Priority = 10), RelayHost.Channel(2, good)],
            options => options with { BodyMemory = 100_000, SpoolFolder = _folder.FullName });
        var prompt = string.Concat(Enumerable.Range(0, 60_000).Select(number => $"{number} "));

        var reply = await relay.ChatAsync(stream: true, prompt: prompt);

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Contains(prompt, bad.Requests.Single().Text, StringComparison.Ordinal);
        Assert.Contains(prompt, good.Requests.Single().Text, StringComparison.Ordinal);
        Assert.Contains("include_usage", good.Requests.Single().Text, StringComparison.Ordinal);
        Assert.Empty(_folder.GetFiles());
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
