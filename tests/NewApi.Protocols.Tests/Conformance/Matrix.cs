using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Protocols.Canonical;
using NewApi.Protocols.Tests.Codecs;

namespace NewApi.Protocols.Tests.Conformance;

/// <summary>What became of an input in another dialect.</summary>
/// <param name="Text">The bytes, as anyone can read them.</param>
/// <param name="Said">What the input says of the feature.</param>
/// <param name="Kept">What the target says of it; null when the request was refused.</param>
internal sealed record Outcome(string Text, string? Said, string? Kept)
{
    public bool Same => Said is not null && Said == Kept;
}

/// <summary>Translates inputs the way the relay does, and reads the result back with the codec of its target.</summary>
internal static class Matrix
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly UpstreamTraits Traits = new() { StreamOptions = true, DefaultMaxTokens = 8192 };

    private static ReplyContext Context => new("req-1", "the-model", 1700000000, null, 10);

    public static Outcome Translate(Input input, Dialect target) => input.Leg switch
    {
        Leg.Request => Request(input, target),
        Leg.Answer => Answer(input, target),
        _ => Stream(input, target, int.MaxValue),
    };

    public static string StreamCut(Input input, Dialect target, int cut) => Stream(input.Bytes, input.Dialect, target, cut);

    private static Outcome Request(Input input, Dialect target)
    {
        using var document = JsonDocument.Parse(input.Bytes);
        var stream = document.RootElement.TryGetProperty("stream", out var asked) && asked.ValueKind == JsonValueKind.True;
        var request = Translations.CodecOf(input.Dialect).ReadRequest(document.RootElement, "the-model", stream);
        var said = input.Feature.Asked!(request);
        var output = new ArrayBufferWriter<byte>();
        try
        {
            Translations.CodecOf(target).WriteRequest(request, output, Traits);
        }
        catch (TranslationException refused)
        {
            return new Outcome($"refused: {refused.Message}\n", said, null);
        }

        using var written = JsonDocument.Parse(output.WrittenMemory);
        var back = Translations.CodecOf(target).ReadRequest(written.RootElement, "the-model", stream);
        return new Outcome(Pretty(output.WrittenSpan), said, input.Feature.Asked(back));
    }

    private static Outcome Answer(Input input, Dialect target)
    {
        var bytes = input.Bytes;
        var reply = Translations.CodecOf(input.Dialect).ReadReply(bytes);
        var output = new ArrayBufferWriter<byte>();
        Translations.CodecOf(target).WriteReply(reply, output, Context);
        var said = input.Feature.Answered!(new Heard(reply, ReplyReader.Read(input.Dialect, bytes).Usage, null));
        var back = Translations.CodecOf(target).ReadReply(output.WrittenMemory);
        var kept = input.Feature.Answered(new Heard(back, ReplyReader.Read(target, output.WrittenSpan).Usage, null));
        return new Outcome(Pretty(output.WrittenSpan), said, kept);
    }

    private static Outcome Stream(Input input, Dialect target, int cut)
    {
        var text = Stream(input.Bytes, input.Dialect, target, cut);
        return new Outcome(
            text, input.Feature.Answered!(Hear(input.Dialect, input.Bytes)), input.Feature.Answered(Hear(target, Encoding.UTF8.GetBytes(text))));
    }

    private static string Stream(byte[] bytes, Dialect upstream, Dialect caller, int cut)
    {
        var output = new ArrayBufferWriter<byte>();
        var translator = new StreamTranslator(upstream, caller, output, Context);
        Told.Frames(bytes, cut, frame =>
        {
            if (translator.Error is not null)
            {
                return;
            }

            translator.Observe(frame.Span);
            if (translator.Error is { } fault)
            {
                translator.Fail(fault);
            }
        });
        translator.End(translator.Usage);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static Heard Hear(Dialect dialect, byte[] stream)
    {
        var collector = new ReplyCollector();
        var reader = Translations.CodecOf(dialect).OpenReader();
        Told.Frames(stream, int.MaxValue, frame => reader.Read(frame.Span, collector));
        return new Heard(collector.Reply, reader.Usage, reader.Error);
    }

    private static string Pretty(ReadOnlySpan<byte> json) => JsonNode.Parse(json)!.ToJsonString(Indented) + "\n";
}
