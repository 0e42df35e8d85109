using System.Text.Json.Nodes;
using NewApi.Domain;

namespace NewApi.Protocols.Tests.Codecs;

/// <summary>Proofs of thoughts go out to a caller of another dialect, come back with the next turn, and reach only the upstream that made them.</summary>
public sealed class SignatureJourneyTests
{
    private const string GeminiCall =
        """
        data: {"candidates":[{"content":{"parts":[{"text":"Hm","thought":true},{"functionCall":{"name":"f","args":{"a":1}},"thoughtSignature":"c2ln"}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":1}}


        """;

    private const string OpenAIThoughts =
        """
        data: {"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[]}}

        data: {"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,"delta":"Hm"}

        data: {"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"Hm"}],"encrypted_content":"gAAAA"}}

        data: {"type":"response.output_text.delta","output_index":1,"delta":"Hi"}

        data: {"type":"response.completed","response":{"id":"r","status":"completed","output":[],"usage":{"input_tokens":1,"output_tokens":1}}}


        """;

    [Fact]
    public void Proof_of_a_call_survives_a_client_of_Responses()
    {
        var items = Items(Translate.Stream(Dialect.GeminiContent, Dialect.OpenAIResponses, GeminiCall));

        var request = Next(items, Dialect.GeminiContent, "gemini-3-flash-preview");

        var call = request["contents"]![0]!["parts"]!.AsArray().Single(part => part!["functionCall"] is not null)!;
        Assert.Equal("c2ln", (string)call["thoughtSignature"]!);
    }

    [Fact]
    public void Proof_of_a_call_is_not_shown_to_another_upstream()
    {
        var items = Items(Translate.Stream(Dialect.GeminiContent, Dialect.OpenAIResponses, GeminiCall));

        var request = Next(items, Dialect.OpenAIResponses, "gpt-5");

        Assert.DoesNotContain("c2ln", request.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("function_call", request.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Encrypted_thoughts_survive_a_client_of_Gemini()
    {
        var chunks = Translate.Events(Translate.Stream(Dialect.OpenAIResponses, Dialect.GeminiContent, OpenAIThoughts));
        var parts = new JsonArray([.. chunks.SelectMany(chunk => chunk["candidates"]![0]!["content"]!["parts"]!.AsArray()).Select(part => part!.DeepClone())]);
        var body = new JsonObject
        {
            ["contents"] = new JsonArray(
                new JsonObject { ["role"] = "model", ["parts"] = parts },
                new JsonObject { ["role"] = "user", ["parts"] = new JsonArray(new JsonObject { ["text"] = "More" }) }),
        };

        var request = JsonNode.Parse(Translate.Request(Dialect.GeminiContent, Dialect.OpenAIResponses, body.ToJsonString()))!;

        var thoughts = request["input"]!.AsArray().Single(item => (string?)item!["type"] == "reasoning")!;
        Assert.Equal("gAAAA", (string)thoughts["encrypted_content"]!);
    }

    [Fact]
    public void Call_without_a_proof_gets_the_bypass_where_the_model_demands_one()
    {
        const string Body = """{"input":[{"type":"function_call","call_id":"1","name":"f","arguments":"{}"},{"type":"function_call","call_id":"2","name":"g","arguments":"{}"},{"type":"function_call_output","call_id":"1","output":"x"}]}""";

        var third = Translate.Request(Dialect.OpenAIResponses, Dialect.GeminiContent, Body, "gemini-3-pro-preview");
        var second = Translate.Request(Dialect.OpenAIResponses, Dialect.GeminiContent, Body, "gemini-2.5-pro");

        var parts = JsonNode.Parse(third)!["contents"]![0]!["parts"]!.AsArray();
        Assert.Equal("skip_thought_signature_validator", (string)parts[0]!["thoughtSignature"]!);
        Assert.Null(parts[1]!["thoughtSignature"]);
        Assert.DoesNotContain("thoughtSignature", second, StringComparison.Ordinal);
    }

    /// <summary>What Codex keeps of a stream: its items, in the order in which they were done.</summary>
    private static JsonArray Items(string stream) =>
        [.. Translate.Events(stream).Where(item => (string?)item["type"] == "response.output_item.done").Select(item => item["item"]!.DeepClone())];

    private static JsonNode Next(JsonArray items, Dialect upstream, string model)
    {
        var call = (string)items.Single(item => (string?)item!["type"] == "function_call")!["call_id"]!;
        items.Add(new JsonObject { ["type"] = "function_call_output", ["call_id"] = call, ["output"] = "42" });
        return JsonNode.Parse(Translate.Request(Dialect.OpenAIResponses, upstream, new JsonObject { ["input"] = items }.ToJsonString(), model))!;
    }
}
