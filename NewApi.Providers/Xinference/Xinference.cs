using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Providers.Answers;

namespace NewApi.Providers.Xinference;

/// <summary>Xinference (channel type 47): OpenAI's API on one's own machines, and rerankers whose documents come back as plain texts.</summary>
internal static class Xinference
{
    public static ProviderProfile Profile { get; } = OpenAI.OpenAI.Reseller(47, "Xinference", null) with { Adapter = new RerankAdapter() };

    private sealed class RerankAdapter : ProviderAdapter
    {
        public override async Task<HttpResponseMessage> SendAsync(UpstreamMessage message, HttpMessageInvoker http, CancellationToken cancel)
        {
            var response = await SendByRowsAsync(message, http, cancel);
            if (message.Dialect != Dialect.Rerank || !response.IsSuccessStatusCode
                || JsonNode.Parse(await Answer.ReadAsync(response, cancel)) is not JsonObject answer)
            {
                return response;
            }
            foreach (var result in (answer["results"] as JsonArray)?.OfType<JsonObject>() ?? [])
            {
                if (result["document"] is JsonValue text)
                {
                    result["document"] = new JsonObject { ["text"] = text.DeepClone() };
                }
            }
            return Answer.Whole(response, answer);
        }
    }
}
