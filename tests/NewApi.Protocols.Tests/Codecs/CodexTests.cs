using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Tests.Codecs;

/// <summary>What Codex needs of a gateway that serves it models of other providers: it speaks Responses, keeps its own history, and runs its own tools.</summary>
public sealed class CodexTests
{
    /// <summary>The shape of its requests: stateless, with thoughts to be given back, tools of all kinds.</summary>
    private const string Turn =
        """
        {"model":"m","instructions":"You are Codex.","store":false,"stream":true,"include":["reasoning.encrypted_content"],
         "tool_choice":"auto","parallel_tool_calls":true,"prompt_cache_key":"7f","reasoning":{"effort":"medium","summary":"auto"},
         "tools":[
           {"type":"function","name":"shell","description":"Runs a command.","strict":false,"parameters":{"type":"object","properties":{"command":{"type":"array","items":{"type":"string"}}},"required":["command"],"additionalProperties":false}},
           {"type":"custom","name":"apply_patch","description":"Edits files.","format":{"type":"grammar","syntax":"lark","definition":"start: patch"}},
           {"type":"web_search","external_web_access":false}],
         "input":[
           {"type":"message","role":"developer","content":[{"type":"input_text","text":"Sandbox: on"}]},
           {"type":"message","role":"user","content":[{"type":"input_text","text":"Fix it"},{"type":"input_image","image_url":"data:image/png;base64,AAAA"}]},
           {"type":"reasoning","summary":[{"type":"summary_text","text":"Look"}],"encrypted_content":"gAAAA"},
           {"type":"function_call","name":"shell","arguments":"{\"command\":[\"ls\"]}","call_id":"call_1"},
           {"type":"function_call","name":"shell","arguments":"{\"command\":[\"pwd\"]}","call_id":"call_2"},
           {"type":"function_call_output","call_id":"call_1","output":"a.txt"},
           {"type":"function_call_output","call_id":"call_2","output":"/src"},
           {"type":"custom_tool_call","name":"apply_patch","input":"*** Begin Patch\n*** End Patch","call_id":"call_3"},
           {"type":"custom_tool_call_output","call_id":"call_3","output":"Done"}]}
        """;

    private static readonly ReplyContext Context = Translate.Context with { CustomTools = ["apply_patch"] };

