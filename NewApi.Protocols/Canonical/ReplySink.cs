using NewApi.Domain;

namespace NewApi.Protocols.Canonical;

/// <summary>
/// Takes an answer piece by piece, in the order the model makes it: a <see cref="ChatReplyReader"/> calls it for every frame, and it writes
/// the same in another dialect. Spans are UTF-8 without JSON escapes, valid during the call only. Indexes count from 0; <c>call</c> counts
/// tool calls within one choice.
/// </summary>
public abstract class ReplySink
{
    /// <summary>Once, before anything else.</summary>
    public virtual void Start(in ReplyHead head)
    {
    }

    public abstract void Text(int choice, ReadOnlySpan<byte> utf8);

    public abstract void Reasoning(int choice, ReadOnlySpan<byte> utf8);

    /// <summary>The signature of the thoughts that came just before.</summary>
    public virtual void ReasoningSignature(int choice, ReadOnlySpan<byte> signature)
    {
    }

    /// <summary>Thoughts that only the upstream can read.</summary>
    public virtual void EncryptedReasoning(int choice, ReadOnlySpan<byte> data)
    {
    }

    public virtual void Refusal(int choice, ReadOnlySpan<byte> utf8) => Text(choice, utf8);

    /// <summary>A tool call begins; its arguments follow, perhaps in pieces, perhaps between those of other calls.</summary>
    public abstract void ToolCall(int choice, int call, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name);

    public abstract void ToolArguments(int choice, int call, ReadOnlySpan<byte> json);

    /// <summary>Gemini's thought signature of a tool call.</summary>
    public virtual void ToolSignature(int choice, int call, ReadOnlySpan<byte> signature)
    {
    }

    /// <summary>An image that the model made.</summary>
    public virtual void Image(int choice, ReadOnlySpan<byte> mimeType, ReadOnlySpan<byte> base64)
    {
    }

    /// <summary>Sound that the model made, and what is said in it.</summary>
    public virtual void Audio(int choice, ReadOnlySpan<byte> mimeType, ReadOnlySpan<byte> base64, ReadOnlySpan<byte> transcript)
    {
    }

    /// <summary>A web page that the text before it relies on.</summary>
    public virtual void Citation(int choice, ReadOnlySpan<byte> url, ReadOnlySpan<byte> title)
    {
    }

    /// <summary>Probabilities of the tokens just told, as OpenAI writes them: a JSON array of <c>{"token":…,"logprob":…,"bytes":…,"top_logprobs":[…]}</c>.</summary>
    public virtual void LogProbs(int choice, ReadOnlySpan<byte> json)
    {
    }

    /// <summary>The choice is complete.</summary>
    public abstract void Finish(int choice, FinishReason reason);

    /// <summary>Usage as far as the upstream has reported it; it may come several times, the last word counts.</summary>
    public virtual void Usage(in Usage usage)
    {
    }
}

/// <summary>What an answer says of itself at its beginning; empty where the upstream did not say.</summary>
public readonly record struct ReplyHead(string Id, string Model, long Created)
{
    /// <summary>Thoughts will be followed by signatures, which a caller has to bring back together with them.</summary>
    public bool SignsReasoning { get; init; }
}

/// <summary>Why an answer ended. Open: tomorrow's reason needs no release.</summary>
/// <param name="Value">One of the words below, or the upstream's own.</param>
/// <param name="StopSequence">The sequence that ended the answer, if the upstream says which.</param>
public readonly record struct FinishReason(string Value, string? StopSequence = null)
{
    public static FinishReason Stop => new("stop");

    public static FinishReason Length => new("length");

    public static FinishReason ToolCalls => new("tool_calls");

    public static FinishReason ContentFilter => new("content_filter");

    /// <summary>The model declined (Anthropic <c>refusal</c>).</summary>
    public static FinishReason Refusal => new("refusal");

    /// <summary>A long-running turn that the caller should continue (Anthropic <c>pause_turn</c>).</summary>
    public static FinishReason Pause => new("pause_turn");
}
