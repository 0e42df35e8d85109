using Microsoft.AspNetCore.Http;
using NewApi.RelayService.Channels;

namespace NewApi.RelayService.Tests.Channels;

/// <summary>Which of the caller's headers a channel's override lets through to the upstream.</summary>
public sealed class HeaderOverrideTests
{
    private const string Key = RelayHost.Key;

    [Theory]
    [InlineData("Authorization", "Bearer other")]
    [InlineData("X-Api-Key", "other")]
    [InlineData("X-Goog-Api-Key", "other")]
    [InlineData("Api-Key", "other")]
    [InlineData("mj-api-secret", "other")]
    [InlineData("Cookie", "session=s")]
    [InlineData("New-Api-User", "1")]
    [InlineData("Sec-WebSocket-Protocol", "realtime, openai-insecure-api-key.other")]
    [InlineData("Content-Encoding", "gzip")]
    [InlineData("Content-Type", "text/plain")]
    [InlineData("Content-Length", "1")]
    [InlineData("Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg==")]
    [InlineData("Content-Digest", "sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:")]
    [InlineData("Expect", "100-continue")]
    [InlineData("Proxy-Connection", "keep-alive")]
    public void Wildcard_passes_no_credential_and_nothing_that_is_about_the_connection_or_the_body(string name, string value)
    {
        var request = Request(("X-A", "a"), (name, value));

        foreach (var wildcard in (string[])["*", "re:.*", "regex:."])
        {
            Assert.Equal(["X-A"], Resolve($$"""{"{{wildcard}}":""}""", request).Keys);
        }
    }

    [Theory]
    [InlineData("/v1/chat/completions", "Authorization", "Bearer sk-" + Key)]
    [InlineData("/v1/chat/completions", "Authorization", "sk-" + Key + "-7")]
    [InlineData("/v1/messages", "x-api-key", "sk-" + Key)]
    [InlineData("/v1beta/models/m:generateContent", "x-goog-api-key", Key)]
    [InlineData("/v1/realtime", "Sec-WebSocket-Protocol", "realtime, openai-insecure-api-key.sk-" + Key)]
    [InlineData("/mj/submit/imagine", "mj-api-secret", "sk-" + Key)]
    public void Key_of_the_caller_passes_under_no_name(string path, string name, string value)
    {
        var request = Request((name, value), ("X-Copy", "it is " + Key), ("X-A", "a"));
        request.Path = path;

        var headers = Resolve($$$"""{"re:^X-":"","X-B":"{client_header:{{{name}}}}","X-C":"{client_header:X-Copy}"}""", request);

        Assert.Equal(["X-A"], headers.Keys);
    }

    [Fact]
    public void Key_in_the_address_passes_in_no_header()
    {
        var request = Request(("Referer", "https://example.com/?key=" + Key));
        (request.Path, request.QueryString) = ("/v1beta/models/m:generateContent", new QueryString("?key=" + Key));

        Assert.Empty(Resolve("""{"*":""}""", request));
    }

    [Fact]
    public void Session_of_the_console_passes_under_no_name() =>
        Assert.Empty(Resolve("""{"X-B":"{client_header:Cookie}"}""", Request(("Cookie", "session=s"))));

    [Fact]
    public void Callers_own_key_for_the_upstream_passes_where_the_channel_names_its_header()
    {
        var request = Request(("Authorization", "Bearer sk-" + Key), ("X-Api-Key", "theirs"));

        Assert.Equal("theirs", Resolve("""{"Authorization":"{client_header:x-api-key}"}""", request)["Authorization"]);
    }

    private static Dictionary<string, string> Resolve(string json, HttpRequest request) => HeaderOverride.Parse(json)!.Resolve(request, "upstream-secret");

    private static HttpRequest Request(params (string Name, string Value)[] headers)
    {
        var request = new DefaultHttpContext().Request;
        foreach (var (name, value) in headers)
        {
            request.Headers[name] = value;
        }
        return request;
    }
}
