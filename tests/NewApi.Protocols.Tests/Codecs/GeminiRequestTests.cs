using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Tests.Codecs;

/// <summary>Requests as Gemini receives them, row by row (specification: relay §5.4).</summary>
public sealed class GeminiRequestTests
{
    [Fact]
    public void System_texts_are_joined_by_newline_and_blank_ones_dropped()
    {
        var request = Chat(
            new ChatMessage(ChatRole.System, [new TextPart("A")]),
            new ChatMessage(ChatRole.Developer, [new TextPart(" ")]),
            new ChatMessage(ChatRole.User, [new TextPart("Hi")]),
            new ChatMessage(ChatRole.Developer, [new TextPart("B")]));

        Assert.Equal("A\nB", (string)Write(request)["systemInstruction"]!["parts"]![0]!["text"]!);
    }

    [Fact]
    public void Instructions_alone_are_a_turn_to_answer()
    {
        var json = Write(Chat(new ChatMessage(ChatRole.System, [new TextPart("A")])));

        Assert.Null(json["systemInstruction"]);
        Assert.Equal("A", (string)json["contents"]![0]!["parts"]![0]!["text"]!);
    }

    [Theory]
    [InlineData("""{"a":1}""", """{"a":1}""")]
    [InlineData("""[1,2]""", """{"result":[1,2]}""")]
    [InlineData("""plain""", """{"content":"plain"}""")]
    [InlineData("""{broken""", """{"content":"{broken"}""")]
    public void Result_is_an_object(string text, string expected)
    {
        var request = Chat(
            new ChatMessage(ChatRole.Assistant, [new ToolCallPart("1", "f", "")]),
            new ChatMessage(ChatRole.Tool, [new ToolResultPart("1", [new TextPart(text)])]));

        var response = Write(request)["contents"]![1]!["parts"]![0]!["functionResponse"]!;

        Assert.Equal("f", (string)response["name"]!);
        Translate.AssertJson(expected, response["response"]!.ToJsonString());
    }

    [Fact]
    public void Results_and_the_text_after_them_are_one_turn()
    {
        var request = Chat(
            new ChatMessage(ChatRole.Assistant, [new ToolCallPart("1", "f", "{}"), new ToolCallPart("2", "g", "{}")]),
            new ChatMessage(ChatRole.Tool, [new ToolResultPart("1", [new TextPart("x")])]),
            new ChatMessage(ChatRole.Tool, [new ToolResultPart("2", [new TextPart("y"), new ImagePart(new MediaSource { Base64 = "AAAA", MimeType = "image/png" })])]),
            new ChatMessage(ChatRole.User, [new TextPart("So?")]));

        var contents = Write(request)["contents"]!.AsArray();

        Assert.Equal(2, contents.Count);
        Assert.Equal(
            ["functionResponse", "functionResponse", "inlineData", "text"],
            contents[1]!["parts"]!.AsArray().Select(part => part!.AsObject().First().Key));
    }

