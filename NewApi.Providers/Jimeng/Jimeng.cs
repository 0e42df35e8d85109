using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Protocols;
using NewApi.Providers.Answers;
using NewApi.Providers.Signatures;

namespace NewApi.Providers.Jimeng;

/// <summary>Jimeng's images (channel type 51), by Volcano's signed API. The key is <c>access|secret</c>.</summary>
internal static class Jimeng
{
    private const string Query = "Action=CVProcess&Version=2022-08-31";
    private const long Success = 10_000;

    public static ProviderProfile Profile { get; } = new(51, "Jimeng", "https://visual.volcengineapi.com")
    {
        Paths = ProviderProfile.Only((Dialect.OpenAIImages, "/?" + Query)),
        Adapter = new Adapter(),
    };

    private sealed class Adapter : ProviderAdapter
    {
        public override async Task<HttpResponseMessage> SendAsync(UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel)
        {
            ArgumentNullException.ThrowIfNull(message);
            using var request = Sign(Body(Asked(message), message.Model), message);
            var response = await http.SendAsync(request, cancel);
            if (!response.IsSuccessStatusCode)
            {
                return response;
            }
            var answer = await Answer.ReadJsonAsync(response, cancel);
            if (OwnUsage.Count(answer, "code"u8) is { } code && code != Success)
            {
                return Answer.Refusal(response, new UpstreamRefusal(
                    code is 50411 or 50412 or 50413 or 50511 or 50512 ? 400 : code is 50429 or 50430 ? 429 : 500,
                    code.ToString(CultureInfo.InvariantCulture),
                    answer.Word("message"u8) ?? "The upstream refused."));
            }
            var data = answer.Find("data"u8) ?? default;
            return Answer.Whole(response, ImageAnswers.Of(
                data.Items("image_urls"u8).Select(url => ("url", url.ToString()))
                    .Concat(data.Items("binary_data_base64"u8).Select(image => ("b64_json", image.ToString()))),
                message.Clock));
        }

        private static byte[] Body(JsonObject asked, string model)
        {
            var body = new JsonObject
            {
                ["req_key"] = model,
                ["prompt"] = asked["prompt"]?.DeepClone(),
                ["return_url"] = asked["response_format"]?.ToString() != "b64_json",
            };
            ImageAnswers.Copy(asked, body, "seed", "scale", "use_pre_llm", "use_sr", "logo_info", "image_urls");
            if (ImageAnswers.SizeOf(asked) is var (width, height))
            {
                (body["width"], body["height"]) = (width, height);
            }
            return Encoding.UTF8.GetBytes(body.ToJsonString());
        }

        private static HttpRequestMessage Sign(byte[] body, UpstreamMessage message)
        {
            if (message.Key.Split('|') is not [{ Length: > 0 } access, { Length: > 0 } secret])
            {
                throw new ProviderException("channel:invalid_key", "The channel's key must be access|secret.");
            }
            var address = message.Account.AddressOf(message);
            var time = ScopedSignature.Compact(message.Clock.GetUtcNow());
            var hash = ScopedSignature.Hash(body);
            var headers = new Dictionary<string, string>
            {
                ["content-type"] = "application/json",
                ["host"] = address.Authority,
                ["x-content-sha256"] = hash,
                ["x-date"] = time,
            };
            var post = UpstreamRequests.Post(address, Answer.Content(body));
            post.Headers.TryAddWithoutValidation("X-Date", time);
            post.Headers.TryAddWithoutValidation("X-Content-Sha256", hash);
            post.Headers.TryAddWithoutValidation("Authorization", ScopedSignature.Volcano.Authorize(
                access, secret, time[..8], time, ["cn-north-1", "cv"], "/", Query, headers, body));
            return UpstreamRequests.Finish(post, message);
        }
    }
}
