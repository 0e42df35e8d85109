using System.Text;
using System.Text.Json;
using CsCheck;
using NewApi.Domain.Options;
using NewApi.Domain.Pricing;
using NewApi.Domain.Pricing.Expressions;

namespace NewApi.Domain.Tests.Pricing;

public class PriceExpressionTests
{
    private const string Tiered = "len <= 200000 ? tier(\"base\", p*3 + c*15 + cr*0.3) : tier(\"long\", p*6 + c*22.5 + cr*0.6)";

    [Fact] // 32
    public void Cached_part_has_its_own_price()
    {
        var charge = Sold("p*3+c*15+cr*0.3").For(new Usage { Input = 21000, CacheRead = 20000, Output = 500 }, default);

        Assert.Equal(8250, charge.Quota.Points);
    }

    [Theory] // 33
    [InlineData("1", 221250)]
    [InlineData("0.8", 177000)]
    public void Long_context_has_its_own_tier(string group, long expected)
    {
        var charge = Sold(Tiered, group).For(new Usage { Input = 250000, CacheRead = 200000, Output = 1000 }, default);

        Assert.Equal(expected, charge.Quota.Points);
        Assert.Equal("long", charge.MatchedTier);
    }

    [Theory] // 37
    [InlineData(null, 42460)]
    [InlineData(100L, 2000)]
    public void Hold_assumes_a_long_answer_where_none_is_bounded(long? maxOutput, long expected)
    {
        Assert.Null(Sold("p*2.5+c*10").HoldFor(1200, maxOutput, default, out var hold));
        Assert.Equal(expected, hold.Points);
    }

    [Fact]
    public void Nothing_is_charged_for_an_answer_without_usage()
    {
        var charge = Sold("fixed(1)").For(default, default);

        Assert.Equal(0, charge.Quota.Points);
        Assert.True(charge.Nothing);
    }

    [Theory]
    [InlineData("p", 1000)] // an unpriced part stays in the total
    [InlineData("p + cr*0", 600)]
    [InlineData("p + cc*0", 800)]
    [InlineData("p + cc*0 + cc1h*0", 800)]
    [InlineData("p + cc1h*0", 950)]
    [InlineData("p + cr*0 + cc*0 + img*0 + ai*0", 250)]
    [InlineData("c", 500)]
    [InlineData("c + img_o*0 + ao*0", 100)]
    [InlineData("len", 1000)]
    [InlineData("cc", 200)] // with the hourly part, which has no price of its own
    [InlineData("cc + cc1h*0", 150)]
    [InlineData("cc1h", 50)]
    public void Part_leaves_a_total_that_includes_it_exactly_when_it_is_priced(string text, long expected)
    {
        var usage = new Usage
        {
            Input = 1000,
            Output = 500,
            CacheRead = 400,
            CacheWrite = 200,
            CacheWrite1h = 50,
            ImageInput = 100,
            AudioInput = 50,
            ImageOutput = 300,
            AudioOutput = 100,
        };

        Assert.Equal(expected, Dollars(text, usage) * 1_000_000);
    }

    [Theory]
    [InlineData("p", 1600)] // all of the cache is part of what was read
    [InlineData("p + cr*0", 1200)]
    [InlineData("p + cr*0 + cc*0", 1000)]
    [InlineData("p + cr*0 + cc1h*0", 1150)]
    [InlineData("len", 1600)]
    public void Part_joins_a_total_that_excludes_it_unless_it_is_priced(string text, long expected)
    {
        var usage = new Usage
        {
            Semantics = UsageSemantics.InputExcludesCache,
            Input = 1000,
            CacheRead = 400,
            CacheWrite = 200,
            CacheWrite1h = 50,
        };

        Assert.Equal(expected, Dollars(text, usage) * 1_000_000);
    }

