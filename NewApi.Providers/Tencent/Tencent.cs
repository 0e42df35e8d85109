using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Protocols;
using NewApi.Protocols.Canonical;
using NewApi.Providers.Answers;
using NewApi.Providers.Signatures;

namespace NewApi.Providers.Tencent;

/// <summary>Tencent's Hunyuan by the cloud's signed API (channel type 23). The key is <c>appid|secretId|secretKey</c>.</summary>
internal static class Tencent
{
    private const string Action = "ChatCompletions";
    private const string Version = "2023-09-01";

    public static ProviderProfile Profile { get; } = new(23, "Tencent", "https://hunyuan.tencentcloudapi.com")
    {
        Paths = ProviderProfile.Only((Dialect.OpenAIChat, "/")),
        Adapter = new Adapter(),
    };

    private sealed class Adapter : OwnChatAdapter
    {
        protected override ValueTask<HttpRequestMessage> WriteAsync(
            ChatRequest request, UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel)
        {
            ChatText.DemandTextOnly(request);
            if (message.Key.Split('|') is not [_, { Length: > 0 } id, { Length: > 0 } secret])
            {
                throw new ProviderException("channel:invalid_key", "The channel's key must be appid|secretId|secretKey.");
            }
            var json = new JsonObject
            {
                ["Model"] = message.Model,
                ["Messages"] = new JsonArray(
                    [.. ChatText.Lines(request).Select(line => new JsonObject { ["Role"] = line.Role, ["Content"] = line.Text })]),
                ["Stream"] = request.Stream,
            };
            json.Put("Temperature", request.Temperature);
            json.Put("TopP", request.TopP);
            json.Put("Stop", request.Stop);
            var body = Encoding.UTF8.GetBytes(json.ToJsonString());
            var address = new Uri(message.Account.BaseUrl + "/");
            var now = message.Clock.GetUtcNow();
            var time = now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
            var headers = new Dictionary<string, string>
            {
                ["content-type"] = "application/json",
                ["host"] = address.Authority,
                ["x-tc-action"] = Action.ToLowerInvariant(),
            };
            var post = UpstreamRequests.Post(address, Answer.Content(body));
            post.Headers.TryAddWithoutValidation("Authorization", ScopedSignature.Tencent.Authorize(
                id, secret, now.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), time, ["hunyuan"], "/", "", headers, body));
            post.Headers.TryAddWithoutValidation("X-TC-Action", Action);
            post.Headers.TryAddWithoutValidation("X-TC-Version", Version);
            post.Headers.TryAddWithoutValidation("X-TC-Timestamp", time);
            return new(UpstreamRequests.Finish(post, message));
        }

        protected override OwnReplyReader OpenReader(UpstreamMessage message) => new Reader();
    }

    private sealed class Reader : OwnReplyReader
    {
        public override void Read(string name, JsonElement json, ReplySink sink)
        {
            var answer = json.Find("Response"u8) ?? json;
            if ((answer.Find("Error"u8) ?? answer.Find("ErrorMsg"u8)) is { } error)
            {
                var code = (error.Find("Code"u8) ?? default).ToString();
                throw new UpstreamRefusal(
                    code.StartsWith("AuthFailure", StringComparison.Ordinal) ? 401 : code.Contains("LimitExceeded", StringComparison.Ordinal) ? 429 : 500,
                    code,
                    error.Word("Message"u8) ?? error.Word("Msg"u8) ?? "The upstream refused.");
            }
            Start(sink, answer.Word("Id"u8), null, OwnUsage.Count(answer, "Created"u8) ?? 0);
            if (answer.Find("Usage"u8) is { } usage)
            {
                Usage = Usage.Merge(OwnUsage.Of(usage, "PromptTokens"u8, "CompletionTokens"u8));
            }
            foreach (var choice in answer.Items("Choices"u8))
            {
                var said = choice.Find("Delta"u8) ?? choice.Find("Message"u8) ?? default;
                Think(sink, said.Word("ReasoningContent"u8));
                Say(sink, said.Word("Content"u8));
                if (choice.Word("FinishReason"u8) is { Length: > 0 } reason)
                {
                    Finish(sink, reason == "sensitive" ? FinishReason.ContentFilter : new FinishReason(reason));
                }
                break;
            }
        }
    }
}
