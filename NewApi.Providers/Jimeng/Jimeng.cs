using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Protocols;
using NewApi.Providers.Answers;
using NewApi.Providers.Signatures;

namespace NewApi.Providers.Jimeng;

/// <summary>
/// Jimeng's images and films (channel type 51), by Volcano's signed API. The key is <c>access|secret</c>; films take an <c>sk-</c> key of a
/// gateway as well.
/// </summary>
internal static class Jimeng
{
    private const string Query = "Action=CVProcess&Version=2022-08-31";
    private const long Success = 10_000;

    public static ProviderProfile Profile { get; } = new(51, "Jimeng", "https://visual.volcengineapi.com")
    {
        Paths = ProviderProfile.Only((Dialect.OpenAIImages, "/?" + Query)),
        Adapter = new Adapter(),
        Tasks = new JimengVideos(),
    };

    private sealed class Adapter : ProviderAdapter
    {
        public override async Task<HttpResponseMessage> SendAsync(UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel)
        {
            ArgumentNullException.ThrowIfNull(message);
            using var request = Sign(message, message.Account.AddressOf(message), Query, Body(Asked(message), message.Model));
            var response = await http.SendAsync(request, cancel);
            if (!response.IsSuccessStatusCode)
            {
                return response;
            }
            var answer = await Answer.ReadJsonAsync(response, cancel);
            if (OwnUsage.Count(answer, "code"u8) is { } code && code != Success)
            {
                return Answer.Refusal(response, new UpstreamRefusal(
                    StatusOf(code),
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
    }

    /// <summary>A signed POST.</summary>
    /// <param name="message">Channel and credential.</param>
    /// <param name="address">Where to.</param>
    /// <param name="query">The query of the address, its parts in order.</param>
    /// <param name="body">JSON.</param>
    internal static HttpRequestMessage Sign(UpstreamMessage message, Uri address, string query, byte[] body)
    {
        if (message.Key.Split('|') is not [{ Length: > 0 } access, { Length: > 0 } secret])
        {
            throw new ProviderException("channel:invalid_key", "The channel's key must be access|secret.");
        }
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
            access, secret, time[..8], time, ["cn-north-1", "cv"], "/", query, headers, body));
        return UpstreamRequests.Finish(post, message);
    }

    /// <summary>The status that a code of Volcano's visual services should have come with.</summary>
    internal static int StatusOf(long code) => code switch
    {
        >= 50411 and <= 50413 or >= 50511 and <= 50519 => 400,
        50429 or 50430 => 429,
        50400 => 403,
        _ => 500,
    };
}
