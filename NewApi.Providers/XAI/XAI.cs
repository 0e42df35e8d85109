using System.Text.Json.Nodes;
using NewApi.Domain;

namespace NewApi.Providers.XAI;

/// <summary>xAI's Grok (channel type 48): search and effort may be said by a suffix of the model's name.</summary>
internal static class XAI
{
    public static ProviderProfile Profile { get; } = new(48, "xAI", "https://api.x.ai")
    {
        Paths = ProviderProfile.With(
            ProviderProfile.ChatPaths, (Dialect.OpenAIResponses, "/v1/responses"), (Dialect.OpenAIImages, "/v1/images/generations")),
        StreamOptions = true,
        Rules =
        [
            BodyRule.Suffix("-search", draft => draft.Set("search_parameters", new JsonObject { ["mode"] = "on" })),
            BodyRule.Suffix("-high", draft => draft.Set("reasoning_effort", "high"), IsMini),
            BodyRule.Suffix("-low", draft => draft.Set("reasoning_effort", "low"), IsMini),
            BodyRule.Drop("size", "quality", "style") with { Dialects = [Dialect.OpenAIImages] },
        ],
    };

    private static bool IsMini(string model) => model.StartsWith("grok-3-mini", StringComparison.Ordinal);
}
