using System.Text;
using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Tests.Codecs;

/// <summary>The order of events that clients of Responses build their picture of an answer on.</summary>
public sealed class ResponsesEventsTests
{
    public static TheoryData<string> Streams =>
        [.. GoldenFile.Streams().Select(row => row.Data).Where(path => Translations.Dialects.Contains(new GoldenFile(path).Dialect))];

    [Theory, MemberData(nameof(Streams))]
    public void Everything_that_begins_ends_in_turn(string path)
    {
        var golden = new GoldenFile(path);

        var events = Translate.Events(Translate.Stream(golden.Dialect, Dialect.OpenAIResponses, Encoding.UTF8.GetString(golden.Bytes)));

        Assert.Equal(Enumerable.Range(0, events.Count), events.Select(one => (int)one["sequence_number"]!));
        Assert.Equal(["response.created", "response.in_progress"], events.Take(2).Select(Type));
        Assert.Contains(Type(events[^1]), (string[])["response.completed", "response.incomplete"]);
        AssertPairs(events, "response.output_item.added", "response.output_item.done", "output_index");
        AssertPairs(events, "response.content_part.added", "response.content_part.done", "item_id", "content_index");
        AssertPairs(events, "response.reasoning_summary_part.added", "response.reasoning_summary_part.done", "item_id", "summary_index");
        var items = events.Where(one => Type(one) == "response.output_item.done").Select(one => one["item"]!.ToJsonString());
        Assert.Equal(items, events[^1]["response"]!["output"]!.AsArray().Select(item => item!.ToJsonString()));
    }

    [Theory, MemberData(nameof(Streams))]
    public void Pieces_add_up_to_what_the_ends_repeat(string path)
    {
        var golden = new GoldenFile(path);

        var events = Translate.Events(Translate.Stream(golden.Dialect, Dialect.OpenAIResponses, Encoding.UTF8.GetString(golden.Bytes)));

        foreach (var (delta, done, member) in (ReadOnlySpan<(string, string, string)>)[
            ("response.output_text.delta", "response.output_text.done", "text"),
            ("response.refusal.delta", "response.refusal.done", "refusal"),
            ("response.reasoning_summary_text.delta", "response.reasoning_summary_text.done", "text"),
            ("response.function_call_arguments.delta", "response.function_call_arguments.done", "arguments")])
        {
            foreach (var end in events.Where(one => Type(one) == done))
            {
                var pieces = events.Where(one => Type(one) == delta && Same(one, end, "item_id") && Same(one, end, "content_index"));
                Assert.Equal((string)end[member]!, string.Concat(pieces.Select(piece => (string)piece["delta"]!)));
            }
        }
    }

    [Fact]
    public void Refusal_is_a_part_of_its_own()
    {
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        var writer = Translations.CodecOf(Dialect.OpenAIResponses).OpenStream(output, Translate.Context);
        writer.Text(0, "Well"u8);
        writer.Refusal(0, "No"u8);
        writer.Refusal(0, "."u8);
        writer.Finish(0, FinishReason.Stop);
        writer.End(new Usage { Input = 1, Output = 2 });

        var events = Translate.Events(Encoding.UTF8.GetString(output.WrittenSpan));
        var content = events[^1]["response"]!["output"]![0]!["content"]!.AsArray();
        Assert.Equal(["output_text", "refusal"], content.Select(part => (string)part!["type"]!));
        Assert.Equal("No.", (string)content[1]!["refusal"]!);
        Assert.Equal(2, events.Count(one => Type(one) == "response.refusal.delta"));
    }

    [Theory]
    [InlineData("length", "max_output_tokens")]
    [InlineData("content_filter", "content_filter")]
    public void Answer_that_was_cut_short_is_incomplete(string finish, string reason)
    {
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        var writer = Translations.CodecOf(Dialect.OpenAIResponses).OpenStream(output, Translate.Context);
        writer.Text(0, "We"u8);
        writer.Finish(0, new FinishReason(finish));
        writer.End(default);

        var last = Translate.Events(Encoding.UTF8.GetString(output.WrittenSpan))[^1];
        Assert.Equal("response.incomplete", Type(last));
        Assert.Equal(reason, (string)last["response"]!["incomplete_details"]!["reason"]!);
    }

    [Fact]
    public void Arguments_of_parallel_calls_may_come_interleaved()
    {
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        var writer = Translations.CodecOf(Dialect.OpenAIResponses).OpenStream(output, Translate.Context);
        writer.ToolCall(0, 0, "a"u8, "f"u8);
        writer.ToolCall(0, 1, "b"u8, "g"u8);
        writer.ToolArguments(0, 1, "{\"y\":"u8);
        writer.ToolArguments(0, 0, "{\"x\":1}"u8);
        writer.ToolArguments(0, 1, "2}"u8);
        writer.Finish(0, FinishReason.ToolCalls);
        writer.End(default);

        var items = Translate.Events(Encoding.UTF8.GetString(output.WrittenSpan))[^1]["response"]!["output"]!.AsArray();
        Assert.Equal(["a {\"x\":1}", "b {\"y\":2}"], items.Select(item => $"{item!["call_id"]} {item["arguments"]}"));
    }

    [Fact]
    public void Text_allocates_nothing_but_what_must_be_repeated()
    {
        var output = new System.Buffers.ArrayBufferWriter<byte>(1 << 22);
        var writer = Translations.CodecOf(Dialect.OpenAIResponses).OpenStream(output, Translate.Context);
        for (var i = 0; i < 5000; i++)
        {
            writer.Text(0, "word "u8);
        }

        output.ResetWrittenCount();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            writer.Text(0, "word "u8);
        }

        // 5 KB of text, at most doubled once.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200_000);
    }

    private static string Type(JsonNode one) => (string)one["type"]!;

    private static bool Same(JsonNode left, JsonNode right, string member) => left[member]?.ToJsonString() == right[member]?.ToJsonString();

    private static void AssertPairs(List<JsonNode> events, string added, string done, params string[] key)
    {
        string Key(JsonNode one) => string.Join('/', key.Select(member => one[member]!.ToJsonString()));
        var begun = events.Where(one => Type(one) == added).Select(Key).ToList();
        var ended = events.Where(one => Type(one) == done).Select(Key).ToList();
        Assert.Equal(begun.Order(), ended.Order());
        Assert.Equal(begun.Count, begun.Distinct().Count());
        foreach (var one in begun)
        {
            Assert.True(
                events.FindIndex(item => Type(item) == added && Key(item) == one) < events.FindIndex(item => Type(item) == done && Key(item) == one));
        }
    }
}
