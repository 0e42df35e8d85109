using NewApi.Domain;

namespace NewApi.Protocols;

/// <summary>What a whole (buffered) answer says about itself.</summary>
public readonly record struct ReplyFacts
{
    public Usage Usage { get; init; }

    /// <summary>An error object inside an answer with status 200, or a body that cannot be read.</summary>
    public RelayFault? Error { get; init; }

    /// <summary>The answer has content, reasoning or a tool call.</summary>
    public bool Delivered { get; init; }

    public string? FinishReason { get; init; }

    public int ToolCalls { get; init; }
}

/// <summary>Reads buffered answers.</summary>
public static class ReplyReader
{
    public static ReplyFacts Read(Dialect dialect, ReadOnlySpan<byte> body)
    {
        var tap = StreamTap.Create(dialect);
        var kind = tap.ObserveJson(body, default);
        return new ReplyFacts
        {
            Usage = tap.Usage,
            Error = kind.HasFlag(FrameKind.Malformed) ? Unreadable() : tap.Error,
            Delivered = tap.Delivered,
            FinishReason = tap.FinishReason,
            ToolCalls = tap.ToolCalls,
        };
    }

    private static RelayFault Unreadable() => new(500, "bad_response_body", "The upstream's answer is not valid JSON.")
    {
        Type = "bad_response_body",
        Leg = Leg.Decode,
    };
}
