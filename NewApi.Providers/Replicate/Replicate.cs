using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Protocols;
using NewApi.Providers.Answers;

namespace NewApi.Providers.Replicate;

/// <summary>Replicate's image models (channel type 56): a prediction is waited for, and asked for again when it takes longer than that.</summary>
internal static class Replicate
{
    public static ProviderProfile Profile { get; } = new(56, "Replicate", "https://api.replicate.com")
    {
        Paths = ProviderProfile.Only((Dialect.OpenAIImages, "/v1/models/{model}/predictions")),
        // The model is owner/name, two segments.
        Route = message => $"/v1/models/{string.Join('/', message.Model.Split('/').Select(Uri.EscapeDataString))}/predictions",
        Headers = [new("Prefer", "wait")],
        Adapter = new Adapter(),
    };

    private sealed class Adapter : ProviderAdapter
    {
        private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

        public override async Task<HttpResponseMessage> SendAsync(UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel)
        {
            ArgumentNullException.ThrowIfNull(message);
            var asked = Asked(message);
            var input = asked["input"]?.DeepClone() as JsonObject ?? [];
            ImageAnswers.Copy(asked, input, "prompt", "aspect_ratio", "seed", "output_format", "image");
            if (asked["n"] is { } count)
            {
                input["num_outputs"] = count.DeepClone();
            }
            if (ImageAnswers.SizeOf(asked) is var (width, height))
            {
                (input["width"], input["height"]) = (width, height);
            }
            var response = await SendJsonAsync(message, new JsonObject { ["input"] = input }, http, cancel);
            if (!response.IsSuccessStatusCode)
            {
                return response;
            }
            var prediction = await Answer.ReadJsonAsync(response, cancel);
            while (prediction.Word("status"u8) is "starting" or "processing" && prediction.Word("id"u8) is { } id)
            {
                await Task.Delay(Pause, message.Clock, cancel);
                // Never the address that the answer names: the key goes to the channel's own.
                using var ask = new HttpRequestMessage(HttpMethod.Get, $"{message.Account.BaseUrl}/v1/predictions/{Uri.EscapeDataString(id)}");
                UpstreamRequests.AddCredential(ask.Headers, message);
                using var told = await http.SendAsync(ask, cancel);
                prediction = told.IsSuccessStatusCode ? await Answer.ReadJsonAsync(told, cancel) : default;
            }
            if (prediction.Word("status"u8) != "succeeded")
            {
                return Answer.Refusal(
                    response, new UpstreamRefusal(500, "prediction_failed", prediction.Word("error"u8) ?? "The upstream made no image."));
            }
            var urls = prediction.Word("output"u8) is { } one ? [one] : prediction.Items("output"u8).Select(url => url.ToString());
            return Answer.Whole(response, ImageAnswers.Of(urls.Select(url => ("url", url)), message.Clock));
        }
    }
}
