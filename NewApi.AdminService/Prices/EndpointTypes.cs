using System.Text.Json;
using NewApi.Providers;

namespace NewApi.AdminService.Prices;

/// <summary>Which surfaces a model can be reached on, told by its name and by the channels that serve it.</summary>
internal static class EndpointTypes
{
    private const long Anthropic = 14;
    private const long Gemini = 24;
    private const long Jina = 38;
    private const long Codex = 57;

    private static readonly Dictionary<string, string> Paths = new(StringComparer.Ordinal)
    {
        ["openai"] = "/v1/chat/completions",
        ["openai-response"] = "/v1/responses",
        ["anthropic"] = "/v1/messages",
        ["gemini"] = "/v1beta/models/{model}:generateContent",
        ["jina-rerank"] = "/v1/rerank",
        ["image-generation"] = "/v1/images/generations",
        ["embeddings"] = "/v1/embeddings",
        ["openai-video"] = "/v1/videos",
    };

    public static IReadOnlyList<string> Of(ServedModel model)
    {
        var name = model.Name;
        if (name.Contains("embedding", StringComparison.OrdinalIgnoreCase) || name.StartsWith("m3e", StringComparison.OrdinalIgnoreCase))
        {
            return ["embeddings"];
        }
        if (name.Contains("rerank", StringComparison.OrdinalIgnoreCase) || model.ChannelTypes is [Jina])
        {
            return ["jina-rerank"];
        }
        if (name.StartsWith("dall-e", StringComparison.Ordinal) || name.StartsWith("gpt-image", StringComparison.Ordinal)
            || name.StartsWith("imagen", StringComparison.Ordinal))
        {
            return ["image-generation"];
        }
        if (ProviderRegistry.IsFilm(name, model.ChannelTypes))
        {
            return ["openai-video"];
        }
        var types = new List<string>();
        if (model.ChannelTypes.Contains(Anthropic))
        {
            types.Add("anthropic");
        }
        if (model.ChannelTypes.Contains(Gemini))
        {
            types.Add("gemini");
        }
        if (model.ChannelTypes.Contains(Codex))
        {
            types.Add("openai-response");
        }
        types.Add("openai");
        return types;
    }

    public static void WriteAll(Utf8JsonWriter json, IEnumerable<ServedModel> models)
    {
        json.WriteStartObject();
        foreach (var type in models.SelectMany(Of).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            json.WriteStartObject(type);
            json.WriteString("path"u8, Paths[type]);
            json.WriteString("method"u8, "POST");
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }
}
