using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using NewApi.Domain;
using NewApi.Protocols;

namespace NewApi.Protocols.Tests;

public sealed class RequestRewriterTests
{
    private const RequestFields All = RequestFields.ServiceTier | RequestFields.InferenceGeo | RequestFields.Speed
        | RequestFields.SafetyIdentifier | RequestFields.Store | RequestFields.IncludeObfuscation;

    [Theory]
    [InlineData("""{"model":"a","messages":[1]}""", """{"model":"b\"é","messages":[1]}""")]
    [InlineData("{ \"messages\" : [1.0e+00, \"\\u0041\"] ,\r\n\t\"model\" : \"a\" }", "{ \"messages\" : [1.0e+00, \"\\u0041\"] ,\r\n\t\"model\" : \"b\\\"é\" }")]
    public void Model_is_replaced_and_nothing_else(string body, string expected)
    {
        Assert.Equal(expected, Rewrite(body, new RequestEdits { Model = "b\"é" }));
    }

    [Theory]
    [InlineData("""{"model":"a","messages":[1],"stream":true}""")]
    [InlineData("""{"model":"a","messages":[1],"stream":true,"stream_options":{"include_usage":true}}""")]
    public void Without_an_edit_nothing_is_written(string body)
    {
        Assert.Null(Rewrite(body, default));
        Assert.Null(Rewrite(body, new RequestEdits { Model = "a", Remove = All }));
    }

    [Theory]
    [InlineData("""{"model":"a","messages":[1],"stream":true}""", """{"stream_options":{"include_usage":true},"model":"a","messages":[1],"stream":true}""")]
    [InlineData("""{"stream":true,"model":"a","messages":[1],"stream_options":null}""", """{"stream":true,"model":"a","messages":[1],"stream_options":{"include_usage":true}}""")]
    [InlineData("""{"stream":true,"model":"a","messages":[1],"stream_options":{}}""", """{"stream":true,"model":"a","messages":[1],"stream_options":{"include_usage":true}}""")]
    [InlineData("""{"stream":true,"model":"a","messages":[1],"stream_options":{"x":1}}""", """{"stream":true,"model":"a","messages":[1],"stream_options":{"include_usage":true,"x":1}}""")]
    [InlineData("""{"stream":true,"model":"a","messages":[1],"stream_options":{"include_usage": false }}""", """{"stream":true,"model":"a","messages":[1],"stream_options":{"include_usage": true }}""")]
    [InlineData("""{"stream":true,"model":"a","messages":[1],"stream_options":{"include_usage":null}}""", """{"stream":true,"model":"a","messages":[1],"stream_options":{"include_usage":true}}""")]
    [InlineData("""{"stream":true,"model":"a","messages":[1],"stream_options":{"include_usage":true}}""", null)]
    [InlineData("""{"model":"a","messages":[1]}""", null)]
    public void Usage_is_asked_for_in_streams(string body, string? expected)
    {
        Assert.Equal(expected, Rewrite(body, new RequestEdits { ForceUsage = true }));
    }

    [Theory]
    [InlineData("""{"model":"a","messages":[1],"stream_options":{"include_usage":true}}""", """{"model":"a","messages":[1]}""")]
    [InlineData("""{"stream_options":{"include_usage":true} , "model":"a","messages":[1],"stream":false}""", """{"model":"a","messages":[1],"stream":false}""")]
    public void Requests_that_are_no_streams_lose_stream_options(string body, string expected)
    {
        Assert.Equal(expected, Rewrite(body, default));
    }

    [Theory]
    [InlineData("""{"model":"a","service_tier":"flex","messages":[1],"stream":true}""", """{"model":"a","messages":[1],"stream":true}""")]
    [InlineData("""{"service_tier":"flex","speed":1,"model":"a","messages":[1],"stream":true}""", """{"model":"a","messages":[1],"stream":true}""")]
    [InlineData("""{"model":"a","messages":[1],"stream":true, "store":{"a":[1,2]} , "safety_identifier":"x" }""", """{"model":"a","messages":[1],"stream":true }""")]
    [InlineData("""{"model":"a","speed":1,"messages":[1],"inference_geo":"eu","stream":true,"stream_options":{"include_obfuscation":false}}""", """{"model":"a","messages":[1],"stream":true}""")]
    [InlineData("""{"model":"a","messages":[1],"stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false}}""", """{"model":"a","messages":[1],"stream":true,"stream_options":{"include_usage":true}}""")]
    public void Forbidden_members_go_with_their_comma(string body, string expected)
    {
        Assert.Equal(expected, Rewrite(body, new RequestEdits { Remove = All }));
    }

    [Fact]
    public void Default_bound_is_added_only_where_none_is()
    {
        var edits = new RequestEdits { DefaultMaxTokens = 8192 };

        Assert.Equal("""{"max_tokens":8192,"model":"a","messages":[1]}""", Rewrite("""{"model":"a","messages":[1]}""", edits, Dialect.AnthropicMessages));
        Assert.Null(Rewrite("""{"model":"a","messages":[1],"max_tokens":5}""", edits, Dialect.AnthropicMessages));
    }

    [Fact]
    public void Gemini_bodies_without_edited_members_pass()
    {
        Assert.Null(Rewrite("""{"contents":[1],"stream_options":{}}""", new RequestEdits { Model = "x", ForceUsage = true, DefaultMaxTokens = 1 }, Dialect.GeminiContent));
    }

