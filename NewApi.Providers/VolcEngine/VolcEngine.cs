using System.Collections.Frozen;
using System.Text.Json.Nodes;
using NewApi.Domain;

namespace NewApi.Providers.VolcEngine;

/// <summary>
/// Volcano's Ark with the Doubao models (channel type 45). Bots have a path of their own; speech goes over a WebSocket of another service,
/// whose key is <c>appid|token</c>.
/// </summary>
internal static class VolcEngine
{
    public static ProviderProfile Profile { get; } = new(45, "VolcEngine", "https://ark.cn-beijing.volces.com")
    {
        ModelsPath = "/api/v3/models",
        Paths = ProviderProfile.Only(
            (Dialect.OpenAIChat, "/api/v3/chat/completions"),
            (Dialect.OpenAIEmbeddings, "/api/v3/embeddings"),
            (Dialect.OpenAIImages, "/api/v3/images/generations"),
            (Dialect.OpenAIImageEdits, "/api/v3/images/generations"),
            (Dialect.Rerank, "/api/v3/rerank"),
            (Dialect.OpenAIResponses, "/api/v3/responses"),
            (Dialect.OpenAISpeech, "wss://openspeech.bytedance.com/api/v1/tts/ws_binary")),
        Route = message => message.Dialect switch
        {
            Dialect.OpenAIChat when message.Model.StartsWith("bot", StringComparison.Ordinal) => "/api/v3/bots/chat/completions",
            Dialect.OpenAISpeech => message.Account.Profile.Paths[Dialect.OpenAISpeech],
            _ => null,
        },
        SpecialBases = SpecialBase.All,
        StreamOptions = true,
        Rules =
        [
            BodyRule.Suffix(
                "-thinking",
                draft => draft.Set("thinking", new JsonObject { ["type"] = "enabled" }),
                model => model.StartsWith("deepseek", StringComparison.Ordinal)),
        ],
        Adapter = new Adapter(),
        Tasks = new DoubaoVideos(),
    };

    /// <summary>A channel for films alone (channel type 54).</summary>
    public static ProviderProfile Films { get; } = new(54, "DoubaoVideo", "https://ark.cn-beijing.volces.com")
    {
        Paths = FrozenDictionary<Dialect, string>.Empty,
        Tasks = new DoubaoVideos(),
    };

    private sealed class Adapter : ProviderAdapter
    {
        public override Task<HttpResponseMessage> SendAsync(UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel)
        {
            ArgumentNullException.ThrowIfNull(message);
            return message.Dialect == Dialect.OpenAISpeech
                ? SpeechSocket.SayAsync(Asked(message), message, http, cancel)
                : SendByRowsAsync(message, http, cancel);
        }
    }
}
