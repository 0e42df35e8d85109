using System.Text;
using NewApi.Domain;
using NewApi.Domain.Tokens;
using NewApi.Protocols;
using NewApi.Testing;

namespace NewApi.Protocols.Tests;

public sealed class StreamTapTests
{
    [Theory]
    [InlineData(Dialect.OpenAIChat, """{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"a\nb"},"finish_reason":null}],"usage":null}""")]
    [InlineData(Dialect.OpenAICompletions, """{"id":"c","object":"text_completion","choices":[{"index":0,"text":"a","finish_reason":null}]}""")]
    [InlineData(Dialect.OpenAIResponses, """{"type":"response.output_text.delta","sequence_number":4,"item_id":"m","delta":"a"}""")]
    [InlineData(Dialect.AnthropicMessages, """{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}""")]
    [InlineData(Dialect.GeminiContent, """{"candidates":[{"content":{"parts":[{"text":"a"}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":8,"totalTokenCount":8},"modelVersion":"m"}""")]
    public void Content_frames_allocate_nothing(Dialect dialect, string json)
    {
        var tap = StreamTap.Create(dialect);
        var frame = Encoding.UTF8.GetBytes($"data: {json}\n\n");
        Assert.Equal(FrameKind.Meaningful, tap.Observe(frame));
        var frames = 1;

        var allocated = Allocations.Of(() =>
        {
            for (var i = 0; i < 10_000; i++, frames++)
            {
                tap.Observe(frame);
            }
        });

        Assert.Equal(0, allocated);
        Assert.Equal(frames * (json.Contains("a\\nb", StringComparison.Ordinal) ? 3 : 1), tap.DeliveredBytes);
    }

    [Fact]
    public void Delivered_text_is_estimated_as_the_whole_text_would_be()
    {
        const string Text = "The quick brown fox — 敏捷的棕色狐狸 🦊 jumps over 12345 lazy dogs.\n";
        var tap = StreamTap.Create(Dialect.OpenAIChat, TokenFamily.Claude);
        foreach (var rune in Text.EnumerateRunes())
        {
            tap.Observe(Encoding.UTF8.GetBytes(
                "data: {\"choices\":[{\"delta\":{\"content\":" + System.Text.Json.JsonSerializer.Serialize(rune.ToString()) + "}}]}\n\n"));
        }

        var whole = new TokenEstimate(TokenFamily.Claude);
        whole.Add(Encoding.UTF8.GetBytes(Text));
        Assert.Equal(whole.Total, tap.EstimatedOutput);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(5_000)]
    public void Beginning_of_a_text_is_kept_and_the_rest_is_estimated(int piece)
    {
        var text = string.Concat(Enumerable.Range(0, 6_000).Select(number => $"w{number} "));
        var tap = StreamTap.Create(Dialect.OpenAIChat, keepsText: true);
        var sent = 0;
        foreach (var part in text.Chunk(piece))
        {
            tap.Observe(Encoding.UTF8.GetBytes("data: {\"choices\":[{\"delta\":{\"content\":\"" + new string(part) + "\"}}]}\n\n"));
            // Breaks after its text: what it seemed to say is forgotten.
            tap.Observe("""data: {"choices":[{"delta":{"content":"lost"}}"""u8);
            sent += part.Length;
            Assert.True(tap.KeptText.SequenceEqual(Encoding.UTF8.GetBytes(text[..Math.Min(sent, StreamTap.MostKept)])));
        }

        var kept = new TokenEstimate(TokenFamily.Other);
        kept.Add(Encoding.UTF8.GetBytes(text[..StreamTap.MostKept]));
        Assert.Equal(tap.EstimatedOutput - kept.Total, tap.EstimatedRest);
    }

    [Fact]
    public void Text_is_kept_only_on_request()
    {
        var tap = StreamTap.Create(Dialect.OpenAIChat);
        tap.Observe("""data: {"choices":[{"delta":{"content":"hello world"}}]}"""u8);

        Assert.True(tap.KeptText.IsEmpty);
        Assert.Equal(tap.EstimatedOutput, tap.EstimatedRest);
    }

