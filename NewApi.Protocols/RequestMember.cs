using NewApi.Domain;

namespace NewApi.Protocols;

/// <summary>Top-level members of request bodies that the gateway looks at.</summary>
internal enum RequestMember
{
    Other,
    Model,
    Stream,
    StreamOptions,
    MaxTokens,
    MaxCompletionTokens,
    MaxOutputTokens,
    Choices,
    Messages,
    Prompt,
    Suffix,
    Input,
    Instructions,
    System,
    Contents,
    Content,
    Requests,
    Instances,
    CountedRequest,
    GenerationConfig,
    SystemInstruction,
    Tools,
    Functions,
    PromptCacheKey,
    ReasoningEffort,
    Reasoning,
    Metadata,
    ServiceTier,
    InferenceGeo,
    Speed,
    SafetyIdentifier,
    Store,
    Instruction,
    Query,
    Documents,
    Image,
    Size,
    Quality,
    ResponseFormat,
    StreamFormat,
    Parameters,
}

/// <summary>Which members mean something in which dialect.</summary>
internal static class RequestMembers
{
    public static RequestMember Find(Dialect dialect, ReadOnlySpan<byte> name) => dialect switch
    {
        Dialect.GeminiContent or Dialect.GeminiEmbeddings or Dialect.GeminiAction => FindGemini(name),
        Dialect.AnthropicMessages or Dialect.AnthropicCountTokens => FindAnthropic(name),
        Dialect.Rerank => FindRerank(name),
        Dialect.OpenAIImages or Dialect.OpenAIImageEdits => FindImages(name),
        Dialect.OpenAISpeech => FindSpeech(name),
        _ => FindOpenAI(dialect, name),
    };

    /// <summary>The model stands in the address and not in the body.</summary>
    public static bool NamesModelInAddress(Dialect dialect) =>
        dialect is Dialect.GeminiContent or Dialect.GeminiEmbeddings or Dialect.GeminiAction;

    /// <summary>The member's name on the wire, for messages.</summary>
    public static string Name(Dialect dialect, RequestMember member) => member switch
    {
        RequestMember.Model => "model",
        RequestMember.Stream => "stream",
        RequestMember.StreamOptions => "stream_options",
        RequestMember.MaxTokens => "max_tokens",
        RequestMember.MaxCompletionTokens => "max_completion_tokens",
        RequestMember.MaxOutputTokens => NamesModelInAddress(dialect) ? "generationConfig.maxOutputTokens" : "max_output_tokens",
        RequestMember.Choices => dialect == Dialect.GeminiContent ? "generationConfig.candidateCount"
            : dialect == Dialect.GeminiAction ? "parameters.sampleCount"
            : "n",
        RequestMember.Messages => "messages",
        RequestMember.Prompt => "prompt",
        RequestMember.Suffix => "suffix",
        RequestMember.Input => "input",
        RequestMember.Instructions => "instructions",
        RequestMember.System => "system",
        RequestMember.Contents => "contents",
        RequestMember.Content => "content",
        RequestMember.Requests => "requests",
        RequestMember.Instances => "instances",
        RequestMember.CountedRequest => "generateContentRequest",
        RequestMember.GenerationConfig => "generationConfig",
        RequestMember.SystemInstruction => "systemInstruction",
        RequestMember.Tools => "tools",
        RequestMember.Functions => "functions",
        RequestMember.PromptCacheKey => "prompt_cache_key",
        RequestMember.ReasoningEffort => "reasoning_effort",
        RequestMember.Reasoning => "reasoning",
        RequestMember.Metadata => "metadata",
        RequestMember.ServiceTier => "service_tier",
        RequestMember.InferenceGeo => "inference_geo",
        RequestMember.Speed => "speed",
        RequestMember.SafetyIdentifier => "safety_identifier",
        RequestMember.Store => "store",
        RequestMember.Instruction => "instruction",
        RequestMember.Query => "query",
        RequestMember.Documents => "documents",
        RequestMember.Image => "image",
        RequestMember.Size => "size",
        RequestMember.Quality => "quality",
        RequestMember.ResponseFormat => "response_format",
        RequestMember.StreamFormat => "stream_format",
        RequestMember.Parameters => "parameters",
        _ => "",
    };

