namespace NewApi.Domain.Tokens;

/// <summary>Tokens of sound and of text that is to be spoken, where the upstream does not count (specification: billing §4.6 to §4.8).</summary>
public static class AudioTokens
{
    private const int TokensPerMinute = 1000;

    /// <summary>Transcribed or produced sound: a thousand tokens a minute, by the second begun.</summary>
    public static long OfDuration(decimal seconds) =>
        seconds <= 0 ? 0 : (long)Math.Round(Math.Ceiling(seconds) * TokensPerMinute / 60, MidpointRounding.AwayFromZero);

    /// <summary>Produced sound whose duration cannot be read: a token for a thousand bytes begun.</summary>
    public static long OfUnreadable(long bytes) => bytes <= 0 ? 0 : (bytes - 1) / 1000 + 1;

    /// <summary>Duration of raw speech: 24 kHz, 16 bits, mono.</summary>
    public static decimal PcmSeconds(long bytes) => Math.Max(bytes, 0) / 48_000m;

    /// <summary>Duration of telephone speech (G.711): 8 kHz, 8 bits, mono.</summary>
    public static decimal G711Seconds(long bytes) => Math.Max(bytes, 0) / 8_000m;

    /// <summary>Audio tokens heard in a realtime session; fractions are dropped.</summary>
    public static long RealtimeInput(decimal seconds) => (long)(Math.Max(seconds, 0) * 100 / 0.06m / 60);

    /// <summary>Audio tokens spoken in a realtime session; fractions are dropped.</summary>
    public static long RealtimeOutput(decimal seconds) => (long)(Math.Max(seconds, 0) * 200 / 0.24m / 60);

    /// <summary>Characters of the text to be spoken, as Unicode code points: what the <c>tts</c> models are charged by.</summary>
    public static long CodePoints(ReadOnlySpan<byte> utf8)
    {
        long count = 0;
        foreach (var octet in utf8)
        {
            count += (octet & 0xC0) == 0x80 ? 0 : 1;
        }

        return count;
    }
}
