using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Domain.Options;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Tests.Codecs;

/// <summary>The way of a call through the canonical model, in short.</summary>
internal static class Translate
{
    public static ReplyContext Context { get; } = new("rq1", "model", 7, null, 11);

    public static GeminiSettings Gemini(params (string Key, string Value)[] options) =>
        GatewayOptions.Parse(options.ToDictionary(option => option.Key, option => option.Value), out _).Gemini;

    /// <summary>What an upstream receives of a caller's request.</summary>
    public static string Request(Dialect caller, Dialect upstream, string body, string model = "m", UpstreamTraits traits = default, bool stream = false)
    {
        using var document = JsonDocument.Parse(body);
        var request = Translations.CodecOf(caller).ReadRequest(document.RootElement, model, stream);
        var output = new ArrayBufferWriter<byte>();
        Translations.CodecOf(upstream).WriteRequest(request, output, traits);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    /// <summary>What a caller receives of an upstream's stream.</summary>
    public static string Stream(Dialect upstream, Dialect caller, string frames, ReplyContext? context = null)
    {
        var output = new ArrayBufferWriter<byte>();
        var translator = new StreamTranslator(upstream, caller, output, context ?? Context);
        var collector = new ReplyCollector();
        var reader = Translations.CodecOf(upstream).OpenReader();
        Told.Frames(Encoding.UTF8.GetBytes(frames), int.MaxValue, frame =>
        {
            translator.Observe(frame.Span);
            reader.Read(frame.Span, collector);
        });
        translator.End(collector.Reply.Usage);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    /// <summary>What a caller receives of an upstream's whole answer.</summary>
    public static string Answer(Dialect upstream, Dialect caller, string body, ReplyContext? context = null)
    {
        var output = new ArrayBufferWriter<byte>();
        Translations.CodecOf(caller).WriteReply(Translations.CodecOf(upstream).ReadReply(Encoding.UTF8.GetBytes(body)), output, context ?? Context);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    /// <summary>The documents of a stream's frames.</summary>
    public static List<JsonNode> Events(string stream) =>
        [.. stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)
            .Select(frame => frame[(frame.IndexOf("data: ", StringComparison.Ordinal) + 6)..])
            .Where(data => data != "[DONE]")
            .Select(data => JsonNode.Parse(data)!)];

    public static void AssertJson(string expected, string actual)
    {
        if (!JsonNode.DeepEquals(JsonNode.Parse(expected), JsonNode.Parse(actual)))
        {
            Assert.Equal(JsonNode.Parse(expected)!.ToJsonString(), JsonNode.Parse(actual)!.ToJsonString());
        }
    }
}
