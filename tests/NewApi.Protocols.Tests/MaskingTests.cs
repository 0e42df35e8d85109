using NewApi.Protocols;

namespace NewApi.Protocols.Tests;

public sealed class MaskingTests
{
    [Theory]
    [InlineData("see https://api.example.com/v1/chat?key=abc now", "see https://***.com/***/***?key=*** now")]
    [InlineData("https://example.com", "https://***.com")]
    [InlineData("https://example.com/", "https://***.com/")]
    [InlineData("(https://a.b.example.co.uk:8443/x/y/z?a=1&b=2#frag).", "(https://***.uk/***/***/***?a=***&b=***).")]
    [InlineData("http://user:pass@10.0.0.7:3000/v1", "http://***.***.***.***/***")]
    [InlineData("http://localhost:3000/v1", "http://***/***")]
    [InlineData("http://[2001:db8::1]:80/v1 refused", "http://***/*** refused")]
    [InlineData("wss://rt.example.io/socket", "wss://***.io/***")]
    [InlineData("redis://:secretpw@cache.internal:6379", "redis://***.internal")]
    [InlineData("dial tcp: lookup api.openai.com: no such host", "dial tcp: lookup ***.***.com: no such host")]
    [InlineData("connect to 192.168.1.20:8080 failed", "connect to ***.***.***.***:8080 failed")]
    [InlineData("Ask example.com.", "Ask ***.com.")]
    [InlineData("地址 https://api.example.cn/v1，请重试", "地址 https://***.cn/***，请重试")]
    [InlineData("api.unknown.zz", "***.***.zz")]
    [InlineData("Incorrect API key provided: sk-abcdEFGH12345678.", "Incorrect API key provided: ***.")]
    [InlineData("key sk-abcdEFGH12345678 is bad", "key sk-*** is bad")]
    [InlineData("key AIzaSyA1234567890abcdefg is bad", "key AIza*** is bad")]
    [InlineData("Authorization: Bearer abc.def-123456", "Authorization: Bearer ***")]
    [InlineData("header Bearer abcdefgh12345678", "header Bearer ***")]
    [InlineData("{\"api_key\": \"topsecret\"}", "{\"api_key\": \"***\"}")]
    [InlineData("api_key=topsecret&x=1", "api_key=***&x=1")]
    [InlineData("x-api-key: topsecret", "x-api-key: ***")]
    public void Addresses_and_keys_are_hidden(string text, string masked)
    {
        Assert.Equal(masked, Masking.Mask(text));
        Assert.Equal(masked, Masking.Mask(masked));
    }

    [Theory]
    [InlineData("")]
    [InlineData("The engine is currently overloaded")]
    [InlineData("The model gpt-4.1 does not exist. Try claude-3.5-sonnet.")]
    [InlineData("messages.0.content must be a string")]
    [InlineData("metadata.user.id is too long, e.g. 300 of 256 characters.")]
    [InlineData("version 1.2.3 and 1.2.3.400 and 10.5")]
    [InlineData("Bearer token required.")]
    [InlineData("tools.0.function.name: see main.py, lib.rs, run.sh")]
    [InlineData("scikit sk-learn-like")]
    [InlineData("当前分组 default 下对于模型 no-such-model 无可用渠道")]
    [InlineData("...")]
    [InlineData("a - b _ c . d")]
    public void Other_text_is_the_same_instance(string text)
    {
        Assert.Same(text, Masking.Mask(text));
    }
}
