using System.Buffers;
using System.Text;
using CsCheck;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Tests.Codecs;

/// <summary>Whatever an answer says: written and read again, whole or streamed, it says the same.</summary>
public sealed class ReplyPropertyTests
{
    private static readonly ReplyContext Context = new("20261126rq", "model", 7, null, 11);

    private static readonly Gen<string> Word =
        Gen.Select(Gen.String[Gen.Char['\u0001', '\ud7ff'], 1, 12], Pick.Of("", "🦊", "\"\\\n", "\u0000"), (text, more) => text + more);

    private static readonly Gen<string> Arguments =
        Gen.Select(Word, Gen.Int[0, 9], (text, number) => $"{{\"a\":{System.Text.Json.JsonSerializer.Serialize(text)},\"b\":[{number},null]}}");

    private static readonly Gen<ChatPart> Part = Gen.OneOf<ChatPart>(
        Word.Select(text => (ChatPart)new TextPart(text)),
        Word.Select(text => (ChatPart)new ReasoningPart(text)),
        Gen.Select(Gen.Int[0, 99], Arguments, (id, arguments) => (ChatPart)new ToolCallPart($"call_{id}", "f_" + id, arguments)),
        Gen.Const((ChatPart)new ImagePart(new MediaSource { MimeType = "image/png", Base64 = "iVBORw0KGgo=" })),
        Word.Select(text => (ChatPart)new TextPart(text) { Citations = [new Citation("https://example.com/" + text.Length, "T")] }));

    private static readonly Gen<ChatReply> Reply = Gen.Select(
        Part.List[0, 7], Gen.Int[0, 2], Gen.Long[1, 10_000], Gen.Long[1, 1000], (parts, finish, input, output) =>
        {
            var reply = new ChatReply
            {
                Head = new ReplyHead("id", "m", 9),
                Usage = new Usage { Input = input, Output = output + 3, CacheRead = input / 2, Reasoning = 3 },
            };
            var choice = new ReplyChoice();
            choice.Parts.AddRange(parts);
            choice.Finish = parts.Exists(part => part is ToolCallPart) ? FinishReason.ToolCalls
                : finish == 0 ? FinishReason.Stop : finish == 1 ? FinishReason.Length : FinishReason.ContentFilter;
            reply.Choices.Add(choice);
            return reply;
        });

    [Theory, InlineData(Dialect.GeminiContent), InlineData(Dialect.OpenAIResponses)]
    public void Whole_answer_says_the_same(Dialect dialect) => Reply.Sample(
        reply =>
        {
            var codec = Translations.CodecOf(dialect);
            var output = new ArrayBufferWriter<byte>();
            codec.WriteReply(reply, output, Context);

            Assert.Equal(Say(reply), Say(codec.ReadReply(output.WrittenMemory)));
        },
        iter: 2000);

    [Theory, InlineData(Dialect.GeminiContent), InlineData(Dialect.OpenAIResponses)]
    public void Streamed_answer_says_the_same(Dialect dialect) => Reply.Sample(
        reply =>
        {
            var output = new ArrayBufferWriter<byte>();
            var writer = Translations.CodecOf(dialect).OpenStream(output, Context);
            reply.Replay(writer);
            writer.End(reply.Usage);
            var collector = new ReplyCollector();
            var reader = Translations.CodecOf(dialect).OpenReader();
            Told.Frames(output.WrittenSpan, int.MaxValue, frame => reader.Read(frame.Span, collector));

            Assert.Equal(Say(reply), Say(collector.Reply));
        },
        iter: 2000);

    [Theory, InlineData(Dialect.OpenAIChat), InlineData(Dialect.AnthropicMessages)]
    public void Whole_answer_says_the_same_as_far_as_the_dialect_can(Dialect dialect) => Reply.Sample(
        reply =>
        {
            var codec = Translations.CodecOf(dialect);
            var sayable = Sayable(dialect, reply);
            var output = new ArrayBufferWriter<byte>();
            codec.WriteReply(sayable, output, Context);

            Assert.Equal(Say(sayable), Say(codec.ReadReply(output.WrittenMemory)));
        },
        iter: 2000);

    [Theory, InlineData(Dialect.OpenAIChat), InlineData(Dialect.AnthropicMessages)]
    public void Streamed_answer_says_the_same_as_far_as_the_dialect_can(Dialect dialect) => Reply.Sample(
        reply =>
        {
            var sayable = Sayable(dialect, reply);
            var output = new ArrayBufferWriter<byte>();
            var writer = Translations.CodecOf(dialect).OpenStream(output, Context);
            sayable.Replay(writer);
            writer.End(sayable.Usage);
            var collector = new ReplyCollector();
            var reader = Translations.CodecOf(dialect).OpenReader();
            Told.Frames(output.WrittenSpan, int.MaxValue, frame => reader.Read(frame.Span, collector));

            Assert.Equal(Say(sayable), Say(collector.Reply));
        },
        iter: 2000);

    /// <summary>
    /// OpenAI chat orders an answer: thoughts, text, calls. Neither dialect has images, and Anthropic's content filter is another word. In a
    /// stream the cache is part of the input for one and beside it for the other.
    /// </summary>
    private static ChatReply Sayable(Dialect dialect, ChatReply reply)
    {
        var sayable = new ChatReply { Head = reply.Head, Usage = reply.Usage };
        var choice = new ReplyChoice { Finish = reply.Choices[0].Finish };
        var parts = reply.Choices[0].Parts.Where(part => part is not ImagePart);
        choice.Parts.AddRange(dialect == Dialect.OpenAIChat
            ? parts.OrderBy(part => part is ReasoningPart ? 0 : part is TextPart ? 1 : 2)
            : parts);
        if (dialect == Dialect.AnthropicMessages)
        {
            sayable.Usage = reply.Usage with { Semantics = UsageSemantics.InputExcludesCache };
            choice.Finish = choice.Finish == FinishReason.ContentFilter ? FinishReason.Refusal : choice.Finish;
        }

        sayable.Choices.Add(choice);
        return sayable;
    }

    /// <summary>The answer as text; neighbours of one kind are one, and pages are cited for all of it.</summary>
    private static string Say(ChatReply reply)
    {
        var choice = Assert.Single(reply.Choices);
        var said = new StringBuilder();
        var kind = "";
        foreach (var part in choice.Parts)
        {
            var (next, text) = part switch
            {
                TextPart one => ("text", one.Text),
                ReasoningPart one => ("reasoning", one.Text),
                ToolCallPart call => ($"call {call.Id} {call.Name}", call.Arguments),
                ImagePart image => ("image " + image.Source.MimeType, image.Source.Base64!),
                _ => throw new InvalidOperationException(),
            };
            said.Append(next == kind && part is TextPart or ReasoningPart ? text : $"\n{next}: {text}");
            kind = part is TextPart or ReasoningPart ? next : "";
        }

        var cited = choice.Parts.OfType<TextPart>().SelectMany(part => part.Citations ?? []).Select(page => page.Url).Distinct().Order();
        return $"{said}\n{string.Join(' ', cited)}\n{choice.Finish.Value}\n{reply.Usage.Input} {reply.Usage.Output} {reply.Usage.CacheRead}";
    }
}
