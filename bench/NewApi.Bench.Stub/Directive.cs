using System.Buffers;
using System.Buffers.Text;

namespace NewApi.Bench.Stub;

/// <summary>
/// What a request wants from the stub, written near the start of its prompt, since a gateway does not pass headers on:
/// <c>bench:chunks=200,pace=50,size=16;</c> is 200 frames, one each 50 ms, of 16 characters. No directive: one JSON answer.
/// </summary>
internal readonly record struct Directive(int Chunks, int PaceMilliseconds, int Size)
{
    /// <summary>Bytes from the start of a body in which a directive is looked for.</summary>
    public const int Reach = 2048;

    public static Directive Find(ReadOnlySequence<byte> start)
    {
        Span<byte> copy = stackalloc byte[Reach];
        start.CopyTo(copy);
        ReadOnlySpan<byte> text = copy[..(int)start.Length];
        var at = text.IndexOf("bench:"u8);
        if (at < 0)
        {
            return default;
        }
        text = text[(at + "bench:"u8.Length)..];
        return new(Number(text, "chunks="u8, 0), Number(text, "pace="u8, 0), Number(text, "size="u8, 16));
    }

    private static int Number(ReadOnlySpan<byte> text, ReadOnlySpan<byte> name, int fallback)
    {
        var end = text.IndexOf((byte)';');
        var at = end < 0 ? -1 : text[..end].IndexOf(name);
        return at >= 0 && Utf8Parser.TryParse(text[(at + name.Length)..], out int value, out _) ? value : fallback;
    }
}
