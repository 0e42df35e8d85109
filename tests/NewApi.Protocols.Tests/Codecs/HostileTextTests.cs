using System.Buffers;
using System.Text;
using System.Text.Json;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Tests.Codecs;

/// <summary>Text that is no Unicode, in every place where a request or an answer has text: an error of the caller's or U+FFFD, and never a crash.</summary>
public sealed class HostileTextTests
{
    private static readonly Dictionary<Dialect, string> Requests = new()
    {
        [Dialect.OpenAIResponses] =
            """
            {"instructions":"a","input":[{"role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_image","image_url":"https://e.com/a.png","detail":"low"},{"type":"input_file","filename":"a.pdf","file_data":"AAAA"}]},
             {"type":"reasoning","id":"r","summary":[{"type":"summary_text","text":"a"}],"encrypted_content":"b"},
             {"type":"function_call","call_id":"1","name":"f","arguments":"{\"a\":1}"},{"type":"function_call_output","call_id":"1","output":"a"},
             {"type":"custom_tool_call","call_id":"2","name":"p","input":"a"},
             {"type":"function_call","call_id":"3","namespace":"n","name":"g","arguments":"{}"}],
             "tools":[{"type":"function","name":"f","description":"d","parameters":{"type":"object","properties":{"a":{"type":"string","description":"d"}},"required":["a"]}},{"type":"custom","name":"p","format":{"syntax":"lark","definition":"x"}},
               {"type":"namespace","name":"n","tools":[{"type":"function","name":"g","strict":true,"parameters":{"type":"object","properties":{"a":{"type":"string","format":"date"},"b":{"$ref":"#/$defs/c"}},"required":["a"],"$defs":{"c":{"type":"string","pattern":"x"}}}}]}],
             "tool_choice":{"type":"function","name":"f"},"text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object","title":"t"}}},"reasoning":{"effort":"low","summary":"auto"},"user":"u"}
            """,
        [Dialect.GeminiContent] =
            """
            {"systemInstruction":{"parts":[{"text":"a"}]},"contents":[{"role":"user","parts":[{"text":"a"},{"inlineData":{"mimeType":"image/png","data":"AAAA"}},{"fileData":{"mimeType":"a/b","fileUri":"https://e.com"}}]},
             {"role":"model","parts":[{"text":"a","thought":true,"thoughtSignature":"c2ln"},{"functionCall":{"id":"1","name":"f","args":{"a":"b"}},"thoughtSignature":"c2ln"},{"executableCode":{"language":"PYTHON","code":"x"}}]},
             {"role":"user","parts":[{"functionResponse":{"name":"f","response":{"output":"a"}}}]}],
             "tools":[{"functionDeclarations":[{"name":"f","description":"d","parameters":{"type":"OBJECT","properties":{"a":{"type":"STRING","description":"d"}}}}]}],
             "toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}},"generationConfig":{"stopSequences":["s"],"responseMimeType":"application/json","responseSchema":{"type":"OBJECT","title":"t"},"thinkingConfig":{"thinkingLevel":"low"}}}
            """,
    };

    private static readonly Dictionary<Dialect, string> Answers = new()
    {
        [Dialect.OpenAIResponses] =
            """
            {"id":"resp_1","object":"response","model":"m","status":"completed","output":[
              {"type":"reasoning","id":"r","summary":[{"type":"summary_text","text":"a"}],"encrypted_content":"b"},
              {"type":"message","content":[{"type":"output_text","text":"a","annotations":[{"type":"url_citation","url":"https://e.com","title":"t"}]},{"type":"refusal","refusal":"n"}]},
              {"type":"function_call","call_id":"1","name":"f","arguments":"{}"},{"type":"custom_tool_call","call_id":"2","name":"p","input":"a"},
              {"type":"image_generation_call","result":"AAAA","output_format":"png"}],"usage":{"input_tokens":1,"output_tokens":1}}
            """,
        [Dialect.GeminiContent] =
            """
            {"candidates":[{"content":{"parts":[{"text":"a","thought":true,"thoughtSignature":"s"},{"text":"b"},{"functionCall":{"id":"1","name":"f","args":{"a":"b"}},"thoughtSignature":"s"},
              {"functionCall":{"name":"p","args":{"input":"b"}}},{"inlineData":{"mimeType":"image/png","data":"AAAA"}},{"executableCode":{"language":"PYTHON","code":"x"}}],"role":"model"},
              "finishReason":"STOP","groundingMetadata":{"groundingChunks":[{"web":{"uri":"https://e.com","title":"t"}}]}}],"modelVersion":"m","responseId":"r","usageMetadata":{"promptTokenCount":1}}
            """,
    };

