using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Protocols;
using NewApi.Providers.Answers;

namespace NewApi.Providers.Ali;

/// <summary>DashScope's rerankers and image models. Images are tasks that are asked for until they are done, but for those of Qwen.</summary>
internal sealed class AliAdapter : ProviderAdapter
{
    private const string Generation = "/api/v1/services/aigc/multimodal-generation/generation";
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    public override async Task<HttpResponseMessage> SendAsync(UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(message);
        switch (message.Dialect)
        {
            case Dialect.Rerank:
                var reranked = await SendJsonAsync(message, Rerank(Asked(message), message.Model), http, cancel);
                return reranked.IsSuccessStatusCode ? Answer.Whole(reranked, RerankOf(await Answer.ReadJsonAsync(reranked, cancel))) : reranked;
            case Dialect.OpenAIImages or Dialect.OpenAIImageEdits when message.Model.StartsWith("qwen-image", StringComparison.Ordinal):
                return await GenerateAsync(message, http, cancel);
            case Dialect.OpenAIImages or Dialect.OpenAIImageEdits:
                return await SynthesizeAsync(message, http, cancel);
            default:
                return await SendByRowsAsync(message, http, cancel);
        }
    }

    private static JsonObject Rerank(JsonObject asked, string model)
    {
        var parameters = new JsonObject();
        ImageAnswers.Copy(asked, parameters, "top_n", "return_documents");
        return new JsonObject
        {
            ["model"] = model,
            ["input"] = new JsonObject { ["query"] = asked["query"]?.DeepClone(), ["documents"] = asked["documents"]?.DeepClone() },
            ["parameters"] = parameters,
        };
    }

    private static JsonObject RerankOf(JsonElement answer)
    {
        var tokens = OwnUsage.Count(answer.Find("usage"u8), "total_tokens"u8) ?? 0;
        return new JsonObject
        {
            ["id"] = answer.Word("request_id"u8),
            ["results"] = answer.Find("output"u8)?.Find("results"u8) is { } results ? JsonNode.Parse(results.GetRawText()) : new JsonArray(),
            ["usage"] = new JsonObject { ["prompt_tokens"] = tokens, ["total_tokens"] = tokens },
        };
    }

    private static async Task<HttpResponseMessage> GenerateAsync(UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel)
    {
        var asked = Asked(message);
        var content = new JsonArray([.. ImagesOf(asked).Select(image => new JsonObject { ["image"] = image })]);
        content.Add(new JsonObject { ["text"] = asked["prompt"]?.DeepClone() });
        var body = new JsonObject
        {
            ["model"] = message.Model,
            ["input"] = new JsonObject { ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = content }) },
            ["parameters"] = Parameters(asked),
        };
        var response = await PostAsync(message, new Uri(message.Account.BaseUrl + Generation), body, waits: false, http, cancel);
        if (!response.IsSuccessStatusCode)
        {
            return response;
        }
        var answer = await Answer.ReadJsonAsync(response, cancel);
        var images = (answer.Find("output"u8)?.Items("choices"u8) ?? default)
            .SelectMany(choice => choice.Find("message"u8)?.Items("content"u8) ?? default)
            .Select(part => part.Word("image"u8)).OfType<string>().Select(url => ("url", url)).ToList();
        return Answer.Whole(response, ImageAnswers.Of(images, message.Clock));
    }

    private static async Task<HttpResponseMessage> SynthesizeAsync(UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel)
    {
        var asked = Asked(message);
        var input = new JsonObject { ["prompt"] = asked["prompt"]?.DeepClone() };
        ImageAnswers.Copy(asked, input, "negative_prompt");
        if (ImagesOf(asked) is { Count: > 0 } images)
        {
            input["images"] = new JsonArray([.. images.Select(image => (JsonNode)image)]);
        }
        var body = new JsonObject { ["model"] = message.Model, ["input"] = input, ["parameters"] = Parameters(asked) };
        var response = await PostAsync(message, message.Account.AddressOf(message), body, waits: true, http, cancel);
        if (!response.IsSuccessStatusCode)
        {
            return response;
        }
        var output = (await Answer.ReadJsonAsync(response, cancel)).Find("output"u8) ?? default;
        var task = new Uri($"{message.Account.BaseUrl}/api/v1/tasks/{Uri.EscapeDataString(output.Word("task_id"u8) ?? "")}");
        while (output.Word("task_status"u8) is "PENDING" or "RUNNING")
        {
            await Task.Delay(Pause, message.Clock, cancel);
            using var ask = new HttpRequestMessage(HttpMethod.Get, task);
            UpstreamRequests.AddCredential(ask.Headers, message);
            using var told = await http.SendAsync(ask, cancel);
            output = told.IsSuccessStatusCode ? (await Answer.ReadJsonAsync(told, cancel)).Find("output"u8) ?? default : default;
        }
        var urls = output.Items("results"u8).Select(result => result.Word("url"u8)).OfType<string>().Select(url => ("url", url)).ToList();
        return urls.Count > 0
            ? Answer.Whole(response, ImageAnswers.Of(urls, message.Clock))
            : Answer.Refusal(response, new UpstreamRefusal(
                output.Word("code"u8) is "DataInspectionFailed" or "InvalidParameter" ? 400 : 500,
                output.Word("code"u8) ?? "image_failed",
                output.Word("message"u8) ?? "The upstream made no image."));
    }

    private static JsonObject Parameters(JsonObject asked)
    {
        var parameters = asked["parameters"]?.DeepClone() as JsonObject ?? [];
        ImageAnswers.Copy(asked, parameters, "n", "seed", "watermark", "prompt_extend");
        if (ImageAnswers.SizeOf(asked) is var (width, height))
        {
            parameters["size"] = $"{width}*{height}";
        }
        return parameters;
    }

    private static List<string> ImagesOf(JsonObject asked) => asked["image"] switch
    {
        JsonArray many => [.. many.Select(image => image!.ToString())],
        JsonValue one => [one.ToString()],
        _ => [],
    };

    private static async Task<HttpResponseMessage> PostAsync(
        UpstreamMessage message, Uri address, JsonObject body, bool waits, HttpMessageInvoker http, CancellationToken cancel)
    {
        using var request = UpstreamRequests.Post(address, Answer.Content(body));
        UpstreamRequests.AddCredential(request.Headers, message);
        if (waits)
        {
            request.Headers.TryAddWithoutValidation("X-DashScope-Async", "enable");
        }
        return await http.SendAsync(UpstreamRequests.Finish(request, message), cancel);
    }
}
