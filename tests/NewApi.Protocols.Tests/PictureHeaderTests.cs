using NewApi.Protocols;

namespace NewApi.Protocols.Tests;

public sealed class PictureHeaderTests
{
    [Theory]
    [InlineData("png", "89504E470D0A1A0A0000000D49484452000002800000016808060000000000000000", 640, 360)]
    [InlineData("gif", "47494638396140010A00F00000", 320, 10)]
    [InlineData("bmp", "424D0000000000000000360000002800000040010000B0FFFFFF010018000000", 320, 80)]
    [InlineData("jpeg", "FFD8FFE000104A46494600010100000100010000FFC4000500AABBFFC0001108016802800301220002", 640, 360)]
    [InlineData("progressive jpeg", "FFD8FFE1000645454545FFFFC2001108016802800301220002110103110100000000", 640, 360)]
    [InlineData("lossy webp", "52494646000000005745425056503820000000000000009D012A80026801000000", 640, 360)]
    [InlineData("lossless webp", "5249464600000000574542505650384C000000002F7FC259000000000000000000", 640, 360)]
    [InlineData("extended webp", "524946460000000057454250565038580A00000000000000" + "7F0200" + "670100", 640, 360)]
    public void Size_is_read_from_the_beginning_of_the_file(string format, string hex, int width, int height)
    {
        Assert.True(PictureHeader.TryRead(Convert.FromHexString(hex), out var across, out var down), format);
        Assert.Equal((width, height), (across, down));
    }

    [Theory]
    [InlineData("")]
    [InlineData("89504E47")]
    [InlineData("FFD8FFE0FFFF4A46494600010100000100010000FFC000110801680280030122000211")]
    [InlineData("255044462D312E370A255044462D312E370A255044462D312E370A255044462D312E")]
    [InlineData("89504E470D0A1A0A0000000D49484452000000000000016808060000000000000000")]
    public void What_has_no_size_is_not_measured(string hex)
    {
        Assert.False(PictureHeader.TryRead(Convert.FromHexString(hex), out var width, out var height));
        Assert.Equal((0, 0), (width, height));
    }

    [Fact]
    public void Noise_is_never_an_exception()
    {
        var random = new Random(7);
        byte[][] heads = [[0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10], [0xFF, 0xD8, 0xFF], "RIFF0000WEBPVP8"u8.ToArray(), "GIF8"u8.ToArray(), "BM"u8.ToArray()];
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = new byte[random.Next(0, 80)];
            random.NextBytes(bytes);
            var head = heads[i % heads.Length];
            head.AsSpan(0, Math.Min(head.Length, bytes.Length)).CopyTo(bytes);
            PictureHeader.TryRead(bytes, out _, out _);
        }
    }
}
