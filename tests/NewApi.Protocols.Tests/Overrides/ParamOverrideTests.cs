using System.Text.Json.Nodes;
using NewApi.Domain;
using NewApi.Protocols.Overrides;
using Xunit;

namespace NewApi.Protocols.Tests.Overrides;

public sealed class ParamOverrideTests
{
    private const string Body = """
        {"model":"m","temperature":0,"messages":[{"role":"user","content":"Hello World"},{"role":"assistant","content":" yes "}],"tags":["a","b"],"meta":{"x":1},"a.b":7}
        """;

    [Theory]
    // The old form: every member replaces the body's, whole.
    [InlineData("""{"temperature":0.5,"meta":{"y":2}}""", """{"temperature":0.5,"meta":{"y":2}}""")]
    // One element without a mode makes the whole object the old form.
    [InlineData("""{"operations":[{"mode":"delete","path":"meta"},{"path":"tags"}],"top_k":3}""", """{"operations":[{"mode":"delete","path":"meta"},{"path":"tags"}],"top_k":3}""")]
    [InlineData("""{"operations":[{"mode":"set","path":"temperature","value":1}],"top_k":3}""", """{"temperature":1,"top_k":3}""")]
    [InlineData("""{"operations":[{"mode":"set","path":"temperature","value":1,"keep_origin":true}]}""", "{}")]
    [InlineData("""{"operations":[{"mode":"set","path":"deep.er.0.x","value":true}]}""", """{"deep":{"er":[{"x":true}]}}""")]
    [InlineData("""{"operations":[{"mode":"set","path":"tags.-1","value":"z"}]}""", """{"tags":["a","z"]}""")]
    [InlineData("""{"operations":[{"mode":"set","path":"a\\.b","value":8}]}""", """{"a.b":8}""")]
    [InlineData("""{"operations":[{"mode":"delete","path":"meta.x"},{"mode":"delete","path":"not.there"}]}""", """{"meta":{}}""")]
    [InlineData("""{"operations":[{"mode":"move","from":"meta","to":"extra.meta"}]}""", """{"meta":null,"extra":{"meta":{"x":1}}}""")]
    [InlineData("""{"operations":[{"mode":"copy","from":"temperature","to":"meta.t"}]}""", """{"meta":{"x":1,"t":0}}""")]
    [InlineData("""{"operations":[{"mode":"append","path":"tags","value":["c","d"]},{"mode":"prepend","path":"tags","value":"0"}]}""", """{"tags":["0","a","b","c","d"]}""")]
    [InlineData("""{"operations":[{"mode":"append","path":"model","value":"-x"},{"mode":"prepend","path":"model","value":"y-"}]}""", """{"model":"y-m-x"}""")]
    [InlineData("""{"operations":[{"mode":"append","path":"meta","value":{"x":9,"z":3},"keep_origin":true}]}""", """{"meta":{"x":1,"z":3}}""")]
    [InlineData("""{"operations":[{"mode":"ensure_prefix","path":"model","value":"m"},{"mode":"ensure_suffix","path":"model","value":"-v1"},{"mode":"to_upper","path":"model"}]}""", """{"model":"M-V1"}""")]
    [InlineData("""{"operations":[{"mode":"trim_space","path":"messages.1.content"},{"mode":"trim_prefix","path":"messages.0.content","value":"Hello "}]}""", """{"messages":[{"role":"user","content":"World"},{"role":"assistant","content":"yes"}]}""")]
    [InlineData("""{"operations":[{"mode":"replace","path":"messages.0.content","from":"o","to":"0"}]}""", """{"messages":[{"role":"user","content":"Hell0 W0rld"},{"role":"assistant","content":" yes "}]}""")]
    [InlineData("""{"operations":[{"mode":"regex_replace","path":"messages.0.content","from":"(\\w+) (\\w+)","to":"$2 $1"}]}""", """{"messages":[{"role":"user","content":"World Hello"},{"role":"assistant","content":" yes "}]}""")]
    [InlineData("""{"operations":[{"mode":"prune_objects","path":"","value":{"where":{"role":"assistant"}}}]}""", """{"messages":[{"role":"user","content":"Hello World"}]}""")]
    // Conditions are joined by OR unless AND is said.
    [InlineData("""{"operations":[{"mode":"set","path":"hit","value":1,"conditions":[{"path":"model","mode":"prefix","value":"zzz"},{"path":"temperature","mode":"lt","value":1}]}]}""", """{"hit":1}""")]
    [InlineData("""{"operations":[{"mode":"set","path":"hit","value":1,"logic":"AND","conditions":[{"path":"model","mode":"prefix","value":"zzz"},{"path":"temperature","mode":"lt","value":1}]}]}""", "{}")]
    [InlineData("""{"operations":[{"mode":"set","path":"hit","value":1,"conditions":{"model":"m"}}]}""", """{"hit":1}""")]
    [InlineData("""{"operations":[{"mode":"set","path":"hit","value":1,"conditions":[{"path":"model","value":"m","invert":true}]}]}""", "{}")]
    // A missing value is decided by pass_missing_key alone.
    [InlineData("""{"operations":[{"mode":"set","path":"hit","value":1,"conditions":[{"path":"nope","value":"m","invert":true}]}]}""", "{}")]
    [InlineData("""{"operations":[{"mode":"set","path":"hit","value":1,"conditions":[{"path":"nope","value":"m","pass_missing_key":true}]}]}""", """{"hit":1}""")]
    // What the body lacks is looked up in the context of the attempt.
    [InlineData("""{"operations":[{"mode":"set","path":"hit","value":1,"conditions":[{"path":"retry.index","mode":"gte","value":1}]}]}""", """{"hit":1}""")]
    [InlineData("""{"operations":[{"mode":"set","path":"hit","value":1,"conditions":[{"path":"last_error.status_code","value":429}]}]}""", """{"hit":1}""")]
    [InlineData("""{"operations":[{"mode":"set","path":"hit","value":1,"conditions":[{"path":"request_headers.x-team","mode":"contains","value":"blue"}]}]}""", """{"hit":1}""")]
    [InlineData("""{"operations":[{"mode":"sync_fields","from":"json:team","to":"header:X-Team"}]}""", """{"team":"deep blue"}""")]
    public void An_operation_does_what_it_says(string parameters, string changes)
    {
        var body = JsonNode.Parse(Body)!.AsObject();
        var expected = JsonNode.Parse(Body)!.AsObject();
        foreach (var (name, value) in JsonNode.Parse(changes)!.AsObject())
        {
            expected[name] = value?.DeepClone();
        }

        ParamOverride.Parse(parameters)!.Apply(body, Context());

        foreach (var gone in expected.Where(member => member.Value is null).Select(member => member.Key).ToList())
        {
            expected.Remove(gone);
        }

        Assert.True(JsonNode.DeepEquals(expected, body), body.ToJsonString());
    }

