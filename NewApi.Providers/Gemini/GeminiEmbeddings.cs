using System.Text.Json.Nodes;
using NewApi.Protocols;
using NewApi.Providers.Answers;

namespace NewApi.Providers.Gemini;

/// <summary>OpenAI's embeddings in Gemini's words, always as a batch.</summary>
internal static class GeminiEmbeddings
{
    public static JsonObject Request(JsonObject asked, string model)
    {
        var requests = new JsonArray();
        foreach (var text in asked["input"] is JsonArray many ? many.Select(text => text?.ToString() ?? "") : [asked["input"]?.ToString() ?? ""])
        {
            var request = new JsonObject
            {
                ["model"] = "models/" + model,
                ["content"] = new JsonObject { ["parts"] = new JsonArray(new JsonObject { ["text"] = text }) },
            };
            if (asked["dimensions"] is { } dimensions)
            {
                request["outputDimensionality"] = dimensions.DeepClone();
            }
            requests.Add(request);
        }
        return new JsonObject { ["requests"] = requests };
    }

    public static async Task<HttpResponseMessage> AnswerAsync(HttpResponseMessage response, UpstreamMessage message, CancellationToken cancel)
    {
        if (!response.IsSuccessStatusCode)
        {
            return response;
        }
        var data = new JsonArray();
        foreach (var embedding in (await Answer.ReadJsonAsync(response, cancel)).Items("embeddings"u8))
        {
            data.Add(new JsonObject
            {
                ["object"] = "embedding",
                ["index"] = data.Count,
                ["embedding"] = embedding.Find("values"u8) is { } values ? JsonNode.Parse(values.GetRawText()) : new JsonArray(),
            });
        }
        return Answer.Whole(response, new JsonObject { ["object"] = "list", ["data"] = data, ["model"] = message.Model });
    }
}
