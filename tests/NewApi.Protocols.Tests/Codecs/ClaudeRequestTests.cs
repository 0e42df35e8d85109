using System.Text.Json.Nodes;
using NewApi.Domain;

namespace NewApi.Protocols.Tests.Codecs;

/// <summary>What Claude takes of a promise that JSON follows a schema: strict functions, and answers in a form.</summary>
public sealed class ClaudeRequestTests
{
    private const string Bounded = """{"type":"object","properties":{"count":{"type":"integer","description":"How many","minimum":1,"maximum":10}},"required":["count"]}""";

    private const string Old = "claude-sonnet-4-20250514";
    private const string New = "claude-sonnet-4-5-20250929";

    /// <summary>The API answers "For 'integer' type, properties maximum, minimum are not supported".</summary>
    [Fact]
    public void Strict_function_is_freed_of_bounds_and_closed()
    {
        var tool = Tools(New, Tool("f", Bounded))[0]!;

        Assert.True((bool)tool["strict"]!);
        Translate.AssertJson(
            """{"type":"object","properties":{"count":{"type":"integer","description":"How many {minimum: 1, maximum: 10}"}},"required":["count"],"additionalProperties":false}""",
            tool["input_schema"]!.ToJsonString());
    }

    [Fact]
    public void Formats_and_patterns_that_no_grammar_takes_go_into_the_description()
    {
        const string Schema = """{"type":"object","properties":{"a":{"type":"string","format":"date"},"b":{"type":"string","format":"regex"},"c":{"type":"string","pattern":"^(?:x)+$"},"d":{"type":"string","pattern":"^(?=x)"}},"required":["a","b","c","d"]}""";

        var properties = Tools(New, Tool("f", Schema))[0]!["input_schema"]!["properties"]!;

        Translate.AssertJson("""{"type":"string","format":"date"}""", properties["a"]!.ToJsonString());
        Translate.AssertJson("""{"type":"string","description":"{format: \"regex\"}"}""", properties["b"]!.ToJsonString());
        Translate.AssertJson("""{"type":"string","pattern":"^(?:x)+$"}""", properties["c"]!.ToJsonString());
        Translate.AssertJson("""{"type":"string","description":"{pattern: \"^(?=x)\"}"}""", properties["d"]!.ToJsonString());
    }

    [Theory]
    [InlineData("claude-3-5-haiku-20241022")]
    [InlineData(Old)]
    public void Model_without_strict_functions_gets_them_as_they_are(string model) => AssertLoose(Bounded, Tools(model, Tool("f", Bounded))[0]!);

    [Theory]
    [InlineData("""{"type":"object","properties":{"next":{"$ref":"#/$defs/node"}},"$defs":{"node":{"type":"object","properties":{"next":{"$ref":"#/$defs/node"}}}}}""")]
    [InlineData("""{"type":"object","properties":{"next":{"$ref":"#"}}}""")]
    [InlineData("""{"type":"object","properties":{"next":{"$ref":"https://example.com/schema"}}}""")]
    [InlineData("""{"type":"object","properties":{"labels":{"type":"object","additionalProperties":{"type":"string"}}}}""")]
    [InlineData("""{"type":"object","properties":{"anything":{"type":"object"}}}""")]
    [InlineData("""{"type":"object","properties":{"anything":{"type":["object","null"],"properties":{}}}}""")]
    [InlineData("""{"type":"object","properties":{"a":{"allOf":[{"type":"string"}]}}}""")]
    [InlineData("""{"type":"object","properties":{"a":{"anyOf":[{"type":"string"},{"not":{"type":"string"}}]}}}""")]
    [InlineData("""{"type":"object","properties":{"a":true}}""")]
    public void Schema_that_would_be_refused_or_change_its_meaning_is_not_promised(string schema) => AssertLoose(schema, Tools(New, Tool("f", schema))[0]!);

    [Fact]
    public void References_that_double_again_and_again_are_not_followed_for_ever()
    {
        var definitions = new JsonObject { ["d40"] = JsonNode.Parse("""{"type":"string"}""") };
        for (var at = 0; at < 40; at++)
        {
            definitions[$"d{at}"] = Object(new() { ["a"] = Reference(at + 1), ["b"] = Reference(at + 1) }, "a", "b");
        }

        var root = Object(new() { ["a"] = Reference(0) }, "a");
        root["$defs"] = definitions;
        var schema = root.ToJsonString();

        AssertLoose(schema, Tools(New, Tool("f", schema))[0]!);
    }