    [Fact]
    public void Its_turn_reaches_Gemini_whole()
    {
        var request = JsonNode.Parse(Translate.Request(Dialect.OpenAIResponses, Dialect.GeminiContent, Turn, "gemini-2.5-pro"))!;

        Assert.Equal("You are Codex.\nSandbox: on", (string)request["systemInstruction"]!["parts"]![0]!["text"]!);
        var contents = request["contents"]!.AsArray();
        Assert.Equal(["user", "model", "user", "model", "user"], contents.Select(content => (string)content!["role"]!));
        Translate.AssertJson("""{"command":["ls"]}""", contents[1]!["parts"]![0]!["functionCall"]!["args"]!.ToJsonString());
        Assert.Equal("shell", (string)contents[2]!["parts"]![1]!["functionResponse"]!["name"]!);
        Translate.AssertJson("""{"content":"/src"}""", contents[2]!["parts"]![1]!["functionResponse"]!["response"]!.ToJsonString());
        Translate.AssertJson("""{"input":"*** Begin Patch\n*** End Patch"}""", contents[3]!["parts"]![0]!["functionCall"]!["args"]!.ToJsonString());
        Assert.DoesNotContain("additionalProperties", request.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain("gAAAA", request.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Custom_tool_is_offered_as_a_function_with_its_grammar()
    {
        var request = JsonNode.Parse(Translate.Request(Dialect.OpenAIResponses, Dialect.GeminiContent, Turn, "gemini-2.5-pro"))!;

        var patch = request["tools"]![0]!["functionDeclarations"]![1]!;
        Assert.Equal("apply_patch", (string)patch["name"]!);
        Assert.Contains("start: patch", (string)patch["description"]!, StringComparison.Ordinal);
        Assert.Equal("string", (string)patch["parameters"]!["properties"]!["input"]!["type"]!);
    }

    [Fact]
    public void Call_of_a_custom_tool_comes_back_as_one()
    {
        var events = Translate.Events(Translate.Stream(
            Dialect.GeminiContent,
            Dialect.OpenAIResponses,
            """
            data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"apply_patch","args":{"input":"*** Begin \"Patch\"\n"}}}]},"finishReason":"STOP"}]}


            """,
            Context));

        var item = events.Single(one => (string?)one["type"] == "response.output_item.done")["item"]!;
        Assert.Equal("custom_tool_call", (string)item["type"]!);
        Assert.Equal("*** Begin \"Patch\"\n", (string)item["input"]!);
        Assert.Equal("*** Begin \"Patch\"\n", (string)events.Single(one => (string?)one["type"] == "response.custom_tool_call_input.done")["input"]!);
    }

    [Fact]
    public void Its_own_upstream_gets_custom_tools_as_what_they_are()
    {
        var request = JsonNode.Parse(Translate.Request(Dialect.OpenAIResponses, Dialect.OpenAIResponses, Turn, "gpt-5"))!;

        Assert.Contains(request["tools"]!.AsArray(), tool => (string?)tool!["type"] == "custom");
        Assert.Contains(request["input"]!.AsArray(), item => (string?)item!["type"] == "custom_tool_call");
        Assert.Contains(request["input"]!.AsArray(), item => (string?)item!["type"] == "custom_tool_call_output");
        Assert.Contains(request["input"]!.AsArray(), item => (string?)item!["encrypted_content"] == "gAAAA");
        Assert.False((bool)request["store"]!);
    }

    /// <summary>It takes finished items for its history, and the usage from the end; without the end it tries again.</summary>
    [Fact]
    public void Parallel_calls_end_as_items_of_their_own_before_the_response_completes()
    {
        var events = Translate.Events(Translate.Stream(
            Dialect.GeminiContent,
            Dialect.OpenAIResponses,
            """
            data: {"candidates":[{"content":{"parts":[{"text":"On it."},{"functionCall":{"name":"shell","args":{"command":["ls"]}}},{"functionCall":{"name":"shell","args":{"command":["pwd"]}}}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":2,"cachedContentTokenCount":4}}


            """));

        var done = events.Where(one => (string?)one["type"] == "response.output_item.done").Select(one => one["item"]!).ToList();
        Assert.Equal(["message", "function_call", "function_call"], done.Select(item => (string)item["type"]!));
        Assert.Equal(2, done.Skip(1).Select(item => (string)item["call_id"]!).Distinct().Count());
        Translate.AssertJson("""{"command":["pwd"]}""", (string)done[2]["arguments"]!);
        Assert.Equal("response.completed", (string)events[^1]["type"]!);
        Assert.Equal(4, (int)events[^1]["response"]!["usage"]!["input_tokens_details"]!["cached_tokens"]!);
    }

    [Theory]
    [InlineData("""{"input":"Hi","previous_response_id":"resp_1"}""", "previous_response_id")]
    [InlineData("""{"input":"Hi","conversation":"conv_1"}""", "conversation")]
    [InlineData("""{"input":"Hi","background":true}""", "background")]
    [InlineData("""{"input":"Hi","prompt":{"id":"pmpt_1"}}""", "prompt")]
    [InlineData("""{"input":[{"type":"item_reference","id":"msg_1"}]}""", "item_reference")]
    [InlineData("""{"input":[{"type":"local_shell_call","call_id":"1"}]}""", "local_shell_call")]
    public void What_only_OpenAI_can_do_is_refused_by_name(string body, string named)
    {
        var fault = Assert.Throws<TranslationException>(() => Translate.Request(Dialect.OpenAIResponses, Dialect.GeminiContent, body)).ToFault();

        Assert.Equal(400, fault.Status);
        Assert.Contains(named, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Local_shell_is_refused_by_a_provider_without_one()
    {
        var fault = Assert.Throws<TranslationException>(() => Translate.Request(
            Dialect.OpenAIResponses, Dialect.GeminiContent, """{"input":"Hi","tools":[{"type":"local_shell"}]}"""));

        Assert.Contains("local_shell", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Broken_stream_ends_with_the_event_it_waits_for()
    {
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        var translator = new StreamTranslator(Dialect.GeminiContent, Dialect.OpenAIResponses, output, Context);
        translator.Observe("""data: {"candidates":[{"content":{"parts":[{"text":"Hal"}]}}]}"""u8);
        translator.Fail(new RelayFault(502, "bad_response_body", "The upstream broke the stream off."));
        translator.End(default);

        var events = Translate.Events(System.Text.Encoding.UTF8.GetString(output.WrittenSpan));
        Assert.Equal(["error", "response.failed"], events.TakeLast(2).Select(one => (string)one["type"]!));
        Assert.Equal("bad_response_body", (string)events[^1]["response"]!["error"]!["code"]!);
        Assert.Equal(Enumerable.Range(0, events.Count), events.Select(one => (int)one["sequence_number"]!));
    }
}
