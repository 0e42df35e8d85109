using NewApi.Domain;

namespace NewApi.Protocols;

/// <summary>In which shape clients of a route read errors.</summary>
public enum ErrorShape
{
    OpenAI,
    Anthropic,

    /// <summary>OpenAI's members, and <c>status</c> as Google's clients expect it.</summary>
    Gemini,

    /// <summary>What midjourney-proxy's clients read: a description and a number.</summary>
    Midjourney,
}

public static class ErrorShapes
{
    public static ErrorShape For(Dialect dialect) => dialect switch
    {
        Dialect.AnthropicMessages or Dialect.AnthropicCountTokens => ErrorShape.Anthropic,
        Dialect.GeminiContent or Dialect.GeminiEmbeddings or Dialect.GeminiAction => ErrorShape.Gemini,
        Dialect.Midjourney => ErrorShape.Midjourney,
        _ => ErrorShape.OpenAI,
    };
}
