using System.Text;
using NewApi.Domain;
using NewApi.Domain.Tokens;
using NewApi.Protocols;
using NewApi.Testing;

namespace NewApi.Protocols.Tests;

public sealed class RequestScannerTests
{
    private const string Chat = """{"model":"gpt-4o","messages":[{"role":"user","content":"Hi"}]}""";

    public static TheoryData<Dialect, string> Requests => new()
    {
        { Dialect.OpenAIChat, """{"model":"gpt-4o","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":[{"type":"text","text":"Look \u4f60\n"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}]}],"stream":true,"stream_options":{"include_usage":false,"include_obfuscation":true},"max_tokens":10,"max_completion_tokens":20,"n":2,"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"type":"string"}}}}}],"metadata":{"user_id":"u"},"prompt_cache_key":"k","service_tier":"flex","x_unknown":[{"y":1}]}""" },
        { Dialect.OpenAICompletions, """{"model":"m","prompt":["a",[1,2,3]],"suffix":"z","max_tokens":5}""" },
        { Dialect.OpenAIEmbeddings, """{"model":"m","input":[[1,2],[3]]}""" },
        { Dialect.OpenAIResponses, """{"model":"m","instructions":"i","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"abc"},{"type":"input_image","image_url":"data:image/png;base64,AAAA"},{"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,AAAA"}]},{"type":"function_call_output","call_id":"c","output":"ok"}],"max_output_tokens":7,"stream":true}""" },
        { Dialect.AnthropicMessages, """{"model":"claude","max_tokens":64,"system":[{"type":"text","text":"sys","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}},{"type":"document","source":{"type":"text","media_type":"text/plain","data":"doc"}},{"type":"text","text":"q"}]},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{"url":"http"}}]}],"metadata":{"user_id":"me"},"tools":[{"name":"f","input_schema":{"type":"object"}}]}""" },
        { Dialect.GeminiContent, """{"contents":[{"role":"user","parts":[{"text":"hi"},{"inlineData":{"mimeType":"image/png","data":"AAAA"}},{"fileData":{"fileUri":"gs://x","mimeType":"application/pdf"}},{"inline_data":{"data":"AAAA","mime_type":"audio/wav"}}]}],"systemInstruction":{"parts":[{"text":"sys"}]},"generationConfig":{"maxOutputTokens":9,"candidateCount":1},"tools":[{"functionDeclarations":[{"name":"f"},{"name":"g"}]},{"googleSearch":{}}]}""" },
    };

    [Fact]
    public void Chat_request_is_understood()
    {
        var body = Body(0);
        var scan = Scan(0);

        Assert.Null(scan.Fault);
        Assert.Equal("gpt-4o", scan.Model);
        Assert.Equal("\"gpt-4o\"", body.Substring(scan.ModelStart, scan.ModelLength));
        Assert.True(scan.Stream);
        Assert.False(scan.IncludeUsage);
        Assert.Equal(20, scan.MaxOutput);
        Assert.Equal(2, scan.Choices);
        Assert.Equal(2, scan.Messages);
        Assert.Equal(1, scan.Images);
        Assert.Equal(1, scan.Tools);
        Assert.Equal("k", scan.PromptCacheKey);

        // "Be brief." and "Look 你\n", then the tool: names and strings of its schema.
        const string Tool = "typefunctionfunctionnamefparameterstypeobjectpropertiesatypestring";
        Assert.Equal(9 + 9 + Tool.Length, scan.PromptBytes);
    }

    [Fact]
    public void Completion_request_is_understood()
    {
        var scan = Scan(1);

        Assert.Null(scan.Fault);
        Assert.Equal((2, 3, 2, 5L), (scan.PromptBytes, scan.PromptTokenIds, scan.Messages, scan.MaxOutput));
    }

    [Fact]
    public void Embedding_request_is_understood()
    {
        var scan = Scan(2);

        Assert.Null(scan.Fault);
        Assert.Equal((0, 3, 2), (scan.PromptBytes, scan.PromptTokenIds, scan.Messages));
    }

    [Fact]
    public void Responses_request_is_understood()
    {
        var scan = Scan(3);

        Assert.Null(scan.Fault);
        Assert.Equal("i" + "abc" + "a.pdf" + "ok", new string('x', scan.PromptBytes).Replace("xxxxxxxxxxx", "iabca.pdfok"));
        Assert.Equal((1, 1, 2, 7L), (scan.Images, scan.Files, scan.Messages, scan.MaxOutput));
    }

