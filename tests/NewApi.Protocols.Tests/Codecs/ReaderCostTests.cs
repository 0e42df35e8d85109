using System.Text;
using NewApi.Domain;
using NewApi.Protocols.Canonical;
using NewApi.Testing;

namespace NewApi.Protocols.Tests.Codecs;

/// <summary>Streams are the bulk of a gateway's work: text passes from one dialect to another without being allocated on the way.</summary>
public sealed class ReaderCostTests
{
    [Theory]
    [InlineData(Dialect.GeminiContent, """{"candidates":[{"content":{"parts":[{"text":"a\nb"}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":8,"totalTokenCount":8},"modelVersion":"m"}""")]
    [InlineData(Dialect.OpenAIResponses, """{"type":"response.output_text.delta","sequence_number":4,"item_id":"m","output_index":0,"content_index":0,"delta":"a\nb"}""")]
    public void Reading_text_allocates_nothing(Dialect dialect, string json)
    {
        var reader = Translations.CodecOf(dialect).OpenReader();
        var sink = new Counting();
        var frame = Encoding.UTF8.GetBytes($"data: {json}\n\n");
        var frames = 0;

        var allocated = Allocations.Of(() =>
        {
            for (var i = 0; i < 1000; i++, frames++)
            {
                reader.Read(frame, sink);
            }
        });

        Assert.Equal(0, allocated);
        Assert.Equal(3 * frames, sink.Bytes);
    }

    [Fact]
    public void Writing_text_for_a_Gemini_caller_allocates_nothing()
    {
        var output = new System.Buffers.ArrayBufferWriter<byte>(1 << 20);
        var writer = Translations.CodecOf(Dialect.GeminiContent).OpenStream(output, Translate.Context);

        var allocated = Allocations.Of(() =>
        {
            output.ResetWrittenCount();
            for (var i = 0; i < 1000; i++)
            {
                writer.Text(0, "a\nb"u8);
            }
        });

        Assert.Equal(0, allocated);
        Assert.InRange(output.WrittenCount, 1000, output.Capacity);
    }

    private sealed class Counting : ReplySink
    {
        public long Bytes { get; private set; }

        public override void Text(int choice, ReadOnlySpan<byte> utf8) => Bytes += utf8.Length;

        public override void Reasoning(int choice, ReadOnlySpan<byte> utf8)
        {
        }

        public override void ToolCall(int choice, int call, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name)
        {
        }

        public override void ToolArguments(int choice, int call, ReadOnlySpan<byte> json)
        {
        }

        public override void Finish(int choice, FinishReason reason)
        {
        }
    }
}
