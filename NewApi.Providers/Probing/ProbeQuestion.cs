using System.Text;
using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Protocols.Canonical;
using NewApi.Protocols.OpenAI;
using NewApi.Protocols.Overrides;

namespace NewApi.Providers.Probing;

/// <summary>The tiny request that a channel test sends, in a dialect that its upstream speaks.</summary>
/// <param name="Model">The upstream's name of the model; a suffix that is a wish is taken off it.</param>
/// <param name="Body">What is sent.</param>
/// <param name="LooksRight">Whether an answer is one to it.</param>
internal sealed record ProbeQuestion(string Model, ReadOnlyMemory<byte> Body, Func<JsonNode, bool> LooksRight)
{
    private const string Hello = "hi";

    /// <summary>False when the upstream takes no cheap question.</summary>
    public static bool TryChoose(ProviderAccount account, string model, string endpoint, out Dialect dialect)
    {
        foreach (var candidate in DialectsFor(model, endpoint))
        {
            if (Speaks(account, candidate, model))
            {
                dialect = candidate;
                return true;
            }
        }
        dialect = default;
        return false;
    }

    /// <summary>The question, with what the provider and the channel's operator want different.</summary>
    /// <exception cref="OverrideException">The channel's override cannot be applied.</exception>
    /// <exception cref="OverrideRefusedException">The channel's override refuses the question.</exception>
    public static ProbeQuestion For(
        ProviderAccount account, Dialect dialect, string model, bool stream, ParamOverride? overrides, Dictionary<string, string> headers)
    {
        ReadOnlyMemory<byte> body = Bytes(BodyOf(dialect, model, stream));
        if (account.Draft(dialect, model, body) is { } draft)
        {
            (model, body) = (draft.Model, draft.ToBytes());
        }
        if (overrides is not null)
        {
            var root = (JsonObject)JsonNode.Parse(body.Span)!;
            overrides.Apply(root, new OverrideContext
            {
                OriginalModel = model,
                UpstreamModel = model,
                RequestPath = "",
                IsChannelTest = true,
                Headers = headers,
            });
            body = Bytes(root);
        }
        return new ProbeQuestion(model, body, AnswerOf(dialect));
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
            return DocumentTranslations.RelativeOf(named, model) is { } relative ? [named, relative] : [named, .. Translations.RelativesOf(named)];
        }
        if (model.Contains("rerank", StringComparison.OrdinalIgnoreCase))
        {
            return [Dialect.Rerank, Dialect.OpenAIChat];
        }
        return model.Contains("embedding", StringComparison.OrdinalIgnoreCase) || model.StartsWith("m3e", StringComparison.OrdinalIgnoreCase)
            || model.Contains("bge-", StringComparison.OrdinalIgnoreCase)
            ? [Dialect.OpenAIEmbeddings, Dialect.GeminiEmbeddings, Dialect.OpenAIChat]
            : [Dialect.OpenAIChat, .. Translations.RelativesOf(Dialect.OpenAIChat), Dialect.OpenAIEmbeddings, Dialect.Rerank];
    }

    private static JsonObject BodyOf(Dialect dialect, string model, bool stream)
    {
        JsonObject body = dialect switch
        {
            Dialect.Rerank => new() { ["model"] = model, ["query"] = Hello, ["documents"] = new JsonArray(Hello) },
            Dialect.OpenAIEmbeddings => new() { ["model"] = model, ["input"] = Hello },
            Dialect.GeminiEmbeddings => new() { ["content"] = new JsonObject { ["parts"] = new JsonArray(new JsonObject { ["text"] = Hello }) } },
            Dialect.OpenAICompletions => new() { ["model"] = model, ["prompt"] = Hello, ["max_tokens"] = TokensFor(model) },
            Dialect.OpenAIResponses => new() { ["model"] = model, ["input"] = Hello, ["max_output_tokens"] = TokensFor(model) },
            Dialect.GeminiContent => new()
            {
                ["contents"] = new JsonArray(new JsonObject
                {
                    ["role"] = "user",
                    ["parts"] = new JsonArray(new JsonObject { ["text"] = Hello }),
                }),
                ["generationConfig"] = new JsonObject { ["maxOutputTokens"] = TokensFor(model) },
            },
            _ => new()
            {
                ["model"] = model,
                ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = Hello }),
                // Reasoning models of OpenAI refuse the older name.
                [OpenAIModels.Reasons(model) ? "max_completion_tokens" : "max_tokens"] = TokensFor(model),
            },
        };
        if (stream && dialect is not (Dialect.GeminiContent or Dialect.OpenAIEmbeddings or Dialect.GeminiEmbeddings or Dialect.Rerank))
        {
            body["stream"] = true;
        }
        return body;
    }

    /// <summary>Few, but enough for models that think before they say anything (specification: jobs §5).</summary>
    private static int TokensFor(string model) =>
        model.StartsWith("gemini", StringComparison.OrdinalIgnoreCase) ? 3000
        : model.Contains("thinking", StringComparison.OrdinalIgnoreCase) && !model.StartsWith("claude", StringComparison.OrdinalIgnoreCase) ? 50
        : 16;

    private static byte[] Bytes(JsonObject body) => Encoding.UTF8.GetBytes(body.ToJsonString());

    private static Func<JsonNode, bool> AnswerOf(Dialect dialect) => dialect switch
    {
        Dialect.OpenAIEmbeddings => static json => json is JsonObject { } answer && answer["data"] is JsonArray,
        Dialect.GeminiEmbeddings => static json => json is JsonObject { } answer && answer["embedding"] is JsonObject,
        Dialect.Rerank => static json => json is JsonObject { } answer && answer["results"] is JsonArray,
        Dialect.OpenAIResponses => static json => json is JsonObject { } answer && answer["output"] is JsonArray,
        Dialect.AnthropicMessages => static json => json is JsonObject { } answer && answer["content"] is JsonArray,
        Dialect.GeminiContent => static json => json is JsonObject { } answer && answer["candidates"] is JsonArray,
        _ => static json => json is JsonObject { } answer && answer["choices"] is JsonArray,
    };
}