    private static RequestMember FindOpenAI(Dialect dialect, ReadOnlySpan<byte> name)
    {
        var responses = dialect is Dialect.OpenAIResponses or Dialect.OpenAIResponsesCompact;
        var chat = dialect == Dialect.OpenAIChat;
        switch (name.Length)
        {
            case 1 when name[0] == (byte)'n' && !responses && dialect != Dialect.OpenAIEmbeddings:
                return RequestMember.Choices;
            case 5:
                if (name.SequenceEqual("model"u8))
                {
                    return RequestMember.Model;
                }

                if (name.SequenceEqual("tools"u8) && (chat || responses))
                {
                    return RequestMember.Tools;
                }

                if (name.SequenceEqual("input"u8)
                    && (responses || dialect is Dialect.OpenAIEmbeddings or Dialect.OpenAIModerations or Dialect.OpenAIEdits or Dialect.OpenAISearch))
                {
                    return RequestMember.Input;
                }

                return name.SequenceEqual("store"u8) ? RequestMember.Store
                    : name.SequenceEqual("speed"u8) ? RequestMember.Speed
                    : RequestMember.Other;
            case 6:
                if (name.SequenceEqual("stream"u8) && dialect != Dialect.OpenAIEmbeddings)
                {
                    return RequestMember.Stream;
                }

                if (name.SequenceEqual("prompt"u8) && (responses || dialect == Dialect.OpenAICompletions))
                {
                    return RequestMember.Prompt;
                }

                return name.SequenceEqual("suffix"u8) && dialect == Dialect.OpenAICompletions ? RequestMember.Suffix : RequestMember.Other;
            case 8:
                return name.SequenceEqual("messages"u8) && chat ? RequestMember.Messages
                    : name.SequenceEqual("metadata"u8) ? RequestMember.Metadata
                    : RequestMember.Other;
            case 9:
                return name.SequenceEqual("functions"u8) && chat ? RequestMember.Functions
                    : name.SequenceEqual("reasoning"u8) && responses ? RequestMember.Reasoning
                    : RequestMember.Other;
            case 10:
                return name.SequenceEqual("max_tokens"u8) && !responses ? RequestMember.MaxTokens : RequestMember.Other;
            case 11:
                return name.SequenceEqual("instruction"u8) && dialect == Dialect.OpenAIEdits ? RequestMember.Instruction : RequestMember.Other;
            case 12:
                return name.SequenceEqual("instructions"u8) && responses ? RequestMember.Instructions
                    : name.SequenceEqual("service_tier"u8) ? RequestMember.ServiceTier
                    : RequestMember.Other;
            case 13:
                return name.SequenceEqual("inference_geo"u8) ? RequestMember.InferenceGeo : RequestMember.Other;
            case 14:
                return name.SequenceEqual("stream_options"u8) ? RequestMember.StreamOptions : RequestMember.Other;
            case 16:
                return name.SequenceEqual("prompt_cache_key"u8) ? RequestMember.PromptCacheKey
                    : name.SequenceEqual("reasoning_effort"u8) && chat ? RequestMember.ReasoningEffort
                    : RequestMember.Other;
            case 17:
                return name.SequenceEqual("max_output_tokens"u8) ? RequestMember.MaxOutputTokens
                    : name.SequenceEqual("safety_identifier"u8) ? RequestMember.SafetyIdentifier
                    : RequestMember.Other;
            case 21:
                return name.SequenceEqual("max_completion_tokens"u8) ? RequestMember.MaxCompletionTokens : RequestMember.Other;
            default:
                return RequestMember.Other;
        }
    }

