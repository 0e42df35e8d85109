using NewApi.Domain;

namespace NewApi.Providers.Bedrock;

/// <summary>
/// Claude on AWS Bedrock (channel type 33). The key is <c>accessKey|secretKey|region</c>, or <c>apiKey|region</c> where the setting
/// <c>aws_key_type</c> is <c>api_key</c>; requests are signed, streams come in binary frames.
/// </summary>
internal static class Bedrock
{
    public static ProviderProfile Profile { get; } = new(33, "AWS", null)
    {
        Paths = ProviderProfile.Only((Dialect.AnthropicMessages, "/model/{model}/invoke")),
        StreamOptions = true,
        Adapter = new BedrockAdapter(),
    };
}
