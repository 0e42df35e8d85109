using NewApi.Domain.Tokens;

namespace NewApi.Domain.Tests.Tokens;

public class MediaTokensTests
{
    [Theory]
    [InlineData("gpt-4o", 1024, 1024, 765)] // example 39
    [InlineData("gpt-4o", 2048, 4096, 1105)]
    [InlineData("gpt-4o", 512, 512, 765)]
    [InlineData("gpt-4o", 1920, 1080, 1105)]
    [InlineData("gpt-5", 1024, 1024, 630)]
    [InlineData("o1", 1024, 1024, 675)]
    [InlineData("gpt-4o-mini", 1024, 1024, 25501)]
    [InlineData("gpt-4.1-mini", 1024, 1024, 1659)] // example 40
    [InlineData("o4-mini", 1800, 2400, 2497)]
    [InlineData("gpt-5-nano", 512, 512, 630)]
    [InlineData("glm-4v", 99, 99, 1047)]
    [InlineData("gpt-4o", 0, 100, 255)]
    public void Image_is_counted_in_tiles_or_patches(string model, int width, int height, long expected) =>
        Assert.Equal(expected, ImageTokens.Count(model, width, height, lowDetail: false));

    [Fact]
    public void Low_detail_costs_the_base_only() => Assert.Equal(85, ImageTokens.Count("gpt-4o", 4000, 4000, lowDetail: true));

    [Theory]
    [InlineData(1, int.MaxValue)]
    [InlineData(int.MaxValue, int.MaxValue)]
    [InlineData(1, 1)]
    public void Strange_sizes_stay_positive(int width, int height)
    {
        foreach (var model in (string[])["gpt-4o", "o4-mini", "gpt-5-nano"])
        {
            Assert.InRange(ImageTokens.Count(model, width, height, lowDetail: false), 1, long.MaxValue);
        }
    }

    [Fact] // example 27
    public void Sound_costs_by_the_second_begun()
    {
        Assert.Equal(1033, AudioTokens.OfDuration(61.2m));
        Assert.Equal(0, AudioTokens.OfDuration(0));
        Assert.Equal(2, AudioTokens.OfUnreadable(1001));
        Assert.Equal(1000, AudioTokens.OfDuration(AudioTokens.PcmSeconds(60 * 48_000)));
    }

    [Fact] // example 42
    public void Realtime_sound_is_truncated()
    {
        Assert.Equal(277, AudioTokens.RealtimeInput(AudioTokens.PcmSeconds(480_000)));
        Assert.Equal(138, AudioTokens.RealtimeOutput(10));
        Assert.Equal(277, AudioTokens.RealtimeInput(AudioTokens.G711Seconds(80_000)));
    }

    [Fact]
    public void Speech_is_charged_by_characters() => Assert.Equal(5, AudioTokens.CodePoints("aé世😀!"u8));
}
