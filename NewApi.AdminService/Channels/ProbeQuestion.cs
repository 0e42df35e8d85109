using System.Text.Json.Nodes;
using NewApi.Data.Rows;
using NewApi.Domain;
using NewApi.Providers;

namespace NewApi.AdminService.Channels;

/// <summary>The tiny request that a channel test sends, in a dialect that its upstream speaks.</summary>
internal sealed record ProbeQuestion(string Path, bool WholeAddress, JsonObject Body, Func<JsonNode, bool> LooksRight)
{
    private const string Hello = "hi";
    private const int FewTokens = 16;

    public static ProbeQuestion For(ChannelRow row, string model, string endpoint, bool stream)
    {
        var profile = ProviderRegistry.Find((int)row.Type);
        var dialect = DialectFor(profile, model, endpoint);
        var template = profile is not null && profile.Paths.TryGetValue(dialect, out var known) ? known : DefaultPath(dialect);
        var version = row.Other is { Length: > 0 and < 40 } other && !other.StartsWith('{') ? other
            : row.Type == 3 ? "2025-04-01-preview" : "v1beta";
        var path = template
            .Replace("{model}", Uri.EscapeDataString(model))
            .Replace("{action}", stream ? "streamGenerateContent?alt=sse" : "generateContent")
            .Replace("{version}", version);
        return new ProbeQuestion(path, profile?.WholeAddress ?? false, BodyOf(dialect, model, stream), AnswerOf(dialect));
    }

    private static Dialect DialectFor(ProviderProfile? profile, string model, string endpoint)
    {
        Dialect? asked = endpoint switch
        {
            "openai" => Dialect.OpenAIChat,
            "openai-response" or "openai-response-compact" => Dialect.OpenAIResponses,
            "anthropic" => Dialect.AnthropicMessages,
            "gemini" => Dialect.GeminiContent,
            "embeddings" => Dialect.OpenAIEmbeddings,
            _ => null,
        };
        if (asked is { } named)
        {
            return named;
        }
        if (profile is not null && !profile.Speaks(Dialect.OpenAIChat))
        {
            return profile.Speaks(Dialect.AnthropicMessages) ? Dialect.AnthropicMessages
                : profile.Speaks(Dialect.GeminiContent) ? Dialect.GeminiContent
                : profile.Paths.Keys.FirstOrDefault();
        }
        return model.Contains("embedding", StringComparison.OrdinalIgnoreCase) || model.StartsWith("m3e", StringComparison.OrdinalIgnoreCase)
            || model.Contains("bge-", StringComparison.OrdinalIgnoreCase)
            ? Dialect.OpenAIEmbeddings
            : Dialect.OpenAIChat;
    }

    private static string DefaultPath(Dialect dialect) => dialect switch
    {
        Dialect.OpenAICompletions => "/v1/completions",
        Dialect.OpenAIEmbeddings => "/v1/embeddings",
        Dialect.OpenAIResponses => "/v1/responses",
        Dialect.AnthropicMessages => "/v1/messages",
        Dialect.GeminiContent => "/v1beta/models/{model}:{action}",
        _ => "/v1/chat/completions",
    };

    private static JsonObject BodyOf(Dialect dialect, string model, bool stream)
    {
        JsonObject body = dialect switch
        {
            Dialect.OpenAIEmbeddings => new() { ["model"] = model, ["input"] = Hello },
            Dialect.OpenAICompletions => new() { ["model"] = model, ["prompt"] = Hello, ["max_tokens"] = FewTokens },
            Dialect.OpenAIResponses => new() { ["model"] = model, ["input"] = Hello, ["max_output_tokens"] = FewTokens },
            Dialect.GeminiContent => new()
            {
                ["contents"] = new JsonArray(new JsonObject
                {
                    ["role"] = "user",
                    ["parts"] = new JsonArray(new JsonObject { ["text"] = Hello }),
                }),
                ["generationConfig"] = new JsonObject { ["maxOutputTokens"] = FewTokens },
            },
            _ => new()
            {
                ["model"] = model,
                ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = Hello }),
                // Reasoning models of OpenAI refuse the older name.
                [IsReasoning(model) ? "max_completion_tokens" : "max_tokens"] = FewTokens,
            },
        };
        if (stream && dialect is not (Dialect.GeminiContent or Dialect.OpenAIEmbeddings))
        {
            body["stream"] = true;
        }
        return body;
    }

    private static bool IsReasoning(string model) =>
        model.StartsWith("gpt-5", StringComparison.Ordinal) || (model.Length > 1 && model[0] == 'o' && char.IsAsciiDigit(model[1]));

    private static Func<JsonNode, bool> AnswerOf(Dialect dialect) => dialect switch
    {
        Dialect.OpenAIEmbeddings => static json => json is JsonObject { } answer && answer["data"] is JsonArray,
        Dialect.OpenAIResponses => static json => json is JsonObject { } answer && answer["output"] is JsonArray,
        Dialect.AnthropicMessages => static json => json is JsonObject { } answer && answer["content"] is JsonArray,
        Dialect.GeminiContent => static json => json is JsonObject { } answer && answer["candidates"] is JsonArray,
        _ => static json => json is JsonObject { } answer && answer["choices"] is JsonArray,
    };
}