    private static RequestMember FindAnthropic(ReadOnlySpan<byte> name) => name.Length switch
    {
        5 when name.SequenceEqual("model"u8) => RequestMember.Model,
        5 when name.SequenceEqual("tools"u8) => RequestMember.Tools,
        5 when name.SequenceEqual("speed"u8) => RequestMember.Speed,
        5 when name.SequenceEqual("store"u8) => RequestMember.Store,
        6 when name.SequenceEqual("stream"u8) => RequestMember.Stream,
        6 when name.SequenceEqual("system"u8) => RequestMember.System,
        8 when name.SequenceEqual("messages"u8) => RequestMember.Messages,
        8 when name.SequenceEqual("metadata"u8) => RequestMember.Metadata,
        10 when name.SequenceEqual("max_tokens"u8) => RequestMember.MaxTokens,
        12 when name.SequenceEqual("service_tier"u8) => RequestMember.ServiceTier,
        13 when name.SequenceEqual("inference_geo"u8) => RequestMember.InferenceGeo,
        17 when name.SequenceEqual("safety_identifier"u8) => RequestMember.SafetyIdentifier,
        _ => RequestMember.Other,
    };

    private static RequestMember FindGemini(ReadOnlySpan<byte> name) => name.Length switch
    {
        5 when name.SequenceEqual("model"u8) => RequestMember.Model,
        5 when name.SequenceEqual("tools"u8) => RequestMember.Tools,
        5 when name.SequenceEqual("store"u8) => RequestMember.Store,
        7 when name.SequenceEqual("content"u8) => RequestMember.Content,
        8 when name.SequenceEqual("contents"u8) => RequestMember.Contents,
        8 when name.SequenceEqual("requests"u8) => RequestMember.Requests,
        9 when name.SequenceEqual("instances"u8) => RequestMember.Instances,
        10 when name.SequenceEqual("parameters"u8) => RequestMember.Parameters,
        16 when name.SequenceEqual("generationConfig"u8) => RequestMember.GenerationConfig,
        17 when name.SequenceEqual("generation_config"u8) => RequestMember.GenerationConfig,
        17 when name.SequenceEqual("systemInstruction"u8) => RequestMember.SystemInstruction,
        18 when name.SequenceEqual("system_instruction"u8) => RequestMember.SystemInstruction,
        22 when name.SequenceEqual("generateContentRequest"u8) => RequestMember.CountedRequest,
        24 when name.SequenceEqual("generate_content_request"u8) => RequestMember.CountedRequest,
        _ => RequestMember.Other,
    };

    private static RequestMember FindRerank(ReadOnlySpan<byte> name) => name.Length switch
    {
        5 when name.SequenceEqual("model"u8) => RequestMember.Model,
        5 when name.SequenceEqual("query"u8) => RequestMember.Query,
        9 when name.SequenceEqual("documents"u8) => RequestMember.Documents,
        _ => RequestMember.Other,
    };

    private static RequestMember FindImages(ReadOnlySpan<byte> name) => name.Length switch
    {
        1 when name[0] == (byte)'n' => RequestMember.Choices,
        4 when name.SequenceEqual("size"u8) => RequestMember.Size,
        5 when name.SequenceEqual("model"u8) => RequestMember.Model,
        5 when name.SequenceEqual("image"u8) => RequestMember.Image,
        6 when name.SequenceEqual("images"u8) => RequestMember.Image,
        6 when name.SequenceEqual("prompt"u8) => RequestMember.Prompt,
        6 when name.SequenceEqual("stream"u8) => RequestMember.Stream,
        7 when name.SequenceEqual("quality"u8) => RequestMember.Quality,
        _ => RequestMember.Other,
    };

    private static RequestMember FindSpeech(ReadOnlySpan<byte> name) => name.Length switch
    {
        5 when name.SequenceEqual("model"u8) => RequestMember.Model,
        5 when name.SequenceEqual("input"u8) => RequestMember.Input,
        12 when name.SequenceEqual("instructions"u8) => RequestMember.Instructions,
        13 when name.SequenceEqual("stream_format"u8) => RequestMember.StreamFormat,
        15 when name.SequenceEqual("response_format"u8) => RequestMember.ResponseFormat,
        _ => RequestMember.Other,
    };
}