    [Theory]
    [InlineData("1 + 2 * 3", 7)]
    [InlineData("(1 + 2) * 3", 9)]
    [InlineData("10 - 4 - 3", 3)]
    [InlineData("2 * -3 + 10", 4)]
    [InlineData("7 % 4", 3)]
    [InlineData("1e3 + .5 + 1_000", 2000.5)]
    [InlineData("1 < 2 ? 10 : 20", 10)]
    [InlineData("false ? 1 : false ? 2 : 3", 3)]
    [InlineData("true && false || true ? 1 : 2", 1)]
    [InlineData("not true or 1 == 1 and 2 != 3 ? 1 : 2", 1)]
    [InlineData("max(1, 5, 3) + min(4, 2)", 7)]
    [InlineData("abs(-2.5) + ceil(0.1) + floor(0.9)", 3.5)]
    [InlineData("has('abcdef', 'cd') ? 1 : 2", 1)]
    [InlineData("\"a\\\"b\" == 'a\"b' ? 1 : 2", 1)]
    [InlineData("nil == null ? 1 : 2", 1)]
    [InlineData("v1: 3 + 4", 7)]
    public void Arithmetic_is_the_usual_one(string text, double expected) =>
        Assert.Equal((decimal)expected, Dollars(text, new Usage { Input = 1 }) * 1_000_000);

    [Fact]
    public void Fixed_price_is_for_the_call()
    {
        Assert.Equal(0.04m, Dollars("fixed(0.04)", new Usage { Input = 1 }));
        Assert.Equal(0.12m, Dollars("fixed(0.04) * image_count", new Usage { Input = 1 }, new ChargeFactors { Images = 3 }));
    }

    [Fact]
    public void Facts_of_a_task_are_priced_in_dollars()
    {
        var factors = new ChargeFactors { Facts = new Dictionary<string, decimal> { ["seconds"] = 8 } };

        Assert.Equal(0.8m, Dollars("u('seconds') * 0.1 + u('unknown')", new Usage { Input = 1 }, factors));
    }

    [Theory]
    [InlineData("param('service_tier') == 'priority' ? 2 : 1", 2)]
    [InlineData("param('missing') == nil ? 2 : 1", 2)]
    [InlineData("param('missing') > 5 ? 2 : 1", 1)]
    [InlineData("param('n') * 2", 6)]
    [InlineData("param('stream') ? 2 : 1", 2)]
    [InlineData("param('messages.#')", 2)]
    [InlineData("param('messages.1.role') == 'user' ? 2 : 1", 2)]
    [InlineData("param('messages.7.role') == nil ? 2 : 1", 2)]
    [InlineData("param('a\\.b.c')", 4)]
    [InlineData("has(param('tools'), 'web_search') ? 2 : 1", 2)]
    [InlineData("has(param('missing'), 'x') ? 2 : 1", 1)]
    [InlineData("has(header('Anthropic-Beta'), 'context-1m') ? 2 : 1", 2)]
    [InlineData("header('Missing') == '' ? 2 : 1", 2)]
    [InlineData("hour('UTC')*100 + minute('UTC')", 2305)]
    [InlineData("hour('Asia/Shanghai')", 7)]
    [InlineData("weekday('UTC')*10000 + month('UTC')*100 + day('UTC')", 51231)]
    public void Request_can_decide(string text, long expected)
    {
        const string Body =
            """{"model":"m","service_tier":"priority","n":3,"stream":true,"messages":[{"role":"system"},{"role":"user","content":"x"}],"tools":[{"type":"web_search"}],"a.b":{"c":4}}""";
        Assert.True(PriceExpression.TryParse(text, out var expression, out _));
        // A Friday.
        var at = new DateTimeOffset(2027, 12, 31, 23, 5, 0, TimeSpan.Zero);
        var request = PricedRequest.Read(
            expression, Encoding.UTF8.GetBytes(Body), name => name == "Anthropic-Beta" ? "a,context-1m-2025" : null, at);

        Assert.Equal(expected, Dollars(text, new Usage { Input = 1 }, new ChargeFactors { Request = request }) * 1_000_000);
    }

    [Theory]
    [InlineData("")]
    [InlineData("not json")]
    [InlineData("[1,2]")]
    [InlineData("{\"n\":")]
    [InlineData("{\"n\":\"\\ud800\"}")]
    [InlineData("{\"n\":1e400}")]
    public void Body_that_cannot_be_read_has_no_members(string body)
    {
        Assert.True(PriceExpression.TryParse("param('n') == nil ? 1 : 2", out var expression, out _));
        var request = PricedRequest.Read(expression, Encoding.UTF8.GetBytes(body), static _ => null, default);

        Assert.Equal(1, Dollars(expression.Text, new Usage { Input = 1 }, new ChargeFactors { Request = request }) * 1_000_000);
    }

