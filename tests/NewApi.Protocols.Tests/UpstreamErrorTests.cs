using System.Text;
using NewApi.Domain;
using NewApi.Protocols;

namespace NewApi.Protocols.Tests;

public sealed class UpstreamErrorTests
{
    [Theory]
    [InlineData("""{"error":{"message":"temperature is wrong","type":"invalid_request_error","param":"temperature","code":null}}""", "temperature is wrong", "invalid_request_error", "unknown_error", "temperature")]
    [InlineData("""{"error":{"message":"slow","type":"requests","param":null,"code":"rate_limit_exceeded"}}""", "slow", "requests", "rate_limit_exceeded", null)]
    [InlineData("""{"error":{"message":"x","type":"","code":1211}}""", "x", "upstream_error", "1211", null)]
    [InlineData("""{"error":{"message":"bad","code":400,"metadata":{"raw":"why","provider_name":"P"}}}""", """bad ({"raw":"why","provider_name":"P"})""", "upstream_error", "400", null)]
    [InlineData("""{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}""", "Overloaded", "overloaded_error", "overloaded_error", null)]
    [InlineData("""{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT"}}""", "API key not valid.", "upstream_error", "INVALID_ARGUMENT", null)]
    [InlineData("""[{"error":{"code":404,"message":"no model","status":"NOT_FOUND"}}]""", "no model", "upstream_error", "NOT_FOUND", null)]
    [InlineData("""{"message":"flat"}""", "flat", "bad_response_status_code", "bad_response_status_code", null)]
    [InlineData("""{"message":"","msg":"second"}""", "second", "bad_response_status_code", "bad_response_status_code", null)]
    [InlineData("""{"err":"third"}""", "third", "bad_response_status_code", "bad_response_status_code", null)]
    [InlineData("""{"error_msg":"baidu"}""", "baidu", "bad_response_status_code", "bad_response_status_code", null)]
    [InlineData("""{"detail":"Not Found"}""", "Not Found", "bad_response_status_code", "bad_response_status_code", null)]
    [InlineData("""{"detail":[{"loc":["body"],"msg":"field required","type":"value_error"}]}""", "field required", "bad_response_status_code", "bad_response_status_code", null)]
    [InlineData("""{"header":{"message":"xf"}}""", "xf", "bad_response_status_code", "bad_response_status_code", null)]
    [InlineData("""{"response":{"error":{"message":"deep"}}}""", "deep", "bad_response_status_code", "bad_response_status_code", null)]
    [InlineData("""{"error":"just text"}""", "just text", "bad_response_status_code", "bad_response_status_code", null)]
    public void Body_is_read_as_far_as_it_speaks(string body, string message, string type, string code, string? param)
    {
        var fault = UpstreamError.Parse(Dialect.OpenAIChat, 418, Encoding.UTF8.GetBytes(body), "application/json");

        Assert.Equal((418, message, type, code, param), (fault.Status, fault.Message, fault.Type, fault.Code, fault.Param));
        Assert.True(fault.FromUpstream);
        Assert.Equal(Leg.Headers, fault.Leg);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html><body>502 Bad Gateway at upstream-7.example.com</body></html>")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"error":{}}""")]
    [InlineData("""{"error":{"message":"\ud800"}}""")]
    [InlineData("""{"\ud800":1}""")]
    public void Body_that_says_nothing_gets_a_neutral_text(string body)
    {
        var fault = UpstreamError.Parse(Dialect.OpenAIChat, 502, Encoding.UTF8.GetBytes(body), "text/html");

        Assert.Equal("bad response status code 502", fault.Message);
        Assert.Equal("bad_response_status_code", fault.Code);
        Assert.False(fault.FromUpstream);
    }

    [Fact]
    public void Message_is_masked()
    {
        var fault = UpstreamError.Parse(
            Dialect.OpenAIChat, 401, """{"error":{"message":"Incorrect API key provided: sk-proj-Ab12********9xYz. See https://platform.openai.com/account/api-keys."}}"""u8, null);

        Assert.Equal("Incorrect API key provided: ***. See https://***.com/***/***.", fault.Message);
    }

    [Fact]
    public void Google_says_when_to_come_back()
    {
        var fault = UpstreamError.Parse(
            Dialect.GeminiContent,
            429,
            """{"error":{"code":429,"message":"q","status":"RESOURCE_EXHAUSTED","details":[{"@type":"x"},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"37.5s"}]}}"""u8,
            null);

        Assert.Equal(TimeSpan.FromSeconds(37.5), fault.RetryAfter);
    }
}
