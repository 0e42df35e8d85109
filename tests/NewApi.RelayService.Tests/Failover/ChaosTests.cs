using System.Collections.Concurrent;
using System.Net;
using NewApi.Data.Rows;
using NewApi.Testing.Upstreams;

namespace NewApi.RelayService.Tests.Failover;

/// <summary>Hundreds of calls over three channels of which two are in chaos: callers see clean answers, and each is billed once.</summary>
public sealed class ChaosTests
{
    private const int Calls = 600;
    private const int Callers = 12;
    private const long Price = 3_750;

    [Theory]
    [InlineData(1, true)]
    [InlineData(20261126, true)]
    [InlineData(2, false)]
    public async Task One_healthy_channel_among_three_is_enough(int seed, bool breakers)
    {
        await using var wild = await FakeUpstream.StartAsync(Chaos(seed, breakers));
        await using var wilder = await FakeUpstream.StartAsync(Chaos(seed + 1, breakers));
        await using var good = await FakeUpstream.StartAsync(OpenAIAnswers.Good);
        await using var relay = await RelayHost.StartAsync(
            [RelayHost.Channel(1, wild, Impatient), RelayHost.Channel(2, wilder, Impatient), RelayHost.Channel(3, good)],
            options => options with
            {
                // Of whole answers there is one bound for all channels: far beyond what the good one needs on a busy machine.
                CallTimeout = TimeSpan.FromSeconds(3),
                // Short pauses, or none, so that chaos is met all the time.
                Breaker = new(breakers ? 5 : 0, TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(200)),
            });
        var bad = new ConcurrentQueue<string>();
        var next = 0;

        await Task.WhenAll(Enumerable.Range(0, Callers).Select(async _ =>
        {
            while (Interlocked.Increment(ref next) is var number && number <= Calls)
            {
                var reply = await relay.ChatAsync(stream: number % 2 == 0);
                if (reply.Status != HttpStatusCode.OK || reply.Content != OpenAIAnswers.Words)
                {
                    bad.Enqueue($"{reply.Status} {reply.Text}");
                }
                Assert.DoesNotContain(Faults.Marker, reply.Text, StringComparison.Ordinal);
            }
        }));

        Assert.Empty(bad);
        Assert.InRange(wild.Requests.Count + wilder.Requests.Count, breakers ? 10 : Calls / 2, 2 * Calls);
        var charges = await relay.ChargesAsync(Calls);
        Assert.Equal(Calls, charges.Select(row => row.RequestId).Distinct().Count());
        Assert.All(charges, row => Assert.Equal(Price, row.Quota));
        await relay.AssertBooksAreRightAsync(Calls * Price);
    }

    private static void Impatient(ChannelRow row) => row.Settings = """{"first_token_timeout_seconds":0.4}""";

    private static UpstreamScript Chaos(int seed, bool retryAfter)
    {
        UpstreamScript[] scripts =
        [
            Faults.StallBeforeHeaders,
            Faults.StallBeforeFirstEvent,
            Faults.TooManyRequests(),
            Faults.TooManyRequests(retryAfter ? TimeSpan.FromSeconds(1) : null),
            Faults.Status(500),
            Faults.Status(503),
            Faults.Status(529, "overloaded_error"),
            Faults.CutBeforeContent,
            Faults.Reset,
            Faults.Garbage,
            Faults.EmptyAnswer,
            Faults.ErrorInside,
            Faults.Compressed("gzip", Faults.ErrorInside),
            Faults.Compressed("gzip", OpenAIAnswers.Good),
            OpenAIAnswers.Good,
        ];
        var random = new Random(seed);
        var gate = new Lock();
        return (http, request) =>
        {
            int which;
            lock (gate)
            {
                which = random.Next(scripts.Length);
            }
            return scripts[which](http, request);
        };
    }
}
