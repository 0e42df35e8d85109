using NewApi.Data.Rows;
using NewApi.Domain;
using NewApi.RelayService.Channels;

namespace NewApi.RelayService.Tests.Channels;

/// <summary>Channels are drawn by priority, then by weight (specification: relay §3.4).</summary>
public sealed class ChannelPickerTests
{
    private const int Draws = 20_000;

    [Theory]
    [InlineData(new[] { 0, 0, 0, 0 }, new[] { 25, 25, 25, 25 })]
    [InlineData(new[] { 1, 3 }, new[] { 25, 75 })]
    [InlineData(new[] { 100, 300 }, new[] { 25, 75 })]
    [InlineData(new[] { 10, 0, 30 }, new[] { 25, 0, 75 })]
    public void Weights_are_chances(int[] weights, int[] percent)
    {
        var channels = weights.Select((weight, index) => Channel(index + 1, 0, weight)).ToArray();
        var random = new Random(7);
        var drawn = new int[weights.Length];

        for (var i = 0; i < Draws; i++)
        {
            drawn[Pick(channels, 0, random)!.Id - 1]++;
        }

        for (var i = 0; i < weights.Length; i++)
        {
            Assert.InRange(drawn[i] * 100.0 / Draws, percent[i] == 0 ? 0 : percent[i] - 1.5, percent[i] == 0 ? 0 : percent[i] + 1.5);
        }
    }

    [Theory]
    [InlineData(0, 3)]
    [InlineData(1, 2)]
    [InlineData(2, 1)]
    [InlineData(9, 1)]
    public void Number_of_the_retry_names_the_priority(int retry, long expected)
    {
        Channel[] channels = [Channel(3, 30, 1), Channel(2, 20, 1), Channel(1, 10, 1)];

        Assert.Equal(expected, Pick(channels, retry, new Random(1))!.Id);
    }

    [Fact]
    public void What_was_tried_is_left_out_down_to_the_last_one()
    {
        Channel[] channels = [Channel(4, 10, 5), Channel(3, 10, 5), Channel(2, 0, 5), Channel(1, 0, 0)];
        var attempts = new List<Attempt>();
        var order = new List<long>();

        while (Pick(channels, attempts.Count, new Random(3), attempts) is { } channel)
        {
            order.Add(channel.Id);
            attempts.Add(new Attempt(channel, null, Choice.Weight, 0));
        }

        Assert.Equal([1, 2, 3, 4], order.Order());
        // The lower tier after the first failure; its member without weight only when nothing else is left there.
        Assert.Equal([2, 1], order.Where(id => id <= 2));
        Assert.True(order[0] > 2 && order[1] == 2);
    }

    [Fact]
    public void What_is_paused_is_left_out_while_anything_else_is_left()
    {
        Channel[] channels = [Channel(2, 10, 1), Channel(1, 0, 1)];
        channels[0].Breaker.Failed(0, new BreakerRules(1, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10)), null);

        Assert.Equal(1, Pick(channels, 0, new Random(1), now: 5_000)!.Id);
        Assert.Equal(2, Pick(channels, 0, new Random(1), now: 10_001)!.Id);
        Assert.Equal(2, Pick(channels, 0, new Random(1), now: 5_000, pausedToo: true)!.Id);
    }

    [Fact]
    public void What_cannot_serve_the_dialect_is_left_out()
    {
        Channel[] channels = [Channel(2, 10, 1, type: 14), Channel(1, 0, 1)];

        Assert.Equal(1, Pick(channels, 0, new Random(1), dialect: Dialect.OpenAIEmbeddings)!.Id);
    }

    [Fact]
    public void By_latency_the_faster_of_two_is_taken_and_a_busy_one_counts_as_slower()
    {
        Channel[] channels = [Channel(2, 0, 1), Channel(1, 0, 1)];
        channels[0].Latency.Answered(0, 1_000);
        channels[1].Latency.Answered(0, 400);

        Assert.Equal(1, Pick(channels, 0, new Random(1), byLatency: true)!.Id);

        channels[1].Latency.Began();
        channels[1].Latency.Began();
        Assert.Equal(2, Pick(channels, 0, new Random(1), byLatency: true)!.Id);
    }

    [Fact]
    public void Slow_answer_counts_at_once_and_is_forgotten_with_time()
    {
        var latency = new Latency();
        latency.Answered(0, 100);
        var before = latency.Cost;

        latency.Answered(10, 5_000);
        Assert.InRange(latency.Cost, 5_000, 5_002);

        latency.Answered(60_000, 100);
        Assert.InRange(latency.Cost, before, before * 1.2);
    }

    private static Channel? Pick(
        Channel[] channels,
        int retry,
        Random random,
        List<Attempt>? attempts = null,
        long now = 0,
        bool pausedToo = false,
        bool byLatency = false,
        Dialect dialect = Dialect.OpenAIChat) =>
        ChannelPicker.Pick(
            channels,
            new Draw(dialect, "m", retry, attempts ?? [], now) { PausedToo = pausedToo, ByLatency = byLatency },
            random)?.Channel;

    private static Channel Channel(long id, long priority, int weight, int type = 1) => NewApi.RelayService.Channels.Channel.From(new ChannelRow
    {
        Id = id,
        Type = type,
        Key = "k",
        BaseUrl = "http://127.0.0.1:9",
        Priority = priority,
        Weight = weight,
    })!;
}
