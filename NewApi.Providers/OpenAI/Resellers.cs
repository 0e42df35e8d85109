namespace NewApi.Providers.OpenAI;

/// <summary>Services that resell OpenAI's API, or run others behind it, path by path: nothing but an address tells them apart.</summary>
internal static class Resellers
{
    public static IReadOnlyList<ProviderProfile> Profiles { get; } =
    [
        OpenAI.Reseller(6, "OpenAIMax", "https://api.openaimax.com"),
        OpenAI.Reseller(7, "OhMyGPT", "https://api.ohmygpt.com"),
        OpenAI.Reseller(9, "AILS", "https://api.caipacity.com"),
        OpenAI.Reseller(10, "AIProxy", "https://api.aiproxy.io"),
        OpenAI.Reseller(12, "API2GPT", "https://api.api2gpt.com"),
        OpenAI.Reseller(13, "AIGC2D", "https://api.aigc2d.com"),
        OpenAI.Reseller(19, "360", "https://api.360.cn"),
        OpenAI.Reseller(22, "FastGPT", "https://fastgpt.run/api/openapi"),
        OpenAI.Reseller(31, "LingYiWanWu", "https://api.lingyiwanwu.com"),
    ];
}