    public static TheoryData<Dialect, Dialect> Pairs => [.. from one in Requests.Keys from other in Requests.Keys select (one, other)];

    public static TheoryData<Dialect, Dialect> Asked => [.. Pairs, .. from one in Requests.Keys select (one, Dialect.AnthropicMessages)];

    [Theory, MemberData(nameof(Asked))]
    public void Request_is_translated_or_refused(Dialect caller, Dialect upstream)
    {
        foreach (var body in Spoil(Requests[caller]))
        {
            try
            {
                using var document = JsonDocument.Parse(body);
                var request = Translations.CodecOf(caller).ReadRequest(document.RootElement, "gemini-3-flash", stream: true);
                Translations.CodecOf(upstream).WriteRequest(request, new ArrayBufferWriter<byte>(), default);
            }
            catch (TranslationException)
            {
                // The caller's fault, and told so.
            }
        }
    }

    [Theory, MemberData(nameof(Pairs))]
    public void Answer_is_told_in_valid_bytes(Dialect upstream, Dialect caller)
    {
        var context = Translate.Context with { CustomTools = ["p"] };
        foreach (var body in Spoil(Answers[upstream]))
        {
            var frames = upstream == Dialect.OpenAIResponses
                ? [.. "data: {\"type\":\"response.completed\",\"response\":"u8, .. body, .. "}\n\n"u8]
                : (byte[])[.. "data: "u8, .. body, .. "\n\n"u8];
            var stream = new ArrayBufferWriter<byte>();
            var translator = new StreamTranslator(upstream, caller, stream, context);
            translator.Observe(OneLine(frames));
            translator.End(default);
            Assert.True(System.Text.Unicode.Utf8.IsValid(stream.WrittenSpan));
            Translate.Events(Encoding.UTF8.GetString(stream.WrittenSpan));

            var whole = new ArrayBufferWriter<byte>();
            Translations.CodecOf(caller).WriteReply(Translations.CodecOf(upstream).ReadReply(body), whole, context);
            Assert.True(System.Text.Unicode.Utf8.IsValid(whole.WrittenSpan));
            JsonDocument.Parse(whole.WrittenMemory).Dispose();
        }
    }

    /// <summary>The document once for each of its texts, with half a surrogate, or a byte that is no UTF-8, in it.</summary>
    private static IEnumerable<byte[]> Spoil(string json)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        for (var at = 1; at < bytes.Length; at++)
        {
            // Behind the opening quote of a value.
            if (bytes[at] == (byte)'"' && bytes[at - 1] is (byte)':' or (byte)'[' or (byte)',' && bytes.AsSpan(at + 1).IndexOf("\":"u8) is var name
                && (name < 0 || bytes.AsSpan(at + 1, name).IndexOf((byte)'"') >= 0))
            {
                yield return [.. bytes[..(at + 1)], .. "\\ud800"u8, .. bytes[(at + 1)..]];
                yield return [.. bytes[..(at + 1)], 0xFF, .. bytes[(at + 1)..]];
            }
        }
    }

    private static byte[] OneLine(byte[] frame) => [.. frame[..^2].Where(one => one != (byte)'\n'), (byte)'\n', (byte)'\n'];
}
