using NewApi.Providers.Bedrock;
using NewApi.Providers.Signatures;

namespace NewApi.Providers.Tests;

/// <summary>Signatures against vectors that somebody else published; the fixtures keep them as they are.</summary>
public sealed class SignatureTests
{
    [Fact]
    public void Version_4_agrees_with_the_published_test_suite()
    {
        var headers = new Dictionary<string, string> { ["host"] = "example.amazonaws.com", ["x-amz-date"] = "20150830T123600Z" };

        var authorization = ScopedSignature.Aws.Authorize(
            "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830", "20150830T123600Z", ["us-east-1", "service"], "/", "", headers, []);

        Assert.Equal(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, "
            + "Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            authorization);
    }

    [Fact]
    public void The_checksum_is_the_one_of_gzip() => Assert.Equal(0xcbf43926u, EventStreamFrames.Checksum("123456789"u8));

    [Theory]
    [InlineData("claude-sonnet-4-20250514", "us-east-1", "us.anthropic.claude-sonnet-4-20250514-v1:0")]
    [InlineData("claude-sonnet-4-20250514", "eu-central-1", "eu.anthropic.claude-sonnet-4-20250514-v1:0")]
    [InlineData("claude-sonnet-4-20250514", "ap-northeast-1", "apac.anthropic.claude-sonnet-4-20250514-v1:0")]
    [InlineData("claude-opus-4-20250514", "eu-central-1", "anthropic.claude-opus-4-20250514-v1:0")]
    [InlineData("claude-2.1", "us-east-1", "anthropic.claude-v2:1")]
    [InlineData("amazon.nova-pro-v1:0", "us-east-1", "amazon.nova-pro-v1:0")]
    public void A_model_is_spread_over_the_regions_that_allow_it(string model, string region, string id) =>
        Assert.Equal(id, BedrockModels.IdOf(model, region));

    [Fact]
    public void A_short_id_stays_the_same_for_the_same_id()
    {
        Assert.Equal("abcDEF123", Mistral.Mistral.ShortId("abcDEF123"));
        Assert.Equal(Mistral.Mistral.ShortId("call_1"), Mistral.Mistral.ShortId("call_1"));
        Assert.NotEqual(Mistral.Mistral.ShortId("call_1"), Mistral.Mistral.ShortId("call_2"));
    }
}
