using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Protocols;
using NewApi.Protocols.Canonical;
using NewApi.Providers.Answers;

namespace NewApi.Providers.Baidu;

/// <summary>
/// Baidu's Wenxin workshop by its first API (channel type 15). The key is <c>id|secret</c>; it is exchanged for a token of thirty days that
/// stands in the address.
/// </summary>
internal static class BaiduV1
{
    private const string Workshop = "/rpc/2.0/ai_custom/v1/wenxinworkshop/";

    /// <summary>Last part of the address per model; other models are their own.</summary>
    private static readonly FrozenDictionary<string, string> Endpoints = new Dictionary<string, string>
    {
        ["ERNIE-4.0-8K"] = "completions_pro",
        ["ERNIE-4.0"] = "completions_pro",
        ["ERNIE-Bot-4"] = "completions_pro",
        ["ERNIE-3.5-8K"] = "completions",
        ["ERNIE-Bot"] = "completions",
        ["ERNIE-Bot-turbo"] = "eb-instant",
        ["ERNIE-Bot-8K"] = "ernie_bot_8k",
        ["ERNIE-Speed"] = "ernie_speed",
        ["ERNIE-Speed-8K"] = "ernie_speed",
        ["ERNIE-Speed-128K"] = "ernie-speed-128k",
        ["ERNIE-Lite-8K"] = "ernie-lite-8k",
        ["ERNIE-Lite-8K-0922"] = "eb-instant",
        ["ERNIE-Tiny-8K"] = "ernie-tiny-8k",
        ["ERNIE-Character-8K"] = "ernie-char-8k",
        ["ERNIE-Functions-8K"] = "ernie-func-8k",
        ["BLOOMZ-7B"] = "bloomz_7b1",
        ["Embedding-V1"] = "embedding-v1",
        ["bge-large-zh"] = "bge_large_zh",
        ["bge-large-en"] = "bge_large_en",
        ["tao-8k"] = "tao_8k",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    public static ProviderProfile Profile { get; } = new(15, "Baidu", "https://aip.baidubce.com")
    {
        Paths = ProviderProfile.Only(
            (Dialect.OpenAIChat, Workshop + "chat/{model}"), (Dialect.OpenAIEmbeddings, Workshop + "embeddings/{model}")),
        Adapter = new Adapter(),
    };

    private static async Task<Uri> AddressAsync(UpstreamMessage message, string kind, HttpMessageInvoker http, CancellationToken cancel)
    {
        var token = await AccessTokens.GetAsync(
            message.Account.BaseUrl + "|" + message.Key, () => ExchangeAsync(message, http), message.Clock, cancel);
        var endpoint = Endpoints.GetValueOrDefault(message.Model) ?? Uri.EscapeDataString(message.Model.ToLowerInvariant());
        return new Uri($"{message.Account.BaseUrl}{Workshop}{kind}/{endpoint}?access_token={Uri.EscapeDataString(token)}");
    }

    private static readonly TokenCache AccessTokens = new();

    private static async Task<Token> ExchangeAsync(UpstreamMessage message, HttpMessageInvoker http)
    {
        if (message.Key.Split('|') is not [{ Length: > 0 } id, { Length: > 0 } secret])
        {
            throw new ProviderException("channel:invalid_key", "The channel's key must be id|secret.");
        }
        var query = $"grant_type=client_credentials&client_id={Uri.EscapeDataString(id)}&client_secret={Uri.EscapeDataString(secret)}";
        using var request = UpstreamRequests.Post(new Uri($"{message.Account.BaseUrl}/oauth/2.0/token?{query}"), null);
        using var response = await http.SendAsync(request, CancellationToken.None);
        var answer = await Answer.ReadJsonAsync(response, CancellationToken.None);
        return answer.Word("access_token"u8) is { } token
            ? new Token(token, message.Clock.GetUtcNow().AddSeconds(OwnUsage.Count(answer, "expires_in"u8) ?? 3600))
            : throw new ProviderException("channel:invalid_key", "The provider gave no token for the channel's key.");
    }

    private static UpstreamRefusal? RefusalOf(JsonElement json) => OwnUsage.Count(json, "error_code"u8) is { } code
        ? new UpstreamRefusal(code is 17 or 18 or 19 or 336501 or 336502 ? 429 : code is 110 or 111 ? 401 : 500, code.ToString(), json.Word("error_msg"u8) ?? "")
        : null;

    private sealed class Adapter : OwnChatAdapter
    {
        protected override async ValueTask<HttpRequestMessage> WriteAsync(
            ChatRequest request, UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel)
        {
            ChatText.DemandTextOnly(request);
            var (system, turns) = ChatText.Turns(request);
            var body = new JsonObject
            {
                ["messages"] = new JsonArray([.. turns.Select(turn => new JsonObject { ["role"] = turn.Role, ["content"] = turn.Text })]),
            };
            if (system.Length > 0)
            {
                body["system"] = system;
            }
            body.Put("temperature", request.Temperature is { } heat ? Math.Clamp(heat, 0.01m, 1) : null);
            body.Put("top_p", request.TopP);
            body.Put("max_output_tokens", request.MaxOutput is { } most ? Math.Max(2, most) : null);
            body.Put("stop", request.Stop);
            body["stream"] = request.Stream;
            var address = await AddressAsync(message, "chat", http, cancel);
            return UpstreamRequests.Finish(UpstreamRequests.Post(address, Answer.Content(body)), message);
        }

        protected override OwnReplyReader OpenReader(UpstreamMessage message) => new Reader();

        protected override async Task<HttpResponseMessage> SendOtherAsync(UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel)
        {
            var asked = JsonNode.Parse(message.Body.Span) as JsonObject ?? [];
            var input = asked["input"] is JsonArray array ? array.DeepClone() : new JsonArray(asked["input"]?.DeepClone());
            var address = await AddressAsync(message, "embeddings", http, cancel);
            using var request = UpstreamRequests.Finish(
                UpstreamRequests.Post(address, Answer.Content(new JsonObject { ["input"] = input })), message);
            var response = await http.SendAsync(request, cancel);
            if (!response.IsSuccessStatusCode)
            {
                return response;
            }
            var answer = await Answer.ReadAsync(response, cancel);
            if (RefusalOf(JsonElement.Parse(answer)) is { } refusal)
            {
                return Answer.Refusal(response, refusal);
            }
            var json = JsonNode.Parse(answer) as JsonObject ?? [];
            json["model"] = message.Model;
            return Answer.Whole(response, json);
        }
    }

    private sealed class Reader : OwnReplyReader
    {
        public override bool EndsAtFinish => true;

        public override void Read(string name, JsonElement json, ReplySink sink)
        {
            if (RefusalOf(json) is { } refusal)
            {
                throw refusal;
            }
            Start(sink, json.Word("id"u8), null, OwnUsage.Count(json, "created"u8) ?? 0);
            Say(sink, json.Word("result"u8));
            if (json.Find("usage"u8) is { } usage)
            {
                Usage = Usage.Merge(OwnUsage.Of(usage, "prompt_tokens"u8, "completion_tokens"u8));
            }
            // A whole answer has no such member.
            if (json.Flag("is_end"u8) != false)
            {
                Finish(sink, json.Flag("is_truncated"u8) == true ? FinishReason.Length : FinishReason.Stop);
            }
        }
    }
}