    [Theory]
    [InlineData("", 0, "ends too early")]
    [InlineData("p *", 3, "ends too early")]
    [InlineData("p * * 2", 4, "does not belong")]
    [InlineData("p + q", 4, "nothing is called q")]
    [InlineData("sum(p)", 0, "no function is called sum")]
    [InlineData("p + 'x'", 4, "a number is needed")]
    [InlineData("p ? 1 : 2", 0, "a condition is needed")]
    [InlineData("'x'", 0, "a price must be a number")]
    [InlineData("p > 1", 0, "a price must be a number")]
    [InlineData("(p", 2, ") is missing")]
    [InlineData("p > 1 ? 2", 9, ": is missing")]
    [InlineData("tier(p, 1)", 5, "a text in quotes")]
    [InlineData("tier('a')", 0, "takes 2 values")]
    [InlineData("hour('Nowhere/Town')", 5, "no such time zone")]
    [InlineData("header('Authorization') == '' ? 1 : 2", 7, "credential")]
    [InlineData("p; 1", 1, "means nothing")]
    [InlineData("'open", 0, "no closing quote")]
    [InlineData("1.2.3", 0, "not a number")]
    [InlineData("v9:p", 0, "version")]
    [InlineData("max()", 0, "at least one")]
    public void Mistake_is_told_with_its_place(string text, int position, string part)
    {
        Assert.False(PriceExpression.TryParse(text, out _, out var error));
        Assert.Equal(position, error.Position);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Size_and_depth_are_bounded()
    {
        Assert.False(PriceExpression.TryParse(new string('(', 5000) + "1" + new string(')', 5000), out _, out _));
        Assert.False(PriceExpression.TryParse(new string('(', 100) + "1" + new string(')', 100), out _, out var deep));
        Assert.Contains("nested", deep.Message, StringComparison.Ordinal);
        Assert.False(PriceExpression.TryParse(string.Join('+', Enumerable.Repeat("p", 2000)), out _, out var many));
        Assert.Contains("too many parts", many.Message, StringComparison.Ordinal);
        Assert.False(PriceExpression.TryParse(new string('-', 5000) + "1", out _, out _));
    }

    [Theory]
    [InlineData("p / (c - c)", "divides by zero")]
    [InlineData("p - 2*c", "negative")]
    [InlineData("param('n') * 0.04", "the request has nothing")]
    [InlineData("p * 1e27 * 1e27", "too large")]
    public void Formula_that_gives_no_price_for_a_plain_call_is_not_stored(string text, string part)
    {
        Assert.True(PriceExpression.TryParse(text, out var expression, out _));
        Assert.Contains(part, expression.Try(), StringComparison.Ordinal);

        var problem = OptionCatalog.Validate("billing_setting.billing_expr", JsonSerializer.Serialize(new Dictionary<string, string> { ["m"] = text }));
        Assert.StartsWith("billing_setting.billing_expr: m: ", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Formula_without_an_answer_charges_what_was_held()
    {
        var price = Sold("param('n') == nil ? p : p * param('n')");
        var request = Request(price, """{"n":-3}""");

        var charge = price.For(new Usage { Input = 10 }, new ChargeFactors { Request = request, Held = new Quota(1234) });

        Assert.Equal(1234, charge.Quota.Points);
        Assert.NotNull(charge.PriceProblem);
        var refusal = price.HoldFor(10, 10, new ChargeFactors { Request = request }, out _);
        Assert.Equal((400, "model_price_error"), (refusal!.Status, refusal.Code));
    }

    [Fact]
    public void Member_of_a_request_cannot_multiply_a_hold_beyond_the_limit()
    {
        var price = Sold("param('n') == nil ? p : p * param('n')");

        Assert.NotNull(price.HoldFor(1000, 10, new ChargeFactors { Request = Request(price, """{"n":99999999999}""") }, out _));
    }

    [Fact]
    public void Tools_are_charged_on_top()
    {
        var charge = Sold("p*3").For(new Usage { Input = 1000, Tools = ToolUses.Of(ToolPrices.FileSearch, 2) }, default);

        Assert.Equal(1500 + 2500, charge.Quota.Points);
    }

    [Fact]
    public void Log_names_the_formula_and_what_it_looked_at_but_no_text_of_the_request()
    {
        var price = Sold("param('n') > 1 ? tier('many', p) : has(param('input'), 'x') ? p : p");
        var charge = price.For(
            new Usage { Input = 1000 }, new ChargeFactors { Request = Request(price, """{"n":2,"input":"my secret"}""") });

        using var space = new MemoryStream();
        using (var json = new Utf8JsonWriter(space))
        {
            json.WriteStartObject();
            charge.WriteOther(json);
            json.WriteEndObject();
        }

        var text = Encoding.UTF8.GetString(space.ToArray());
        var other = JsonDocument.Parse(text).RootElement;
        Assert.Equal("tiered_expr", other.GetProperty("billing_mode").GetString());
        Assert.Equal(price.Expression!.Text, Encoding.UTF8.GetString(other.GetProperty("expr_b64").GetBytesFromBase64()));
        Assert.Equal("many", other.GetProperty("matched_tier").GetString());
        Assert.Equal("""[{"param":"n","value":2},{"param":"input","given":true}]""", other.GetProperty("request_rules").GetRawText());
        Assert.DoesNotContain("secret", text, StringComparison.Ordinal);
        Assert.Equal(0, other.GetProperty("model_ratio").GetDecimal());
        Assert.Equal(-1, other.GetProperty("model_price").GetDecimal());
    }

    [Fact]
    public void Model_whose_formula_is_missing_or_wrong_has_no_price()
    {
        var options = GatewayOptions.Parse(
            new Dictionary<string, string>
            {
                ["billing_setting.billing_mode"] = """{"gpt-4o":"tiered_expr","gpt-4.1":"tiered_expr","o3":"ratio"}""",
                ["billing_setting.billing_expr"] = """{"gpt-4o":"p +"}""",
            },
            out var problems);
        var book = new PriceBook(options);

        Assert.Null(book.Find("gpt-4o", "default", "default"));
        Assert.Null(book.Find("gpt-4.1", "default", "default"));
        Assert.NotNull(book.Find("o3", "default", "default"));
        Assert.False(book.HasPrice("gpt-4o"));
        Assert.Equal("billing_setting.billing_expr: gpt-4o: the expression ends too early (at character 4)", Assert.Single(problems));
    }

    [Fact]
    public void Parser_survives_any_text() =>
        Gen.OneOf(
            Gen.String,
            Gen.Char["p c+-*/%()?:<>=!&|'\"\\.,_0123456789eEtierparamhd"].Array[0, 60].Select(letters => new string(letters)))
        .Sample(text =>
        {
            if (PriceExpression.TryParse(text, out var expression, out var error))
            {
                expression.Try();
            }
            else
            {
                Assert.InRange(error.Position, 0, text.Length);
            }
        });

    private static PricedRequest Request(Price price, string body) =>
        PricedRequest.Read(price.Expression!, Encoding.UTF8.GetBytes(body), static _ => null, default);

    private static decimal Dollars(string text, Usage usage, ChargeFactors factors = default)
    {
        Assert.True(PriceExpression.TryParse(text, out var expression, out var error), error?.ToString());
        Assert.True(
            expression.TryEvaluate(new Counts(usage), factors.Images, factors.Request, factors.Facts, out var dollars, out _, out var problem),
            problem);
        return dollars;
    }

    private static Price Sold(string text, string group = "1")
    {
        var options = GatewayOptions.Parse(
            new Dictionary<string, string>
            {
                ["billing_setting.billing_mode"] = """{"m":"tiered_expr"}""",
                ["billing_setting.billing_expr"] = JsonSerializer.Serialize(new Dictionary<string, string> { ["m"] = text }),
                ["GroupRatio"] = $$"""{"default":{{group}}}""",
            },
            out var problems);
        Assert.Empty(problems);
        return new PriceBook(options).Find("m", "default", "default")!;
    }
}