    [Theory]
    [InlineData("""{"operations":[{"mode":"set_header","path":"anthropic-beta","value":{"one":"uno","*":["keep","uno"],"two":null}}]}""", "anthropic-beta", "uno,keep")]
    [InlineData("""{"operations":[{"mode":"set_header","path":"X-New","value":"v"}]}""", "X-New", "v")]
    [InlineData("""{"operations":[{"mode":"set_header","path":"X-Own","value":"v","keep_origin":true}]}""", "X-Own", "own")]
    [InlineData("""{"operations":[{"mode":"delete_header","path":"X-Own"}]}""", "X-Own", null)]
    [InlineData("""{"operations":[{"mode":"move_header","from":"X-Own","to":"X-Other"}]}""", "X-Own", null)]
    [InlineData("""{"operations":[{"mode":"copy_header","from":"x-team","to":"X-Other"}]}""", "X-Other", "deep blue")]
    [InlineData("""{"operations":[{"mode":"pass_headers","value":"X-Team, X-Missing"}]}""", "X-Team", "deep blue")]
    [InlineData("""{"operations":[{"mode":"sync_fields","from":"model","to":"header:X-Model"}]}""", "X-Model", "m")]
    public void A_header_operation_changes_the_attempts_headers(string parameters, string header, string? expected)
    {
        var context = Context();

        ParamOverride.Parse(parameters)!.Apply(JsonNode.Parse(Body)!.AsObject(), context);

        Assert.Equal(expected, context.Headers.GetValueOrDefault(header));
    }

    [Theory]
    [InlineData("""{"operations":[{"mode":"fly","path":"model"}]}""")]
    [InlineData("""{"operations":[{"mode":"regex_replace","path":"model","from":"(","to":""}]}""")]
    [InlineData("""{"operations":[{"mode":"move","from":"nope","to":"x"}]}""")]
    [InlineData("""{"operations":[{"mode":"append","path":"temperature","value":"x"}]}""")]
    [InlineData("""{"operations":[{"mode":"to_lower","path":"temperature"}]}""")]
    [InlineData("""{"operations":[{"mode":"set","path":"x","value":1,"conditions":[{"path":"temperature","value":"0"}]}]}""")]
    [InlineData("""{"operations":[{"mode":"set","path":"x","value":1,"conditions":[{"path":"model","mode":"gt","value":1}]}]}""")]
    [InlineData("""{"operations":[{"mode":"return_error","value":{"status_code":400}}]}""")]
    [InlineData("[1]")]
    [InlineData("{")]
    public void What_cannot_be_applied_is_the_channels_fault(string parameters)
    {
        var error = Assert.Throws<OverrideException>(() => ParamOverride.Parse(parameters)!.Apply(JsonNode.Parse(Body)!.AsObject(), Context()));

        Assert.Equal("channel:param_override_invalid", error.ToFault().Code);
    }

    [Fact]
    public void A_refusal_carries_its_own_status_and_code()
    {
        var parameters = ParamOverride.Parse("""
            {"operations":[{"mode":"return_error","value":{"message":"Not here","status":451,"code":"nope","skip_retry":false}}]}
            """)!;

        var refused = Assert.Throws<OverrideRefusedException>(() => parameters.Apply(JsonNode.Parse(Body)!.AsObject(), Context()));

        Assert.Equal((451, "nope", "Not here", false), (refused.Fault.Status, refused.Fault.Code, refused.Fault.Message, refused.Fault.Final));
    }

    [Fact]
    public void A_templates_operations_run_first_and_its_members_fill_gaps()
    {
        var template = ParamOverride.Parse("""{"operations":[{"mode":"set","path":"model","value":"t"}],"a":1,"b":1}""");
        var channel = ParamOverride.Parse("""{"operations":[{"mode":"append","path":"model","value":"-c"}],"b":2}""");
        var body = new JsonObject { ["model"] = "m" };

        ParamOverride.Join(template, channel)!.Apply(body, Context());

        Assert.Equal("""{"model":"t-c","b":2,"a":1}""", body.ToJsonString());
    }

    private static OverrideContext Context() => new()
    {
        OriginalModel = "asked",
        UpstreamModel = "m",
        RequestPath = "/v1/chat/completions",
        RetryIndex = 1,
        LastError = new RelayFault(429, "rate_limit", "slow down"),
        ClientHeaders = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
        {
            ["X-Team"] = "deep blue",
            ["anthropic-beta"] = "one, two,three",
        },
        Headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase) { ["X-Own"] = "own" },
    };
}