    [Fact]
    public void Tool_calls_weigh_seven_tokens_more()
    {
        var tap = StreamTap.Create(Dialect.OpenAIChat);
        tap.Observe("""data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]}}]}"""u8);

        Assert.Equal(1, tap.ToolCalls);
        Assert.Equal(9, tap.EstimatedOutput);
    }

    [Fact]
    public void Call_whose_id_is_repeated_in_each_piece_is_one_call()
    {
        var tap = StreamTap.Create(Dialect.OpenAIChat);
        for (var i = 0; i < 5; i++)
        {
            tap.Observe("""data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}]}}]}"""u8);
        }

        Assert.Equal(1, tap.ToolCalls);
    }

    [Fact]
    public void Broken_frame_leaves_no_trace_but_its_count()
    {
        var tap = StreamTap.Create(Dialect.OpenAIChat);
        var kind = tap.Observe("""data: {"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":999}"""u8);

        Assert.Equal(FrameKind.Malformed, kind);
        Assert.Equal(1, tap.MalformedFrames);
        Assert.True(tap.Usage.IsEmpty);
        Assert.False(tap.Delivered);
        Assert.False(tap.Finished);
        Assert.Equal(0, tap.DeliveredBytes);
    }

    [Theory]
    [InlineData("""{"prompt_tokens":-5,"completion_tokens":3}""", null, 3L)]
    [InlineData("""{"prompt_tokens":"7","completion_tokens":3}""", null, 3L)]
    [InlineData("""{"prompt_tokens":7.0,"completion_tokens":3e0}""", 7L, 3L)]
    [InlineData("""{"prompt_tokens":1e400,"completion_tokens":3}""", null, 3L)]
    [InlineData("""{"prompt_tokens":99999999999999999999999,"completion_tokens":3}""", null, 3L)]
    [InlineData("""{"prompt_tokens":{"a":[1]},"completion_tokens":3,"prompt_tokens_details":null}""", null, 3L)]
    public void Figures_that_are_no_counts_are_not_reported(string usage, long? input, long? output)
    {
        var tap = StreamTap.Create(Dialect.OpenAIChat);
        tap.Observe(Encoding.UTF8.GetBytes($$"""data: {"choices":[],"usage":{{usage}}}"""));

        Assert.Equal(input, tap.Usage.Input);
        Assert.Equal(output, tap.Usage.Output);
    }

    [Theory]
    [InlineData("""{"\ud800":1,"choices":[{"delta":{"content":"\ud83d","\udc00":2}}]}""")]
    [InlineData("""{"choices":[{"delta":{"content":"\ud83d\ude00"}}]}""")]
    public void Lone_surrogates_are_text_like_any_other(string json)
    {
        foreach (var dialect in Enum.GetValues<Dialect>())
        {
            var tap = StreamTap.Create(dialect);
            tap.Observe(Encoding.UTF8.GetBytes("data: " + json));
            Assert.Equal(0, tap.MalformedFrames);
        }
    }

    [Fact]
    public void Errors_are_never_counted_as_delivered()
    {
        foreach (var dialect in Enum.GetValues<Dialect>())
        {
            var tap = StreamTap.Create(dialect);
            var kind = tap.Observe("""data: {"type":"error","error":{"type":"api_error","message":"A long text about what went wrong"}}"""u8);

            Assert.Equal(FrameKind.Error, kind);
            Assert.False(tap.Delivered);
            Assert.Equal(0, tap.EstimatedOutput);
            Assert.Equal("A long text about what went wrong", tap.Error!.Message);
        }
    }

    [Fact]
    public void Null_errors_are_no_errors()
    {
        var tap = StreamTap.Create(Dialect.OpenAIChat);

        Assert.Equal(FrameKind.Meaningful, tap.Observe("""data: {"error":null,"choices":[{"delta":{"content":"x"}}]}"""u8));
        Assert.Null(tap.Error);
    }
}