    [Fact]
    public void Anthropic_request_is_understood()
    {
        var scan = Scan(4);

        Assert.Null(scan.Fault);
        Assert.Equal("claude", scan.Model);
        Assert.Equal((1, 1, 2, 64L, "me", 1), (scan.Images, scan.Files, scan.Messages, scan.MaxOutput, scan.MetadataUserId, scan.Tools));
        Assert.Equal("sysdocqfurlhttp".Length + "namefinput_schematypeobject".Length, scan.PromptBytes);
    }

    [Fact]
    public void Gemini_request_is_understood()
    {
        var scan = Scan(5);

        Assert.Null(scan.Fault);
        Assert.Null(scan.Model);
        Assert.Equal(-1, scan.ModelStart);
        Assert.Equal((1, 1, 1, 9L, 1, 1, 3), (scan.Images, scan.Files, scan.Audios, scan.MaxOutput, scan.Choices, scan.Messages, scan.Tools));
    }

    [Theory, MemberData(nameof(Requests))]
    public void Request_truncated_at_any_byte_is_a_fault(Dialect dialect, string body)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        for (var length = 0; length < bytes.Length; length++)
        {
            var fault = RequestScanner.Scan(dialect, bytes.AsSpan(0, length)).Fault;

            Assert.NotNull(fault);
            Assert.Equal((400, "invalid_request", true), (fault.Status, fault.Code, fault.Final));
        }
    }

    [Theory, MemberData(nameof(Requests))]
    public void Request_with_any_byte_replaced_throws_nothing(Dialect dialect, string body)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        foreach (var intruder in "\"\\{}[],:0x\n\u0001"u8.ToArray().Append((byte)0xFF).Append((byte)0xC3))
        {
            for (var at = 0; at < bytes.Length; at++)
            {
                var original = bytes[at];
                bytes[at] = intruder;
                _ = RequestScanner.Scan(dialect, bytes);
                bytes[at] = original;
            }
        }
    }

    [Theory]
    [InlineData("", "The body is not valid JSON (line 1, byte 1).", null)]
    [InlineData("\uFEFF" + Chat, "The body is not valid JSON (line 1, byte 1).", null)]
    [InlineData("{\n \"model\": sk-secret}", "The body is not valid JSON (line 2, byte 11).", null)]
    [InlineData(Chat + "x", "The body is not valid JSON (line 1, byte 63).", null)]
    [InlineData("[]", "The body must be a JSON object.", null)]
    [InlineData("null", "The body must be a JSON object.", null)]
    [InlineData("{}", "field model is required", "model")]
    [InlineData("""{"model":"","messages":[1]}""", "field model is required", "model")]
    [InlineData("""{"model":null,"messages":[1]}""", "model must be a string", "model")]
    [InlineData("""{"model":7,"messages":[1]}""", "model must be a string", "model")]
    [InlineData("""{"model":["a"],"messages":[1]}""", "model must be a string", "model")]
    [InlineData("""{"model":"\ud800\ud800","messages":[1]}""", null, null)]
    [InlineData("""{"model":"a","model":"b","messages":[1]}""", "model is given more than once", "model")]
    [InlineData("""{"model":"a","mod\u0065l":"b","messages":[1]}""", "model is given more than once", "model")]
    [InlineData("""{"model":"a","messages":[1],"stream":true,"stream":false}""", "stream is given more than once", "stream")]
    [InlineData("""{"model":"a"}""", "field messages is required", "messages")]
    [InlineData("""{"model":"a","messages":[]}""", "field messages is required", "messages")]
    [InlineData("""{"model":"a","messages":null}""", "field messages is required", "messages")]
    [InlineData("""{"model":"a","messages":"hi"}""", "messages must be an array", "messages")]
    [InlineData("""{"model":"a","messages":{}}""", "messages must be an array", "messages")]
    [InlineData("""{"model":"a","messages":[1],"stream":"yes"}""", "stream must be true or false", "stream")]
    [InlineData("""{"model":"a","messages":[1],"stream_options":[]}""", "stream_options must be an object", "stream_options")]
    [InlineData("""{"model":"a","messages":[1],"stream_options":{"include_usage":1}}""", "stream_options.include_usage must be true or false", "stream_options.include_usage")]
    [InlineData("""{"model":"a","messages":[1],"n":0}""", "n must be a whole number from 1 to 128", "n")]
    [InlineData("""{"model":"a","messages":[1],"n":129}""", "n must be a whole number from 1 to 128", "n")]
    [InlineData("""{"model":"a","messages":[1],"n":1.5}""", "n must be a whole number from 1 to 128", "n")]
    [InlineData("""{"model":"a","messages":[1],"n":"1"}""", "n must be a whole number from 1 to 128", "n")]
    [InlineData("""{"model":"a","messages":[1],"n":99999999999999999999}""", "n must be a whole number from 1 to 128", "n")]
    [InlineData("""{"model":"a","messages":[1],"n":2e0}""", null, null)]
    [InlineData("""{"model":"a","messages":[1],"n":null,"max_tokens":null,"stream":null,"stream_options":null}""", null, null)]
    [InlineData("""{"model":"a","messages":[1],"max_tokens":1073741824}""", null, null)]
    [InlineData("""{"model":"a","messages":[1],"max_tokens":1073741825}""", "max_tokens must not be larger than 1073741824", "max_tokens")]
    [InlineData("""{"model":"a","messages":[1],"max_tokens":1e400}""", "max_tokens must not be larger than 1073741824", "max_tokens")]
    [InlineData("""{"model":"a","messages":[1],"max_completion_tokens":9223372036854775808}""", "max_completion_tokens must not be larger than 1073741824", "max_completion_tokens")]
    [InlineData("""{"model":"a","messages":[1],"max_tokens":"5"}""", "max_tokens must be a number", "max_tokens")]
    [InlineData("""{"model":"a","messages":[1],"max_tokens":-1}""", null, null)]
    public void Chat_request_is_refused_with_a_reason(string body, string? message, string? param)
    {
        var fault = RequestScanner.Scan(Dialect.OpenAIChat, Encoding.UTF8.GetBytes(body)).Fault;

        Assert.Equal(message, fault?.Message);
        Assert.Equal(param, fault?.Param);
    }

    [Theory]
    [InlineData(Dialect.OpenAICompletions, """{"model":"a"}""", "field prompt is required")]
    [InlineData(Dialect.OpenAICompletions, """{"model":"a","prompt":{}}""", "prompt must be a string or an array")]
    [InlineData(Dialect.OpenAIEmbeddings, """{"model":"a"}""", "field input is required")]
    [InlineData(Dialect.OpenAIEmbeddings, """{"model":"a","input":""}""", null)]
    [InlineData(Dialect.OpenAIResponses, """{"model":"a","input":[]}""", "field input is required")]
    [InlineData(Dialect.OpenAIResponses, """{"model":"a","prompt":{"id":"pmpt_1"}}""", null)]
    [InlineData(Dialect.AnthropicMessages, """{"model":"a","messages":[]}""", "field messages is required")]
    [InlineData(Dialect.AnthropicMessages, """{"messages":[1]}""", "field model is required")]
    [InlineData(Dialect.GeminiContent, """{}""", "field contents is required")]
    [InlineData(Dialect.GeminiContent, """{"contents":[]}""", "field contents is required")]
    [InlineData(Dialect.GeminiContent, """{"requests":[{"content":{"parts":[{"text":"a"}]}}]}""", null)]
    [InlineData(Dialect.GeminiContent, """{"contents":[1],"generationConfig":{"candidateCount":999}}""", "generationConfig.candidateCount must be a whole number from 1 to 128")]
    [InlineData(Dialect.GeminiContent, """{"contents":[1],"generationConfig":{"maxOutputTokens":2e9}}""", "generationConfig.maxOutputTokens must not be larger than 1073741824")]
    public void Each_dialect_demands_its_own(Dialect dialect, string body, string? message)
    {
        Assert.Equal(message, RequestScanner.Scan(dialect, Encoding.UTF8.GetBytes(body)).Fault?.Message);
    }

    [Fact]
    public void Deep_nesting_is_a_fault_not_a_crash()
    {
        foreach (var depth in (int[])[100, 126, 127, 128, 129, 100_000])
        {
            var body = $$"""{"model":"a","messages":[{"content":{{new string('[', depth)}}{{new string(']', depth)}}}]}""";

            var fault = RequestScanner.Scan(Dialect.OpenAIChat, Encoding.UTF8.GetBytes(body)).Fault;

            Assert.Equal(depth + 3 > RequestScanner.MaxDepth, fault is not null);
        }
    }

    [Fact]
    public void Huge_numbers_and_strange_text_pass_through()
    {
        var body = $$"""{"model":"a","messages":[{"content":"\ud800 \udfff\u0000"}],"temperature":{{new string('9', 5000)}},"seed":1e9999,"x":"{{"\\u0041"}}"}""";

        var scan = RequestScanner.Scan(Dialect.OpenAIChat, Encoding.UTF8.GetBytes(body));

        Assert.Null(scan.Fault);
        Assert.Equal(3 + 1 + 3 + 1, scan.PromptBytes);
    }

    [Fact]
    public void Fault_never_repeats_the_body()
    {
        foreach (var body in (string[])["{\"model\":\"a\",\"messages\":[\"topsecret", "{\"topsecret\":topsecret}", "topsecret"])
        {
            var fault = RequestScanner.Scan(Dialect.OpenAIChat, Encoding.UTF8.GetBytes(body)).Fault;

            Assert.DoesNotContain("topsecret", fault!.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Scan_allocates_itself_and_the_model_only()
    {
        var body = Encoding.UTF8.GetBytes("{\"model\":\"gpt-4o\",\"messages\":["
            + string.Join(',', Enumerable.Repeat("{\"role\":\"user\",\"content\":\"line\\none \\u4f60\"}", 500)) + "]}");
        var scan = RequestScanner.Scan(Dialect.OpenAIChat, body);

        Assert.InRange(Allocations.Of(() => scan = RequestScanner.Scan(Dialect.OpenAIChat, body)), 1, 512);
        Assert.Equal(500, scan.Messages);
        Assert.Equal(500 * 12, scan.PromptBytes);
    }

    [Fact]
    public void Prompt_is_told_text_by_text()
    {
        Assert.Equal(["Hi"], Told.Of(Dialect.OpenAIChat, Chat).Texts);
        Assert.Empty(Told.Of(Dialect.OpenAIEmbeddings, """{"model":"m","input":[1,2,3]}""").Texts);
        Assert.Equal(
            ["S", "f", "does", "type", "object", "a\nb"],
            Told.Of(
                Dialect.AnthropicMessages,
                """{"model":"m","system":"S","tools":[{"name":"f","description":"does","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"a\nb"}]}""")
                .Texts.Except(["name", "description", "input_schema"]));
    }

    [Fact]
    public void Only_participants_have_names()
    {
        var told = Told.Of(
            Dialect.OpenAIChat,
            """{"model":"m","messages":[{"role":"user","name":"ann","content":"x"},{"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]}]}""");

        Assert.Equal(["ann", "x", "f", "{}"], told.Texts);
        Assert.Equal(1, told.Names);
    }

    [Theory]
    [InlineData(Dialect.OpenAIChat, """{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"detail":"low","url":"data:image\/png;base64,AAAA"}}]}]}""", "low data:image/png;base64,AAAA |")]
    [InlineData(Dialect.OpenAIResponses, """{"model":"m","input":[{"role":"user","content":[{"type":"input_image","image_url":"https://e.com/a.png","detail":"high"},{"type":"input_text","text":"x"}]}]}""", "https://e.com/a.png high |")]
    [InlineData(Dialect.AnthropicMessages, """{"model":"m","messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]}]}""", "AAAA |")]
    [InlineData(Dialect.GeminiContent, """{"contents":[{"parts":[{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]}]}""", "AAAA |")]
    public void Pictures_of_a_prompt_are_told_part_by_part(Dialect dialect, string body, string expected) =>
        Assert.StartsWith(expected, Told.Of(dialect, body).Pictures, StringComparison.Ordinal);

    private static string Body(int index) => Requests.ElementAt(index).Data.Item2;

    private static RequestScan Scan(int index)
    {
        var (dialect, body) = Requests.ElementAt(index).Data;
        return RequestScanner.Scan(dialect, Encoding.UTF8.GetBytes(body));
    }

    private sealed class Told : TextTally
    {
        public List<string> Texts { get; } = [];

        public int Names { get; private set; }

        public string Pictures { get; private set; } = "";

        public static Told Of(Dialect dialect, string body)
        {
            var told = new Told();
            RequestScanner.ReadPrompt(dialect, Encoding.UTF8.GetBytes(body), told);
            return told;
        }

        public override void Text(ReadOnlySpan<byte> utf8) => Texts.Add(Encoding.UTF8.GetString(utf8));

        public override void Name() => Names++;

        public override void Picture(ReadOnlySpan<byte> source) => Pictures += Encoding.UTF8.GetString(source) + " ";

        public override void Detail(ReadOnlySpan<byte> detail) => Pictures += Encoding.UTF8.GetString(detail) + " ";

        public override void PartEnded() => Pictures += "|";
    }
}
