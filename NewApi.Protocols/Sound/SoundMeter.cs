using System.Buffers.Binary;
using NewApi.Domain.Tokens;

namespace NewApi.Protocols.Sound;

/// <summary>
/// Measures how long sound is as it passes, from its frame headers alone: WAV, MP3, AAC (ADTS), Ogg (Opus, Vorbis), FLAC and raw speech.
/// The state is of constant size.
/// </summary>
public sealed class SoundMeter
{
    private const int HeadSize = 128;
    private const int SniffedBytes = 12;
    private const int OggHeader = 27;

    /// <summary>MPEG layer III, kbit/s by index, for version 1 and for versions 2 and 2.5.</summary>
    private static readonly int[] Version1Rates = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0];
    private static readonly int[] Version2Rates = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0];
    private static readonly int[] Mp3SampleRates = [44_100, 48_000, 32_000];
    private static readonly int[] AacSampleRates = [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

    private readonly byte[] _head = new byte[HeadSize];
    private readonly byte[] _frame = new byte[OggHeader + 255];
    private int _headLength;
    private Kind _kind;
    private int _have;
    private int _need;
    private long _skip;
    private decimal _seconds;
    private long _granule;

    /// <param name="format">What the bytes are said to be; only raw speech (<c>pcm</c>) cannot be told by looking.</param>
    public SoundMeter(string? format = null) => _kind = format == "pcm" ? Kind.Pcm : Kind.Unknown;

    private enum Kind
    {
        Unknown,
        Unreadable,
        Pcm,
        Wav,
        Mp3,
        Aac,
        Ogg,
        Flac,
    }

    /// <summary>Bytes that passed.</summary>
    public long Bytes { get; private set; }

    /// <summary>How long what passed is; null when it cannot be told.</summary>
    public decimal? Seconds => Believable(_kind switch
    {
        Kind.Pcm => AudioTokens.PcmSeconds(Bytes),
        Kind.Wav => WavSeconds(),
        Kind.Flac => FlacSeconds(),
        Kind.Ogg => OggSeconds(),
        Kind.Mp3 or Kind.Aac when _seconds > 0 => _seconds,
        _ => null,
    });

    /// <summary>Tokens of the sound that passed; by its bytes where its length cannot be told.</summary>
    public long Tokens => Seconds is { } seconds ? AudioTokens.OfDuration(seconds) : AudioTokens.OfUnreadable(Bytes);

    /// <summary>A header may claim anything: nobody is charged for more than a day.</summary>
    internal static decimal? Believable(decimal? seconds) => seconds is null ? null : Math.Min(seconds.Value, 86_400);

    public void Observe(ReadOnlySpan<byte> bytes)
    {
        Bytes += bytes.Length;
        if (_kind is Kind.Pcm or Kind.Unreadable)
        {
            return;
        }

        var known = _kind != Kind.Unknown;
        if (_headLength < HeadSize)
        {
            var kept = Math.Min(HeadSize - _headLength, bytes.Length);
            bytes[..kept].CopyTo(_head.AsSpan(_headLength));
            _headLength += kept;
            if (!known)
            {
                if (_headLength < SniffedBytes)
                {
                    return;
                }

                Begin();
                Walk(_head.AsSpan(0, _headLength));
                bytes = bytes[kept..];
            }
        }

        Walk(bytes);
    }

    private void Begin()
    {
        ReadOnlySpan<byte> head = _head;
        if (head.StartsWith("RIFF"u8) && head[8..].StartsWith("WAVE"u8))
        {
            _kind = Kind.Wav;
        }
        else if (head.StartsWith("fLaC"u8))
        {
            _kind = Kind.Flac;
        }
        else if (head.StartsWith("OggS"u8))
        {
            (_kind, _need) = (Kind.Ogg, OggHeader);
        }
        else if (head.StartsWith("ID3"u8))
        {
            // Twenty-eight bits of length, seven to a byte.
            (_kind, _need) = (Kind.Mp3, 4);
            _skip = 10 + ((head[6] & 0x7F) << 21 | (head[7] & 0x7F) << 14 | (head[8] & 0x7F) << 7 | (head[9] & 0x7F));
        }
        else if (head[0] == 0xFF && (head[1] & 0xF6) == 0xF0)
        {
            (_kind, _need) = (Kind.Aac, 7);
        }
        else if (head[0] == 0xFF && (head[1] & 0xE0) == 0xE0)
        {
            (_kind, _need) = (Kind.Mp3, 4);
        }
        else
        {
            _kind = Kind.Unreadable;
        }
    }

    private void Walk(ReadOnlySpan<byte> bytes)
    {
        if (_kind is not (Kind.Mp3 or Kind.Aac or Kind.Ogg))
        {
            return;
        }

        while (!bytes.IsEmpty)
        {
            if (_skip > 0)
            {
                var skipped = (int)Math.Min(_skip, bytes.Length);
                _skip -= skipped;
                bytes = bytes[skipped..];
                continue;
            }

            var taken = Math.Min(_need - _have, bytes.Length);
            bytes[..taken].CopyTo(_frame.AsSpan(_have));
            _have += taken;
            bytes = bytes[taken..];
            if (_have == _need)
            {
                Step();
            }
        }
    }

    private void Step()
    {
        var length = _kind switch
        {
            Kind.Mp3 => Mp3Frame(),
            Kind.Aac => AacFrame(),
            _ => OggPage(),
        };
        if (length == 0)
        {
            return;
        }

        if (length < 0)
        {
            // Not where a frame begins: look one byte further on.
            _frame.AsSpan(1, _have - 1).CopyTo(_frame);
            _have--;
            return;
        }

        _skip = Math.Max(length - _have, 0);
        _have = 0;
    }

    private int Mp3Frame()
    {
        var version = _frame[1] >> 3 & 3;
        var layer = _frame[1] >> 1 & 3;
        var rate = _frame[2] >> 2 & 3;
        if (_frame[0] != 0xFF || (_frame[1] & 0xE0) != 0xE0 || version == 1 || layer != 1 || rate == 3)
        {
            return -1;
        }

        var first = version == 3;
        var bits = (first ? Version1Rates : Version2Rates)[_frame[2] >> 4] * 1000;
        var samplesPerSecond = Mp3SampleRates[rate] >> (first ? 0 : version == 2 ? 1 : 2);
        if (bits == 0)
        {
            return -1;
        }

        var samples = first ? 1152 : 576;
        _seconds += (decimal)samples / samplesPerSecond;
        return samples / 8 * bits / samplesPerSecond + (_frame[2] >> 1 & 1);
    }

    private int AacFrame()
    {
        var rate = _frame[2] >> 2 & 15;
        var length = (_frame[3] & 3) << 11 | _frame[4] << 3 | _frame[5] >> 5;
        if (_frame[0] != 0xFF || (_frame[1] & 0xF6) != 0xF0 || rate >= AacSampleRates.Length || length < 7)
        {
            return -1;
        }

        _seconds += 1024m * ((_frame[6] & 3) + 1) / AacSampleRates[rate];
        return length;
    }

    /// <summary>A page says how many samples have been heard by its end.</summary>
    private int OggPage()
    {
        ReadOnlySpan<byte> page = _frame;
        if (!page.StartsWith("OggS"u8))
        {
            _need = OggHeader;
            return -1;
        }

        var segments = page[26];
        if (_need < OggHeader + segments)
        {
            _need = OggHeader + segments;
            return 0;
        }

        var granule = BinaryPrimitives.ReadInt64LittleEndian(page[6..]);
        _granule = Math.Max(_granule, granule);
        var length = OggHeader + segments;
        foreach (var segment in page.Slice(OggHeader, segments))
        {
            length += segment;
        }

        _need = OggHeader;
        return length;
    }

    private decimal? OggSeconds()
    {
        // The first page holds the codec's own header, behind one length byte.
        ReadOnlySpan<byte> first = _head.AsSpan(0, _headLength);
        first = first.Length > OggHeader + 1 ? first[(OggHeader + 1)..] : default;
        if (first.StartsWith("OpusHead"u8) && first.Length >= 12)
        {
            return Math.Max(_granule - BinaryPrimitives.ReadUInt16LittleEndian(first[10..]), 0) / 48_000m;
        }

        if (first.StartsWith("\u0001vorbis"u8) && first.Length >= 16 && BinaryPrimitives.ReadUInt32LittleEndian(first[12..]) is > 0 and var rate)
        {
            return _granule / (decimal)rate;
        }

        return null;
    }

    /// <summary>Streamed files do not know their own length: what counts is what came after the header.</summary>
    private decimal? WavSeconds()
    {
        ReadOnlySpan<byte> head = _head.AsSpan(0, _headLength);
        uint rate = 0;
        var at = 12;
        // Written without sums: a header may claim any length.
        while (at <= head.Length - 8)
        {
            var size = BinaryPrimitives.ReadUInt32LittleEndian(head[(at + 4)..]);
            if (head[at..].StartsWith("fmt "u8) && at + 20 <= head.Length)
            {
                rate = BinaryPrimitives.ReadUInt32LittleEndian(head[(at + 16)..]);
            }
            else if (head[at..].StartsWith("data"u8))
            {
                break;
            }

            at = (int)Math.Min(at + 8L + size + (size & 1), HeadSize);
        }

        return rate == 0 ? null : Math.Max(Bytes - Math.Min(at + 8, HeadSize), 0) / (decimal)rate;
    }

    private decimal? FlacSeconds()
    {
        if (_headLength < 26)
        {
            return null;
        }

        var facts = BinaryPrimitives.ReadUInt64BigEndian(_head.AsSpan(18));
        var rate = facts >> 44;
        var samples = facts & 0xF_FFFF_FFFF;
        return rate == 0 || samples == 0 ? null : samples / (decimal)rate;
    }
}
