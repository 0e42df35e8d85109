using NewApi.Domain;

namespace NewApi.Protocols.Canonical;

/// <summary>
/// Signatures and encrypted thoughts are good only for the kind of upstream that made them, and come back by way of a caller whose next
/// call may be served by another kind. So in the canonical model they bear a mark: <c>gemini:…</c>, <c>openai:…</c> (Responses);
/// Anthropic's bear none. Callers carry them about as they are. Whoever writes a request takes what is <see cref="Own"/>, and leaves out
/// the rest: a wrong signature is refused, a missing one only makes the model think again. Signatures of tool calls are Gemini's alone and
/// bear no mark.
/// </summary>
internal static class ThoughtMark
{
    public static ReadOnlySpan<byte> Gemini => "gemini:"u8;

    public static ReadOnlySpan<byte> OpenAI => "openai:"u8;

    /// <summary>What the upstream itself wrote, when it was one of this dialect; else null.</summary>
    public static string? Own(Dialect dialect, string? marked) => dialect switch
    {
        Dialect.GeminiContent => After("gemini:", marked),
        Dialect.OpenAIResponses => After("openai:", marked),
        _ => After("gemini:", marked) is null && After("openai:", marked) is null ? marked : null,
    };

    private static string? After(string mark, string? marked) =>
        marked is not null && marked.StartsWith(mark, StringComparison.Ordinal) ? marked[mark.Length..] : null;
}
