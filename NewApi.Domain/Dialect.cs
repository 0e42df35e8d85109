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

    /// <summary>OpenAI <c>/v1/responses/compact</c>: a conversation is shortened, never streamed.</summary>
    OpenAIResponsesCompact,

    /// <summary>OpenAI <c>/v1/edits</c>, the legacy text edits.</summary>
    OpenAIEdits,

    /// <summary>OpenAI <c>/v1/alpha/search</c>, which Codex asks.</summary>
    OpenAISearch,

    /// <summary>OpenAI <c>/v1/moderations</c>.</summary>
    OpenAIModerations,

    /// <summary>OpenAI <c>/v1/images/generations</c>.</summary>
    OpenAIImages,

    /// <summary>OpenAI <c>/v1/images/edits</c>: multipart, or JSON.</summary>
    OpenAIImageEdits,

    /// <summary>OpenAI <c>/v1/audio/speech</c>: JSON in, sound out.</summary>
    OpenAISpeech,

    /// <summary>OpenAI <c>/v1/audio/transcriptions</c>: multipart in; JSON, text or subtitles out.</summary>
    OpenAITranscriptions,

    /// <summary>OpenAI <c>/v1/audio/translations</c>.</summary>
    OpenAITranslations,

    /// <summary>OpenAI <c>/v1/realtime</c>: events over a WebSocket.</summary>
    OpenAIRealtime,

    /// <summary><c>/v1/rerank</c> as Jina and Cohere have it.</summary>
    Rerank,

    /// <summary>Anthropic <c>/v1/messages</c>.</summary>
    AnthropicMessages,

    /// <summary>Anthropic <c>/v1/messages/count_tokens</c>.</summary>
    AnthropicCountTokens,

    /// <summary>Gemini <c>models/{model}:generateContent</c> and its streaming twin.</summary>
    GeminiContent,

    /// <summary>Gemini <c>models/{model}:embedContent</c> and <c>:batchEmbedContents</c>.</summary>
    GeminiEmbeddings,

    /// <summary>Every other action of a Gemini model: <c>:countTokens</c>, <c>:predict</c> (Imagen) and what may come.</summary>
    GeminiAction,

    /// <summary>Films that are ordered now and fetched later: <c>/v1/videos</c>, <c>/v1/video/generations</c> and what is rewritten to them.</summary>
    Video,

    /// <summary>Songs that are ordered now and fetched later: <c>/suno</c>.</summary>
    Suno,

    /// <summary>Midjourney as midjourney-proxy offers it: drawings are submitted, and asked for later.</summary>
    Midjourney,
}
