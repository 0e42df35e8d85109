using System.Buffers;
using System.Text;
using NewApi.Domain;
using NewApi.Protocols;

namespace NewApi.Protocols.Tests;

/// <summary>What clients of each dialect read when something goes wrong, byte for byte.</summary>
public sealed class ErrorShapeTests
{
    private static readonly RelayFault NoQuota = new(403, "insufficient_user_quota", "not enough quota");

    private static readonly RelayFault FromUpstream = new(400, "unknown_error", "温度 \"wrong\" <b>")
    {
        Type = "invalid_request_error",
        Param = "temperature",
        FromUpstream = true,
    };

    [Fact]
    public void OpenAI_shape_of_a_fault_of_ours()
    {
        Assert.Equal(
            """{"error":{"message":"not enough quota (request id: R1)","type":"new_api_error","param":"","code":"insufficient_user_quota"}}""",
            Body(ErrorShape.OpenAI, NoQuota));
    }

    [Fact]
    public void OpenAI_shape_of_an_upstream_fault_is_the_upstreams_own()
    {
        Assert.Equal(
            """{"error":{"message":"温度 \"wrong\" <b>","type":"invalid_request_error","param":"temperature","code":null}}""",
            Body(ErrorShape.OpenAI, FromUpstream));
    }

    [Fact]
    public void Gemini_shape_adds_the_canonical_status()
    {
        Assert.Equal(
            """{"error":{"message":"not enough quota (request id: R1)","type":"new_api_error","param":"","code":"insufficient_user_quota","status":"PERMISSION_DENIED"}}""",
            Body(ErrorShape.Gemini, NoQuota));
    }

    [Theory]
    [InlineData(400, "invalid_request_error")]
    [InlineData(401, "authentication_error")]
    [InlineData(402, "billing_error")]
    [InlineData(403, "permission_error")]
    [InlineData(404, "not_found_error")]
    [InlineData(408, "timeout_error")]
    [InlineData(413, "request_too_large")]
    [InlineData(422, "invalid_request_error")]
    [InlineData(429, "rate_limit_error")]
    [InlineData(500, "api_error")]
    [InlineData(502, "api_error")]
    [InlineData(503, "overloaded_error")]
    [InlineData(504, "timeout_error")]
    [InlineData(529, "overloaded_error")]
    public void Anthropic_shape_has_the_type_of_its_status(int status, string type)
    {
        Assert.Equal(
            $$$"""{"type":"error","error":{"type":"{{{type}}}","message":"m (request id: R1)"},"request_id":"R1"}""",
            Body(ErrorShape.Anthropic, new RelayFault(status, "c", "m")));
    }

    [Fact]
    public void Anthropic_type_of_the_upstream_stays()
    {
        var fault = new RelayFault(500, "overloaded_error", "Overloaded") { Type = "overloaded_error", FromUpstream = true };

        Assert.Equal(
            """{"type":"error","error":{"type":"overloaded_error","message":"Overloaded (request id: R1)"},"request_id":"R1"}""",
            Body(ErrorShape.Anthropic, fault));
    }

    [Theory]
    [InlineData(400, "INVALID_ARGUMENT")]
    [InlineData(401, "UNAUTHENTICATED")]
    [InlineData(403, "PERMISSION_DENIED")]
    [InlineData(404, "NOT_FOUND")]
    [InlineData(429, "RESOURCE_EXHAUSTED")]
    [InlineData(500, "INTERNAL")]
    [InlineData(501, "UNIMPLEMENTED")]
    [InlineData(503, "UNAVAILABLE")]
    [InlineData(504, "DEADLINE_EXCEEDED")]
    public void Gemini_status_follows_http(int status, string name)
    {
        Assert.EndsWith($"\"status\":\"{name}\"}}}}", Body(ErrorShape.Gemini, new RelayFault(status, "c", "m")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Dialect.OpenAIChat, ErrorShape.OpenAI)]
    [InlineData(Dialect.OpenAICompletions, ErrorShape.OpenAI)]
    [InlineData(Dialect.OpenAIEmbeddings, ErrorShape.OpenAI)]
    [InlineData(Dialect.OpenAIResponses, ErrorShape.OpenAI)]
    [InlineData(Dialect.AnthropicMessages, ErrorShape.Anthropic)]
    [InlineData(Dialect.GeminiContent, ErrorShape.Gemini)]
    public void Each_dialect_has_its_shape(Dialect dialect, ErrorShape shape)
    {
        Assert.Equal(shape, ErrorShapes.For(dialect));
    }

    [Theory]
    [InlineData(Dialect.OpenAIChat, """
        data: {"error":{"message":"cut (request id: R1)","type":"new_api_error","param":"","code":"do_request_failed"}}
        """)]
    [InlineData(Dialect.AnthropicMessages, """
        event: error
        data: {"type":"error","error":{"type":"api_error","message":"cut (request id: R1)"},"request_id":"R1"}
        """)]
    [InlineData(Dialect.OpenAIResponses, """
        event: error
        data: {"type":"error","sequence_number":7,"code":"do_request_failed","message":"cut (request id: R1)","param":"","error":{"message":"cut (request id: R1)","type":"new_api_error","param":"","code":"do_request_failed"}}
        """)]
    [InlineData(Dialect.GeminiContent, """
        data: {"error":{"code":500,"message":"cut (request id: R1)","status":"INTERNAL"}}
        """)]
    public void Broken_stream_says_so_in_its_dialect(Dialect dialect, string frame)
    {
        var output = new ArrayBufferWriter<byte>();

        StreamEnd.WriteError(output, dialect, new RelayFault(500, "do_request_failed", "cut"), "R1", sequence: 7);

        Assert.Equal(frame.ReplaceLineEndings("\n") + "\n\n", Encoding.UTF8.GetString(output.WrittenSpan));
        Assert.Equal(FrameKind.Error, StreamTap.Create(dialect).Observe(output.WrittenSpan));
    }

    [Fact]
    public void Usage_chunk_is_what_a_tap_calls_usage_only()
    {
        var output = new ArrayBufferWriter<byte>();
        var usage = new Usage { Input = 10, Output = 4, CacheRead = 3, Reasoning = 2, Estimated = true };

        StreamEnd.WriteUsage(output, Dialect.OpenAIChat, "chatcmpl-1", "gpt-4o", 1700000000, usage);

        Assert.Equal(
            """data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"gpt-4o","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":4,"total_tokens":14,"prompt_tokens_details":{"cached_tokens":3},"completion_tokens_details":{"reasoning_tokens":2}}}""" + "\n\n",
            Encoding.UTF8.GetString(output.WrittenSpan));
        var tap = StreamTap.Create(Dialect.OpenAIChat);
        Assert.Equal(FrameKind.UsageOnly, tap.Observe(output.WrittenSpan));
        Assert.Equal(usage with { Estimated = false }, tap.Usage);
    }

    [Fact]
    public void Fixed_frames_are_frames()
    {
        using var buffer = new SseFrameBuffer();
        StreamEnd.Ping.CopyTo(buffer.GetMemory().Span);
        buffer.Advance(StreamEnd.Ping.Length);
        Assert.True(buffer.TryReadFrame(out var ping));
        Assert.Equal(FrameKind.None, StreamTap.Create(Dialect.OpenAIChat).Observe(ping.Span));
        Assert.Equal(FrameKind.Terminal, StreamTap.Create(Dialect.OpenAIChat).Observe(StreamEnd.Done));
    }

    private static string Body(ErrorShape shape, RelayFault fault)
    {
        var output = new ArrayBufferWriter<byte>();
        ErrorBody.Write(output, shape, fault, "R1");
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
