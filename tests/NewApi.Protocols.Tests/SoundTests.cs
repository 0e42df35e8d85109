using System.Buffers.Binary;
using NewApi.Protocols.Sound;

namespace NewApi.Protocols.Tests;

/// <summary>How long sound is, told from its headers alone, whole or cut at any byte.</summary>
public sealed class SoundTests
{
    private static readonly Dictionary<string, (byte[] File, decimal Seconds)> Files = new()
    {
        ["mp3"] = (Mp3(100), 100 * 1152m / 44_100),
        ["mp3 behind a tag"] = ([.. "ID3\u0004\0\0\0\0\u0001\u0000"u8, .. new byte[128], .. Mp3(10)], 10 * 1152m / 44_100),
        ["aac"] = (Aac(50), 50 * 1024m / 44_100),
        ["opus"] = (Opus(granule: 48_312), 1m),
        ["wav"] = (Wav(2_000), 0.25m),
        ["flac"] = (Flac(48_000, 96_000), 2m),
        ["m4a"] = (M4a(scale: 1_000, duration: 61_200), 61.2m),
        ["webm"] = (WebM(duration: 2_500), 2.5m),
        ["webm of a recorder"] = (WebM(duration: null), 4.02m),
    };

    public static TheoryData<string> All => [.. Files.Keys];

    public static TheoryData<string> Flowing => [.. Files.Keys.Where(name => name is not ("m4a" or "webm" or "webm of a recorder"))];

    [Theory, MemberData(nameof(All))]
    public void File_is_as_long_as_its_headers_say(string name)
    {
        var (file, seconds) = Files[name];

        Assert.Equal((double)seconds, (double)(SoundFile.Seconds(file) ?? -1), 3);
    }

    [Theory, MemberData(nameof(Flowing))]
    public void Sound_that_flows_by_in_pieces_is_as_long_as_the_whole(string name)
    {
        var (file, seconds) = Files[name];
        foreach (var piece in (int[])[1, 3, 7, 100, 4096])
        {
            var meter = new SoundMeter();
            for (var at = 0; at < file.Length; at += piece)
            {
                meter.Observe(file.AsSpan(at, Math.Min(piece, file.Length - at)));
            }
            Assert.Equal((double)seconds, (double)(meter.Seconds ?? -1), 3);
            Assert.Equal(file.Length, meter.Bytes);
        }
    }

    [Theory, MemberData(nameof(All))]
    public void File_that_is_cut_or_damaged_never_throws(string name)
    {
        var (file, _) = Files[name];
        var random = new Random(11);
        for (var length = 0; length < file.Length; length += 1 + length / 16)
        {
            SoundFile.Seconds(file.AsSpan(0, length));
            var damaged = file.ToArray();
            damaged[random.Next(Math.Min(64, damaged.Length))] = (byte)random.Next(256);
            Assert.InRange(SoundFile.Seconds(damaged) ?? 0, 0, 86_400);
        }
    }

    [Fact]
    public void Sound_that_cannot_be_read_counts_by_its_bytes()
    {
        var meter = new SoundMeter();
        meter.Observe(new byte[2_001]);

        Assert.Null(meter.Seconds);
        Assert.Equal(3, meter.Tokens);
    }

    private static byte[] Mp3(int frames)
    {
        var sound = new byte[417 * frames];
        for (var at = 0; at < sound.Length; at += 417)
        {
            (sound[at], sound[at + 1], sound[at + 2]) = (0xFF, 0xFB, 0x90);
        }
        return sound;
    }

    private static byte[] Aac(int frames)
    {
        var sound = new byte[200 * frames];
        for (var at = 0; at < sound.Length; at += 200)
        {
            // 44.1 kHz, two hundred bytes a frame.
            (sound[at], sound[at + 1], sound[at + 2], sound[at + 4], sound[at + 5]) = (0xFF, 0xF1, 4 << 2, 200 >> 3, (200 & 7) << 5);
        }
        return sound;
    }

    private static byte[] Opus(long granule)
    {
        byte[] head = [.. "OpusHead"u8, 1, 1, 312 & 255, 312 >> 8, 0, 0, 0, 0, 0, 0, 0];
        return [.. OggPage(0, head), .. OggPage(granule / 2, new byte[200]), .. OggPage(granule, new byte[100])];
    }

    private static byte[] OggPage(long granule, byte[] content)
    {
        var page = new byte[28 + content.Length];
        "OggS"u8.CopyTo(page);
        BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(6), granule);
        (page[26], page[27]) = (1, (byte)content.Length);
        content.CopyTo(page, 28);
        return page;
    }

    private static byte[] Wav(int bytes)
    {
        var file = new byte[44 + bytes];
        "RIFF"u8.CopyTo(file);
        "WAVEfmt "u8.CopyTo(file.AsSpan(8));
        file[16] = 16;
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(28), 8_000);
        "data"u8.CopyTo(file.AsSpan(36));
        // A recorder that streams cannot know: the length in the header is not believed.
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(40), uint.MaxValue);
        return file;
    }

    private static byte[] Flac(ulong rate, ulong samples)
    {
        var file = new byte[100];
        "fLaC"u8.CopyTo(file);
        BinaryPrimitives.WriteUInt64BigEndian(file.AsSpan(18), rate << 44 | samples);
        return file;
    }

    private static byte[] M4a(uint scale, uint duration)
    {
        var header = new byte[24];
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(12), scale);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(16), duration);
        return [.. Box("ftyp"u8, "M4A "u8), .. Box("mdat"u8, new byte[500]), .. Box("moov"u8, Box("mvhd"u8, header))];
    }

    private static byte[] Box(ReadOnlySpan<byte> name, ReadOnlySpan<byte> content)
    {
        var box = new byte[8 + content.Length];
        BinaryPrimitives.WriteInt32BigEndian(box, box.Length);
        name.CopyTo(box.AsSpan(4));
        content.CopyTo(box.AsSpan(8));
        return box;
    }

    private static byte[] WebM(double? duration)
    {
        var total = new byte[8];
        BinaryPrimitives.WriteDoubleBigEndian(total, duration ?? 0);
        byte[] info = duration is null ? [] : [0x15, 0x49, 0xA9, 0x66, 0x8B, 0x44, 0x89, 0x88, .. total];
        // Segment and cluster of unknown length, a block twenty milliseconds after four seconds.
        return
        [
            0x1A, 0x45, 0xDF, 0xA3, 0x80, 0x18, 0x53, 0x80, 0x67, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, .. info,
            0x1F, 0x43, 0xB6, 0x75, 0xFF, 0xE7, 0x82, 4_000 >> 8, 4_000 & 255, 0xA3, 0x85, 0x81, 0, 20, 0, 0xAA,
        ];
    }
}