    [Fact]
    public void Rewritten_body_is_the_body_with_the_edits_and_nothing_else()
    {
        var space = Pick.Of("", " ", "\n", "\r\n\t ");
        var scalar = Pick.Of("1", "1.0", "-0", "1E+5", "12345678901234567890123", "true", "null", "\"x\"", "\"\\u00e9\\/\\n\"", "\"\"", "{ }", "[ 1 ,2]", "{\"a\":{\"service_tier\":1}}");
        var options = Gen.Select(Gen.Shuffle((string[])["\"include_usage\" : false", "\"include_obfuscation\":true", "\"other\": 1"]), Gen.Int[0, 3], space)
            .Select((members, take, gap) => "{" + gap + string.Join("," + gap, members.Take(take)) + gap + "}");
        var member = Gen.Select(Pick.Of("service_tier", "inference_geo", "speed", "safety_identifier", "store", "stream", "stream_options", "x", "y", "temperature", "user"), scalar, options, Gen.Bool);
        var edits = Gen.Select(Pick.Of<string?>(null, "gpt-x", "a", "模型"), Gen.Bool, Gen.Bool, Gen.Int[0, 63], Pick.Of<int?>(null, 100));
        var dialects = Pick.Of(Dialect.OpenAIChat, Dialect.OpenAIResponses, Dialect.AnthropicMessages, Dialect.OpenAICompletions);

        Gen.Select(member.Array[0, 8], Gen.Int[0, 8], Gen.Int[0, 8], space, edits, dialects).Sample((members, modelAt, promptAt, gap, edit, dialect) =>
        {
            var prompt = dialect switch
            {
                Dialect.OpenAIResponses => "\"input\":\"q\"",
                Dialect.OpenAICompletions => "\"prompt\":\"q\"",
                _ => "\"messages\":[{\"role\":\"user\"}]",
            };
            var parts = members.DistinctBy(one => one.Item1).Select(one => $"\"{one.Item1}\"{gap}:{gap}" + one.Item1 switch
            {
                "stream" => one.Item4 ? "true" : "false",
                "stream_options" => one.Item4 ? one.Item3 : "null",
                _ => one.Item2,
            }).ToList();
            parts.Insert(Math.Min(modelAt, parts.Count), "\"model\":\"a\"");
            parts.Insert(Math.Min(promptAt, parts.Count), prompt);
            var body = gap + "{" + gap + string.Join(gap + "," + gap, parts) + gap + "}" + gap;
            var wanted = new RequestEdits
            {
                Model = edit.Item1,
                ForceUsage = edit.Item2,
                DropStreamOptions = edit.Item3,
                Remove = (RequestFields)edit.Item4,
                DefaultMaxTokens = edit.Item5,
            };

            var actual = Rewrite(body, wanted, dialect);

            var expected = Expected(body, wanted, dialect);
            Assert.True(JsonNode.DeepEquals(expected, JsonNode.Parse(actual ?? body)), $"{body}\n{wanted}\n{actual}");
            foreach (var (name, node) in expected.AsObject())
            {
                // Byte for byte, not only by value.
                if (name is not ("model" or "stream_options" or "max_tokens"))
                {
                    Assert.Contains(parts.Single(part => part.StartsWith($"\"{name}\"", StringComparison.Ordinal)), actual ?? body, StringComparison.Ordinal);
                }
            }
        });
    }

    private static JsonNode Expected(string body, RequestEdits edits, Dialect dialect)
    {
        var root = JsonNode.Parse(body)!.AsObject();
        if (edits.Model is not null)
        {
            root["model"] = edits.Model;
        }

        foreach (var (field, name) in ((RequestFields, string)[])
            [(RequestFields.ServiceTier, "service_tier"), (RequestFields.InferenceGeo, "inference_geo"), (RequestFields.Speed, "speed"),
             (RequestFields.SafetyIdentifier, "safety_identifier"), (RequestFields.Store, "store")])
        {
            if (edits.Remove.HasFlag(field))
            {
                root.Remove(name);
            }
        }

        if (edits.DefaultMaxTokens is { } bound)
        {
            root["max_tokens"] = bound;
        }

        if (dialect == Dialect.AnthropicMessages)
        {
            return root;
        }

        var stream = root["stream"]?.GetValue<bool>() == true;
        if (!stream || edits.DropStreamOptions)
        {
            root.Remove("stream_options");
            return root;
        }

        var force = edits.ForceUsage && dialect != Dialect.OpenAIResponses;
        if (root["stream_options"] is JsonObject options)
        {
            var hidden = edits.Remove.HasFlag(RequestFields.IncludeObfuscation) && options.Remove("include_obfuscation");
            if (force)
            {
                options["include_usage"] = true;
            }
            else if (hidden && options.Count == 0)
            {
                root.Remove("stream_options");
            }
        }
        else if (force)
        {
            root["stream_options"] = new JsonObject { ["include_usage"] = true };
        }

        return root;
    }

    private static string? Rewrite(string body, RequestEdits edits, Dialect dialect = Dialect.OpenAIChat)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        var scan = RequestScanner.Scan(dialect, bytes);
        Assert.Null(scan.Fault);
        var output = new ArrayBufferWriter<byte>();
        if (!RequestRewriter.TryWrite(bytes, scan, edits, output))
        {
            Assert.Equal(0, output.WrittenCount);
            return null;
        }

        using var _ = JsonDocument.Parse(output.WrittenMemory);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
