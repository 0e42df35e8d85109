namespace NewApi.Domain;

/// <summary>A wire format, on either side of the gateway.</summary>
public enum Dialect
{
    /// <summary>OpenAI <c>/v1/chat/completions</c>.</summary>
    OpenAIChat,

    /// <summary>OpenAI <c>/v1/completions</c>, the legacy text completions.</summary>
    OpenAICompletions,

    /// <summary>OpenAI <c>/v1/embeddings</c>.</summary>
    OpenAIEmbeddings,

    /// <summary>OpenAI <c>/v1/responses</c>.</summary>
    OpenAIResponses,

    /// <summary>Anthropic <c>/v1/messages</c>.</summary>
    AnthropicMessages,

    /// <summary>Gemini <c>models/{model}:generateContent</c> and its streaming twin.</summary>
    GeminiContent,
}
