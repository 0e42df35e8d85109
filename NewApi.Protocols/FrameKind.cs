namespace NewApi.Protocols;

/// <summary>What one frame of an upstream's stream means to the gateway.</summary>
[Flags]
public enum FrameKind
{
    /// <summary>Comments, pings, lead-ins such as a role without content.</summary>
    None = 0,

    /// <summary>Content, reasoning or a tool call, or an end without content: the upstream has begun to answer.</summary>
    Meaningful = 1,

    /// <summary>OpenAI's trailing chunk with empty <c>choices</c> and <c>usage</c>: may be swallowed when the caller did not ask for it.</summary>
    UsageOnly = 2,

    /// <summary>The last frame of the dialect: <c>[DONE]</c>, <c>message_stop</c>, <c>response.completed</c> and its like.</summary>
    Terminal = 4,

    /// <summary>An error object inside a stream that began with 200.</summary>
    Error = 8,

    /// <summary>Cannot be read; counted, skipped, never fatal.</summary>
    Malformed = 16,

    /// <summary>A part of the answer is complete, its usage is known, and the last frame of the stream may not be marked as such.</summary>
    Complete = 32,
}