    /// <summary>20 strict functions, 24 optional parameters and 16 unions, in one request and all together.</summary>
    [Theory]
    [InlineData(25, """{"type":"object","properties":{}}""", 20)]
    [InlineData(6, """{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"},"c":{"type":"string"},"d":{"type":"string"},"e":{"type":"string"}}}""", 4)]
    [InlineData(6, """{"type":"object","properties":{"a":{"type":["string","null"]},"b":{"anyOf":[{"type":"string"},{"type":"null"}]},"c":{"$ref":"#/$defs/c"}},"required":["a","b","c"],"$defs":{"c":{"oneOf":[{"type":"string"},{"type":"null"}]}}}""", 5)]
    public void As_many_functions_are_strict_as_a_request_may_have(int count, string schema, int strict)
    {
        var tools = Tools(New, [.. Enumerable.Range(0, count).Select(at => Tool($"f{at}", schema))]);

        Assert.Equal(Enumerable.Range(0, count).Select(at => at < strict), tools.Select(tool => tool!["strict"] is not null));
        Assert.All(tools.Skip(strict), tool => AssertLoose(schema, tool!));
    }

    [Fact]
    public void Function_that_does_not_fit_leaves_its_room_to_the_next()
    {
        var tools = Tools(New, Tool("much", Optional(25)), Tool("little", Bounded));

        Assert.Equal([false, true], tools.Select(tool => tool!["strict"] is not null));
    }

    [Fact]
    public void Form_of_the_answer_counts_against_the_same_limits()
    {
        const string One = """{"type":"object","properties":{"a":{"type":"string"}}}""";

        Assert.Null(Ask(New, [Tool("f", One)], Optional(24))["tools"]![0]!["strict"]);
        Assert.NotNull(Ask(New, [Tool("f", One)], One)["tools"]![0]!["strict"]);
    }

    [Fact]
    public void Form_of_the_answer_is_a_schema_for_models_that_know_one()
    {
        var request = Ask(New, [], Bounded);

        Assert.Equal("json_schema", (string)request["output_config"]!["format"]!["type"]!);
        Assert.Single(request["system"]!.AsArray());
    }

    /// <summary>They have no word for it, and who asked for JSON must not get prose.</summary>
    [Fact]
    public void Form_of_the_answer_is_an_instruction_for_older_models()
    {
        var request = Ask(Old, [], Bounded);

        Assert.Null(request["output_config"]);
        var system = request["system"]!.AsArray();
        Assert.Equal("Be brief.", (string)system[0]!["text"]!);
        Assert.EndsWith(Bounded, (string)system[1]!["text"]!, StringComparison.Ordinal);
    }

    private static void AssertLoose(string schema, JsonNode tool)
    {
        Assert.Null(tool["strict"]);
        Translate.AssertJson(schema, tool["input_schema"]!.ToJsonString());
    }

    private static string Optional(int count)
    {
        var properties = new JsonObject();
        for (var at = 0; at < count; at++)
        {
            properties[$"p{at}"] = new JsonObject { ["type"] = "string" };
        }

        return Object(properties).ToJsonString();
    }

    private static JsonObject Object(JsonObject properties, params string[] required) => new()
    {
        ["type"] = "object",
        ["properties"] = properties,
        ["required"] = new JsonArray([.. required.Select(name => JsonValue.Create(name))]),
    };

    private static JsonObject Reference(int definition) => new() { ["$ref"] = $"#/$defs/d{definition}" };

    private static JsonArray Tools(string model, params JsonNode[] tools) => Ask(model, tools, null)["tools"]!.AsArray();

    private static JsonNode Tool(string name, string schema) => new JsonObject
    {
        ["type"] = "function",
        ["function"] = new JsonObject { ["name"] = name, ["strict"] = true, ["parameters"] = JsonNode.Parse(schema) },
    };

    private static JsonNode Ask(string model, JsonNode[] tools, string? form)
    {
        var body = JsonNode.Parse("""{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"}]}""")!;
        body["tools"] = new JsonArray(tools);
        if (form is not null)
        {
            body["response_format"] = new JsonObject
            {
                ["type"] = "json_schema",
                ["json_schema"] = new JsonObject { ["name"] = "n", ["schema"] = JsonNode.Parse(form) },
            };
        }

        return JsonNode.Parse(Translate.Request(Dialect.OpenAIChat, Dialect.AnthropicMessages, body.ToJsonString(), model))!;
    }
}
