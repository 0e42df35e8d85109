using System.Text;
using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Protocols.Canonical;
using NewApi.Providers;

namespace NewApi.AdminService.Channels;

/// <summary>The tiny request that a channel test sends, in a dialect that its upstream speaks.</summary>
internal sealed record ProbeQuestion(Dialect Dialect, string Model, ReadOnlyMemory<byte> Body, Func<JsonNode, bool> LooksRight)
{
    private const string Hello = "hi";
    private const int FewTokens = 16;

    /// <summary>Null when the upstream takes no cheap question.</summary>
    public static ProbeQuestion? For(ProviderAccount account, string model, string endpoint, bool stream)
    {
        foreach (var dialect in DialectsFor(model, endpoint))
        {
            if (Speaks(account, dialect, model))
            {
                ReadOnlyMemory<byte> body = Encoding.UTF8.GetBytes(BodyOf(dialect, model, stream).ToJsonString());
                var draft = account.Draft(dialect, model, body);
                return new ProbeQuestion(dialect, draft?.Model ?? model, draft?.ToBytes() ?? body, AnswerOf(dialect));
            }
        }
        return null;
    }

    private static bool Speaks(ProviderAccount account, Dialect dialect, string model) =>
        account.Profile.Adapter is { } adapter && adapter.TryChoose(account, dialect, model, out var chosen)
            ? chosen == dialect
            : account.Speaks(dialect, model);

    /// <summary>What to ask in, best first: as asked for, or what a call of that kind would be translated into.</summary>
    private static Dialect[] DialectsFor(string model, string endpoint)
    {
        Dialect? asked = endpoint switch
        {
            "openai" => Dialect.OpenAIChat,
            "openai-response" or "openai-response-compact" => Dialect.OpenAIResponses,
            "anthropic" => Dialect.AnthropicMessages,
            "gemini" => Dialect.GeminiContent,
            "embeddings" => Dialect.OpenAIEmbeddings,
            "jina-rerank" => Dialect.Rerank,
            _ => null,
        };
        if (asked is { } named)
        {
            return [named, .. Translations.RelativesOf(named)];
        }
        if (model.Contains("rerank", StringComparison.OrdinalIgnoreCase))
        {
            return [Dialect.Rerank, Dialect.OpenAIChat];
        }
        return model.Contains("embedding", StringComparison.OrdinalIgnoreCase) || model.StartsWith("m3e", StringComparison.OrdinalIgnoreCase)
            || model.Contains("bge-", StringComparison.OrdinalIgnoreCase)
            ? [Dialect.OpenAIEmbeddings, Dialect.OpenAIChat]
            : [Dialect.OpenAIChat, .. Translations.RelativesOf(Dialect.OpenAIChat), Dialect.OpenAIEmbeddings, Dialect.Rerank];
    }

    private static JsonObject BodyOf(Dialect dialect, string model, bool stream)
    {
        JsonObject body = dialect switch
        {
            Dialect.Rerank => new() { ["model"] = model, ["query"] = Hello, ["documents"] = new JsonArray(Hello) },
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
        if (stream && dialect is not (Dialect.GeminiContent or Dialect.OpenAIEmbeddings or Dialect.Rerank))
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
        Dialect.Rerank => static json => json is JsonObject { } answer && answer["results"] is JsonArray,
        Dialect.OpenAIResponses => static json => json is JsonObject { } answer && answer["output"] is JsonArray,
        Dialect.AnthropicMessages => static json => json is JsonObject { } answer && answer["content"] is JsonArray,
        Dialect.GeminiContent => static json => json is JsonObject { } answer && answer["candidates"] is JsonArray,
        _ => static json => json is JsonObject { } answer && answer["choices"] is JsonArray,
    };
}
