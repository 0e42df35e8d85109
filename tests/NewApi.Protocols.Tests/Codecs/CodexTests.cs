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

    /// <summary>Tools of two MCP servers, which Codex puts into namespaces, an earlier call of one of them, and a tool of its own.</summary>
    private const string Namespaces =
        """
        {"model":"m","tools":[
           {"type":"namespace","name":"mcp__codegraph","description":"Code","tools":[
             {"type":"function","name":"search","description":"Finds code.","parameters":{"type":"object","properties":{"query":{"type":"string"}}}},
             {"type":"custom","name":"patch"}]},
           {"type":"namespace","name":"mcp__web__","tools":[{"type":"function","name":"search","parameters":{"type":"object","properties":{}}}]},
           {"type":"function","name":"shell","parameters":{"type":"object","properties":{}}}],
         "tool_choice":{"type":"function","namespace":"mcp__web__","name":"search"},
         "input":[
           {"type":"message","role":"user","content":[{"type":"input_text","text":"Find it"}]},
           {"type":"function_call","namespace":"mcp__codegraph","name":"search","arguments":"{}","call_id":"call_1"},
           {"type":"function_call_output","call_id":"call_1","output":"nothing"},
           {"type":"function_call","name":"shell","arguments":"{}","call_id":"call_2"},
           {"type":"function_call_output","call_id":"call_2","output":"nothing"}]}
        """;

    /// <summary>The beginning of every conversation.</summary>
    private const string Chat =
        """
        {"model":"m","instructions":"You are Codex.","input":[
           {"type":"message","role":"developer","content":[{"type":"input_text","text":"Sandbox: on"}]},
           {"type":"message","role":"user","content":[{"type":"input_text","text":"Hi"}]}]}
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

    [Theory]
    [InlineData("deepseek-chat", "system")]
    [InlineData("gpt-4.1", "system")]
    [InlineData("o1-mini", "system")]
    [InlineData("o3", "developer")]
    [InlineData("gpt-5.1-codex", "developer")]
    public void Only_models_that_know_a_developer_hear_of_one(string model, string role)
    {
        var request = JsonNode.Parse(Translate.Request(Dialect.OpenAIResponses, Dialect.OpenAIChat, Chat, model))!;

        Assert.Equal(["system", role, "user"], request["messages"]!.AsArray().Select(message => (string)message!["role"]!));
    }

    [Fact]
    public void Tools_of_its_servers_are_offered_under_names_of_their_own()
    {
        var request = JsonNode.Parse(Translate.Request(Dialect.OpenAIResponses, Dialect.OpenAIChat, Namespaces))!;

        Assert.Equal(["mcp__codegraph__search", "mcp__codegraph__patch", "mcp__web__search", "shell"], OfferedNames(request));
        Assert.Equal("mcp__web__search", (string)request["tool_choice"]!["function"]!["name"]!);
        var calls = request["messages"]!.AsArray().Where(message => message!["tool_calls"] is not null).Select(message => message!["tool_calls"]![0]!);
        Assert.Equal(["mcp__codegraph__search", "shell"], calls.Select(call => (string)call["function"]!["name"]!));
    }

    [Fact]
    public void Result_of_a_server_bears_the_name_of_its_call()
    {
        var request = JsonNode.Parse(Translate.Request(Dialect.OpenAIResponses, Dialect.GeminiContent, Namespaces, "gemini-2.5-pro"))!;

        Assert.Equal("mcp__codegraph__search", (string)request["contents"]![2]!["parts"]![0]!["functionResponse"]!["name"]!);
    }

    [Theory]
    [InlineData("mcp__codegraph__search", "mcp__codegraph", "search")]
    [InlineData("mcp__web__search", "mcp__web__", "search")]
    [InlineData("shell", null, "shell")]
    public void Call_of_a_server_comes_back_with_its_namespace(string offered, string? space, string name)
    {
        var context = ContextOf(Namespaces);
        var answer = $$$"""{"id":"1","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"call_9","type":"function","function":{"name":"{{{offered}}}","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}""";
        var chunk = $$$"""{"id":"1","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_9","type":"function","function":{"name":"{{{offered}}}","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}""";

        var events = Translate.Events(Translate.Stream(Dialect.OpenAIChat, Dialect.OpenAIResponses, $"data: {chunk}\n\ndata: [DONE]\n\n", context));
        var whole = JsonNode.Parse(Translate.Answer(Dialect.OpenAIChat, Dialect.OpenAIResponses, answer, context))!;

        JsonNode[] told =
        [
            .. events.Where(one => (string)one["type"]! is "response.output_item.added" or "response.output_item.done").Select(one => one["item"]!),
            events.Single(one => (string)one["type"]! == "response.function_call_arguments.done"),
            events[^1]["response"]!["output"]![0]!,
            whole["output"]![0]!,
        ];
        Assert.Equal(5, told.Length);
        Assert.All(told, item => Assert.Equal((space, name), ((string?)item["namespace"], (string)item["name"]!)));
        Assert.All(told, item => Assert.Equal(space is not null, item.AsObject().ContainsKey("namespace")));
    }

    [Fact]
    public void Call_of_a_custom_tool_of_a_server_comes_back_as_one_with_its_namespace()
    {
        var answer = """{"candidates":[{"content":{"parts":[{"functionCall":{"name":"mcp__codegraph__patch","args":{"input":"x"}}}]},"finishReason":"STOP"}]}""";
        var context = ContextOf(Namespaces) with { CustomTools = ["mcp__codegraph__patch"] };

        var item = JsonNode.Parse(Translate.Answer(Dialect.GeminiContent, Dialect.OpenAIResponses, answer, context))!["output"]![0]!;

        Assert.Equal(("custom_tool_call", "mcp__codegraph", "patch", "x"), ((string)item["type"]!, (string)item["namespace"]!, (string)item["name"]!, (string)item["input"]!));
    }

    /// <summary>Upstreams take 64 letters, digits, underscores and dashes, and no name twice.</summary>
    [Fact]
    public void Names_on_offer_are_fit_and_unique_and_the_same_in_the_next_turn()
    {
        var body = $$"""
            {"input":"Hi","tools":[
              {"type":"namespace","name":"a","tools":[{"type":"function","name":"b"},{"type":"function","name":"c.d"},{"type":"function","name":"c d"}]},
              {"type":"namespace","name":"7/{{new string('x', 80)}}","tools":[{"type":"function","name":"one"},{"type":"function","name":"two"}]},
              {"type":"function","name":"a__b"}]}
            """;

        var names = OfferedNames(JsonNode.Parse(Translate.Request(Dialect.OpenAIResponses, Dialect.OpenAIChat, body))!);

        Assert.Equal("a__b", names[^1]);
        Assert.Distinct(names);
        Assert.All(names, name => Assert.Matches("^[a-zA-Z_][a-zA-Z0-9_-]{0,63}$", name));
        Assert.Equal(names, OfferedNames(JsonNode.Parse(Translate.Request(Dialect.OpenAIResponses, Dialect.OpenAIChat, body))!));
        Assert.Equal(
            [("a", "b"), ("a", "c.d"), ("a", "c d")],
            names[..3].Select(name => ContextOf(body).Qualified[name]).Select(tool => (tool.Namespace, tool.Name)));
    }

    [Theory]
    [InlineData("""{"type":"allowed_tools","mode":"auto","tools":[{"type":"namespace","name":"mcp__codegraph"}]}""", "mcp__codegraph__search mcp__codegraph__patch")]
    [InlineData("""{"type":"allowed_tools","mode":"auto","tools":[{"type":"function","namespace":"mcp__web__","name":"search"}]}""", "mcp__web__search")]
    [InlineData("""{"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"shell"},{"type":"custom","name":"patch"}]}""", "mcp__codegraph__patch shell")]
    [InlineData("""{"type":"allowed_tools","mode":"auto","tools":[{"type":"function","namespace":"mcp__gone","name":"search"},{"type":"function","name":"shell"}]}""", "shell")]
    public void Choice_among_tools_of_its_servers_is_kept(string choice, string left)
    {
        var body = JsonNode.Parse(Namespaces)!;
        body["tool_choice"] = JsonNode.Parse(choice);

        var request = JsonNode.Parse(Translate.Request(Dialect.OpenAIResponses, Dialect.OpenAIChat, body.ToJsonString()))!;

        Assert.Equal(left, string.Join(' ', OfferedNames(request)));
    }

    private static List<string> OfferedNames(JsonNode request) =>
        [.. request["tools"]!.AsArray().Select(tool => (string)tool!["function"]!["name"]!)];

    /// <summary>What the answer to a request has to know of it.</summary>
    private static ReplyContext ContextOf(string body)
    {
        using var document = System.Text.Json.JsonDocument.Parse(body);
        return Translate.Context with { Qualified = Translations.CodecOf(Dialect.OpenAIResponses).ReadRequest(document.RootElement, "m", stream: false).Qualified };
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