    [Fact]
    public void Arguments_that_are_no_object_are_an_error()
    {
        var request = Chat(new ChatMessage(ChatRole.Assistant, [new ToolCallPart("1", "f", "{broken")]));

        Assert.Contains("'f'", Assert.Throws<TranslationException>(() => Write(request)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_by_id_and_unknown_media_are_errors()
    {
        Assert.Throws<TranslationException>(() => Write(Chat(new ChatMessage(ChatRole.User, [new FilePart(new MediaSource { FileId = "file-1" })]))));
        Assert.Throws<TranslationException>(() => Write(Chat(new ChatMessage(
            ChatRole.User, [new FilePart(new MediaSource { Base64 = "AAAA", MimeType = "application/zip" })]))));
    }

    [Theory]
    [InlineData("iVBORw0KGgoAAAA", null, "image/png")]
    [InlineData("/9j/4AAQ", null, "image/jpeg")]
    [InlineData("UklGRiQAAABXRUJQVlA4", null, "image/webp")]
    [InlineData("AAAA", "image/jpg", "image/jpeg")]
    public void Type_of_a_picture_is_found(string data, string? said, string expected)
    {
        var json = Write(Chat(new ChatMessage(ChatRole.User, [new ImagePart(new MediaSource { Base64 = data, MimeType = said })])));

        Assert.Equal(expected, (string)json["contents"]![0]!["parts"]![0]!["inlineData"]!["mimeType"]!);
    }

    [Fact]
    public void Schema_is_cut_down_to_what_Gemini_knows()
    {
        const string Schema =
            """
            {"$schema":"x","type":"object","additionalProperties":false,"title":"T","$defs":{"Node":{"type":"object","properties":{"next":{"$ref":"#/$defs/Node"}}}},
             "properties":{
               "a":{"type":["string","null"],"format":"uri","default":"x"},
               "b":{"type":"integer","exclusiveMinimum":0,"minimum":1,"enum":[1,2]},
               "c":{"anyOf":[{"type":"string","format":"date-time"},{"type":"null"}]},
               "d":{"type":"array"},
               "e":{"const":"x"},
               "f":{"allOf":[{"$ref":"#/$defs/Leaf"}],"description":"lost"}},
             "required":["a","zzz"]}
            """;
        var request = Chat(new ChatMessage(ChatRole.User, [new TextPart("Hi")]));
        request.Tools.Add(new ChatTool("f") { Parameters = JsonElement.Parse(Schema) });

        var parameters = Write(request)["tools"]![0]!["functionDeclarations"]![0]!["parameters"]!;

        Translate.AssertJson(
            """
            {"type":"object","title":"T","properties":{
              "a":{"type":"string","nullable":true},
              "b":{"type":"integer","minimum":1},
              "c":{"nullable":true,"anyOf":[{"type":"string","format":"date-time"}]},
              "d":{"type":"array","items":{"type":"string"}},
              "e":{"type":"string","enum":["x"]},
              "f":{"type":"object"}},
             "required":["a"]}
            """,
            parameters.ToJsonString());
    }

    [Fact]
    public void Schema_that_refers_to_itself_ends()
    {
        var request = Chat(new ChatMessage(ChatRole.User, [new TextPart("Hi")]));
        request.Tools.Add(new ChatTool("f")
        {
            Parameters = JsonElement.Parse(
                """{"$ref":"#/$defs/N","$defs":{"N":{"type":"object","properties":{"l":{"$ref":"#/$defs/N"},"r":{"$ref":"#/$defs/N"}}}}}"""),
        });

        Assert.InRange(Write(request).ToJsonString().Length, 1000, 4_000_000);
    }

    [Fact]
    public void Function_without_arguments_has_no_schema()
    {
        var request = Chat(new ChatMessage(ChatRole.User, [new TextPart("Hi")]));
        request.Tools.Add(new ChatTool("f") { Parameters = JsonElement.Parse("""{"type":"object","properties":{}}""") });

        Assert.Null(Write(request)["tools"]![0]!["functionDeclarations"]![0]!["parameters"]);
    }

    [Theory]
    [InlineData("gemini-2.5-pro", 1)]
    [InlineData("gemini-3-pro-preview", 2)]
    public void Only_newer_models_get_functions_and_search_together(string model, int tools)
    {
        var request = Chat(new ChatMessage(ChatRole.User, [new TextPart("Hi")]));
        request.Model = model;
        request.Tools.Add(new ChatTool("f"));
        request.WebSearch = new WebSearchWish();

        var json = Write(request);

        Assert.Equal(tools, json["tools"]!.AsArray().Count);
        Assert.Equal(tools == 2, json["toolConfig"]?["includeServerSideToolInvocations"] is not null);
    }

    [Theory]
    [InlineData(ToolChoiceMode.Auto, """{"mode":"AUTO"}""")]
    [InlineData(ToolChoiceMode.None, """{"mode":"NONE"}""")]
    [InlineData(ToolChoiceMode.Required, """{"mode":"ANY"}""")]
    [InlineData(ToolChoiceMode.Named, """{"mode":"ANY","allowedFunctionNames":["f"]}""")]
    public void Choice_of_a_tool_has_its_mode(ToolChoiceMode mode, string expected)
    {
        var request = Chat(new ChatMessage(ChatRole.User, [new TextPart("Hi")]));
        request.Tools.Add(new ChatTool("f"));
        request.ToolChoice = new ToolChoice(mode, "f");

        Translate.AssertJson(expected, Write(request)["toolConfig"]!["functionCallingConfig"]!.ToJsonString());
    }

    [Fact]
    public void Settings_of_the_operator_are_sent()
    {
        var request = Chat(new ChatMessage(ChatRole.User, [new TextPart("Hi")]));
        request.Model = "gemini-2.0-flash-exp";

        var json = Write(request, new UpstreamTraits
        {
            Gemini = Translate.Gemini(("gemini.safety_settings", """{"default":"OFF","HARM_CATEGORY_HARASSMENT":"BLOCK_NONE"}""")),
        });

        var safety = json["safetySettings"]!.AsArray().ToDictionary(one => (string)one!["category"]!, one => (string)one!["threshold"]!);
        Assert.Equal(5, safety.Count);
        Assert.Equal("BLOCK_NONE", safety["HARM_CATEGORY_HARASSMENT"]);
        Assert.Equal("OFF", safety["HARM_CATEGORY_CIVIC_INTEGRITY"]);
        Translate.AssertJson("""["TEXT","IMAGE"]""", json["generationConfig"]!["responseModalities"]!.ToJsonString());
    }

    [Theory]
    [InlineData("""{"thinking_budget":0,"include_thoughts":false}""", """{"thinkingBudget":0,"includeThoughts":false}""")]
    [InlineData("""{"thinking_budget":-1,"include_thoughts":true}""", """{"includeThoughts":true}""")]
    [InlineData("""{"thinking_level":"low"}""", """{"thinkingLevel":"low"}""")]
    [InlineData("""{"include_thoughts":true}""", """{"thinkingBudget":24576,"includeThoughts":true}""")]
    [InlineData("""{"includeThoughts":false}""", """{"thinkingBudget":24576}""")]
    public void Words_of_Google_inside_an_OpenAI_request_are_taken_as_they_are(string config, string expected)
    {
        var google = $$$"""{"thinking_config":{{{config}}},"cached_content":"cachedContents/1","tools":[{"googleMaps":{}}],"image_config":{"aspect_ratio":"1:1"},"safety_settings":[]}""";
        foreach (var member in new[] { $$""" "extra_body":{"google":{{google}}} """, $$""" "google":{{google}} """ })
        {
            var body = $$"""{"model":"m","reasoning_effort":"high","messages":[{"role":"user","content":"Hi"}],{{member}}}""";

            var json = JsonNode.Parse(Translate.Request(Dialect.OpenAIChat, Dialect.GeminiContent, body, "gemini-2.5-flash"))!;

            Translate.AssertJson(expected, json["generationConfig"]!["thinkingConfig"]!.ToJsonString());
            Assert.Equal("cachedContents/1", (string)json["cachedContent"]!);
            Translate.AssertJson("""[{"googleMaps":{}}]""", json["tools"]!.ToJsonString());
            Translate.AssertJson("""{"aspectRatio":"1:1"}""", json["generationConfig"]!["imageConfig"]!.ToJsonString());
            Assert.Empty(json["safetySettings"]!.AsArray());
        }
    }

    [Theory]
    [InlineData(Dialect.AnthropicMessages)]
    [InlineData(Dialect.OpenAIResponses)]
    public void Words_of_Google_inside_an_OpenAI_request_stay_away_from_others(Dialect upstream)
    {
        const string Body = """{"model":"m","messages":[{"role":"user","content":"Hi"}],"extra_body":{"google":{"cached_content":"cachedContents/1"}},"google":{}}""";

        Assert.DoesNotContain("google", Translate.Request(Dialect.OpenAIChat, upstream, Body, traits: new UpstreamTraits { DefaultMaxTokens = 10 }), StringComparison.Ordinal);
    }

    [Fact]
    public void Sampling_is_copied_and_default_penalties_are_not()
    {
        var request = Chat(new ChatMessage(ChatRole.User, [new TextPart("Hi")]));
        (request.Temperature, request.TopP, request.TopK, request.MaxOutput, request.Seed) = (0.2m, 0.9m, 5, 100, 1L << 40 | 7);
        (request.PresencePenalty, request.FrequencyPenalty, request.Choices, request.LogProbs, request.TopLogProbs) = (0, 0.5m, 2, true, 3);
        request.Stop.Add("END");

        Translate.AssertJson(
            """{"temperature":0.2,"topP":0.9,"topK":5,"maxOutputTokens":100,"candidateCount":2,"frequencyPenalty":0.5,"seed":7,"responseLogprobs":true,"logprobs":3,"stopSequences":["END"]}""",
            Write(request)["generationConfig"]!.ToJsonString());
    }

    private static ChatRequest Chat(params ChatMessage[] messages)
    {
        var request = new ChatRequest { Model = "gemini-2.5-flash" };
        request.Messages.AddRange(messages);
        return request;
    }

    private static JsonNode Write(ChatRequest request, UpstreamTraits traits = default)
    {
        var output = new ArrayBufferWriter<byte>();
        Translations.CodecOf(Dialect.GeminiContent).WriteRequest(request, output, traits);
        return JsonNode.Parse(Encoding.UTF8.GetString(output.WrittenSpan))!;
    }
}
