using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Protocols.Canonical;

namespace NewApi.Protocols.Tests.Codecs;

/// <summary>What Gemini CLI needs of a gateway that serves it models of other providers.</summary>
public sealed class GeminiCliTests
{
    private const string Turn =
        """
        {"systemInstruction":{"role":"user","parts":[{"text":"You are an agent."}]},
         "contents":[
           {"role":"user","parts":[{"text":"List"}]},
           {"role":"model","parts":[{"text":"Look","thought":true},{"functionCall":{"name":"list_directory","args":{"path":"."}}},{"functionCall":{"name":"list_directory","args":{"path":"src"}}}]},
           {"role":"user","parts":[
             {"functionResponse":{"name":"list_directory","response":{"output":"a"}}},
             {"functionResponse":{"name":"list_directory","response":{"error":"no such directory"}}},
             {"text":"Go on"}]}],
         "tools":[{"functionDeclarations":[{"name":"list_directory","description":"Lists.","parametersJsonSchema":{"type":"object","properties":{"path":{"type":"string"}}}}]}],
         "generationConfig":{"temperature":0,"topP":1,"maxOutputTokens":64,"thinkingConfig":{"includeThoughts":true,"thinkingBudget":8192}}}
        """;

    [Fact]
    public void Results_find_their_calls_without_ids()
    {
        var request = JsonNode.Parse(Translate.Request(Dialect.GeminiContent, Dialect.OpenAIResponses, Turn))!;

        var items = request["input"]!.AsArray();
        Assert.Equal(
            ["message", "function_call", "function_call", "function_call_output", "function_call_output", "message"],
            items.Select(item => (string)item!["type"]!));
        Assert.Equal(items[1]!["call_id"]!.ToString(), items[3]!["call_id"]!.ToString());
        Assert.Equal(items[2]!["call_id"]!.ToString(), items[4]!["call_id"]!.ToString());
        Assert.NotEqual(items[1]!["call_id"]!.ToString(), items[2]!["call_id"]!.ToString());
        Assert.Equal("a", (string)items[3]!["output"]!);
    }

    [Fact]
    public void Settings_are_said_in_the_words_of_the_upstream()
    {
        var request = JsonNode.Parse(Translate.Request(Dialect.GeminiContent, Dialect.OpenAIResponses, Turn, stream: true))!;

        Assert.Equal("You are an agent.", (string)request["instructions"]!);
        Assert.True((bool)request["stream"]!);
        Assert.Equal(64, (int)request["max_output_tokens"]!);
        Translate.AssertJson("""{"effort":"high","summary":"detailed"}""", request["reasoning"]!.ToJsonString());
        Translate.AssertJson("""{"type":"object","properties":{"path":{"type":"string"}}}""", request["tools"]![0]!["parameters"]!.ToJsonString());
    }

    /// <summary>It throws a turn away that has no finish reason, and shows nothing of calls whose arguments are no object.</summary>
    [Fact]
    public void Stream_has_whole_calls_and_a_last_chunk_with_reason_and_usage()
    {
        var chunks = Translate.Events(Translate.Stream(
            Dialect.OpenAIResponses,
            Dialect.GeminiContent,
            """
            data: {"type":"response.created","response":{"id":"resp_1","model":"gpt-5","created_at":1,"status":"in_progress"}}

            data: {"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","call_id":"call_1","name":"f","arguments":""}}

            data: {"type":"response.function_call_arguments.delta","output_index":0,"delta":"{\"a\""}

            data: {"type":"response.function_call_arguments.delta","output_index":0,"delta":":1}"}

            data: {"type":"response.completed","response":{"status":"completed","output":[],"usage":{"input_tokens":9,"output_tokens":4,"output_tokens_details":{"reasoning_tokens":3}}}}


            """));

        Assert.Equal(2, chunks.Count);
        Translate.AssertJson("""{"id":"call_1","name":"f","args":{"a":1}}""", chunks[0]["candidates"]![0]!["content"]!["parts"]![0]!["functionCall"]!.ToJsonString());
        Assert.Equal("STOP", (string)chunks[1]["candidates"]![0]!["finishReason"]!);
        Assert.Empty(chunks[1]["candidates"]![0]!["content"]!["parts"]!.AsArray());
        Translate.AssertJson(
            """{"promptTokenCount":9,"candidatesTokenCount":1,"totalTokenCount":13,"thoughtsTokenCount":3}""", chunks[1]["usageMetadata"]!.ToJsonString());
        Assert.Equal("gpt-5", (string)chunks[1]["modelVersion"]!);
    }

    [Fact]
    public void Both_spellings_mean_the_same()
    {
        const string Snake =
            """
            {"system_instruction":{"parts":{"text":"S"}},"contents":{"parts":[{"inline_data":{"mime_type":"image/png","data":"AAAA"}},{"file_data":{"mime_type":"application/pdf","file_uri":"https://e.com/a.pdf"}}]},
             "tools":[{"function_declarations":[{"name":"f","parameters":{"type":"OBJECT","properties":{"a":{"type":"STRING","nullable":true}}}}]},{"google_search":{}}],
             "tool_config":{"function_calling_config":{"mode":"any","allowed_function_names":["f"]}},
             "generation_config":{"top_p":0.5,"max_output_tokens":99,"response_mime_type":"application/json","response_schema":{"type":"OBJECT"}}}
            """;
        const string Camel =
            """
            {"systemInstruction":{"parts":[{"text":"S"}]},"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"image/png","data":"AAAA"}},{"fileData":{"mimeType":"application/pdf","fileUri":"https://e.com/a.pdf"}}]}],
             "tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT","properties":{"a":{"type":"STRING","nullable":true}}}}]},{"googleSearch":{}}],
             "toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}},
             "generationConfig":{"topP":0.5,"maxOutputTokens":99,"responseMimeType":"application/json","responseSchema":{"type":"OBJECT"}}}
            """;

        var request = Translate.Request(Dialect.GeminiContent, Dialect.OpenAIResponses, Camel);

        Translate.AssertJson(request, Translate.Request(Dialect.GeminiContent, Dialect.OpenAIResponses, Snake));
        Translate.AssertJson(
            """
            {"model":"m","instructions":"S","input":[{"type":"message","role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,AAAA"},{"type":"input_file","file_url":"https://e.com/a.pdf"}]}],
             "tools":[{"type":"function","name":"f","parameters":{"type":"object","properties":{"a":{"type":["string","null"]}}},"strict":false},{"type":"web_search"}],
             "tool_choice":{"type":"function","name":"f"},"text":{"format":{"type":"json_schema","name":"answer","schema":{"type":"object"},"strict":false}},
             "max_output_tokens":99,"top_p":0.5,"store":false}
            """,
            request);
    }

    [Fact]
    public void Cached_content_is_refused_where_it_cannot_be_had()
    {
        var fault = Assert.Throws<TranslationException>(() => Translate.Request(
            Dialect.GeminiContent, Dialect.OpenAIResponses, """{"contents":[],"cachedContent":"cachedContents/1"}"""));

        Assert.Contains("cachedContent", fault.Message, StringComparison.Ordinal);
    }
}
