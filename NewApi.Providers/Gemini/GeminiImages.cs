using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Protocols;
using NewApi.Providers.Answers;

namespace NewApi.Providers.Gemini;

/// <summary>OpenAI's image generations in Google's words: Imagen predicts, Gemini's image models answer a chat.</summary>
internal static class GeminiImages
{
    private static readonly (string Name, double Value)[] Ratios = [("1:1", 1), ("3:4", 0.75), ("4:3", 4d / 3), ("9:16", 9d / 16), ("16:9", 16d / 9)];

    public static bool ByPrediction(string model) => model.StartsWith("imagen", StringComparison.Ordinal);

    public static JsonObject Request(JsonObject asked, string model)
    {
        var prompt = asked["prompt"]?.ToString() ?? "";
        if (!ByPrediction(model))
        {
            return new JsonObject
            {
                ["contents"] = new JsonArray(new JsonObject
                {
                    ["role"] = "user",
                    ["parts"] = new JsonArray(new JsonObject { ["text"] = prompt }),
                }),
                ["generationConfig"] = new JsonObject { ["responseModalities"] = new JsonArray("TEXT", "IMAGE") },
            };
        }
        var parameters = new JsonObject { ["sampleCount"] = asked["n"]?.DeepClone() ?? 1 };
        if (asked["aspect_ratio"] is { } ratio)
        {
            parameters["aspectRatio"] = ratio.DeepClone();
        }
        else if (ImageAnswers.SizeOf(asked) is var (width, height) && height > 0)
        {
            parameters["aspectRatio"] = Ratios.MinBy(known => Math.Abs(known.Value - ((double)width / height))).Name;
        }
        return new JsonObject { ["instances"] = new JsonArray(new JsonObject { ["prompt"] = prompt }), ["parameters"] = parameters };
    }

    public static async Task<HttpResponseMessage> AnswerAsync(HttpResponseMessage response, UpstreamMessage message, CancellationToken cancel)
    {
        if (!response.IsSuccessStatusCode)
        {
            return response;
        }
        var answer = await Answer.ReadJsonAsync(response, cancel);
        var images = answer.Items("predictions"u8).Select(prediction => prediction.Word("bytesBase64Encoded"u8))
            .Concat(answer.Items("candidates"u8)
                .SelectMany(candidate => candidate.Find("content"u8)?.Items("parts"u8) ?? default)
                .Select(part => part.Find("inlineData"u8)?.Word("data"u8)))
            .OfType<string>().Select(image => ("b64_json", image)).ToList();
        if (images.Count == 0)
        {
            return Answer.Refusal(response, new UpstreamRefusal(400, "prompt_blocked", "The upstream made no image for this prompt."));
        }
        var told = ImageAnswers.Of(images, message.Clock);
        if (answer.Find("usageMetadata"u8) is { } usage)
        {
            var (input, output) = (OwnUsage.Count(usage, "promptTokenCount"u8) ?? 0, OwnUsage.Count(usage, "candidatesTokenCount"u8) ?? 0);
            told["usage"] = new JsonObject { ["input_tokens"] = input, ["output_tokens"] = output, ["total_tokens"] = input + output };
        }
        return Answer.Whole(response, told);
    }
}
