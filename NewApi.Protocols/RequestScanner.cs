using NewApi.Domain;

namespace NewApi.Protocols;

/// <summary>Reads a request body once and finds what routing, prices and rewriting need (specification: relay §3.1, §7.3).</summary>
public static class RequestScanner
{
    /// <summary>More nesting than any schema in use; beyond it a body is refused.</summary>
    public const int MaxDepth = 128;

    /// <summary>Bounds above this many tokens are refused (specification: relay §7.3).</summary>
    public const long MaxOutputBound = 1L << 30;

    public const int MaxChoices = 128;

    private const int LongestMemberName = 32;

    /// <summary>Scans a body; what is wrong with it is in <see cref="RequestScan.Fault"/>, nothing is thrown.</summary>
    /// <param name="dialect">What it is written in.</param>
    /// <param name="body">The whole body.</param>
    /// <param name="modelKnown">The model is named elsewhere, or there is one to assume: the body need not name it.</param>
    public static RequestScan Scan(Dialect dialect, ReadOnlySpan<byte> body, bool modelKnown = false)
    {
        Span<byte> kinds = stackalloc byte[MaxDepth + 2];
        Span<byte> name = stackalloc byte[LongestMemberName];
        var scan = new RequestScan(dialect);
        new RequestWalk(scan, body, kinds, name).Run(modelKnown);
        return scan;
    }

    /// <summary>The scan of a call that has no body.</summary>
    public static RequestScan Nothing(Dialect dialect) => new(dialect);

    /// <summary>
    /// Tells what the prompt says, by a second pass: for calls whose upstream reports no usage (specification: billing §9). What the scan
    /// counts (messages, tools, media) is not told.
    /// </summary>
    public static void ReadPrompt(Dialect dialect, ReadOnlySpan<byte> body, TextTally tally)
    {
        Span<byte> kinds = stackalloc byte[MaxDepth + 2];
        Span<byte> name = stackalloc byte[LongestMemberName];
        new RequestWalk(new RequestScan(dialect), body, kinds, name, tally).Run(modelKnown: true);
    }
}
