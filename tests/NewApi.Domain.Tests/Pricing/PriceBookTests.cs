using System.Text;
using System.Text.Json;
using NewApi.Domain.Options;
using NewApi.Domain.Pricing;
using NewApi.Testing;

namespace NewApi.Domain.Tests.Pricing;

public class PriceBookTests
{
    [Theory]
    [InlineData("gpt-4-all", 2)]
    [InlineData("gpt-4o-gizmo-*", 2)]
    [InlineData("gpt-4o-2024-05-13", 3)]
    [InlineData("gpt-4o-mini-tts", 20)]
    [InlineData("gpt-4o-mini", 4)]
    [InlineData("gpt-5-mini", 8)]
    [InlineData("gpt-5.4-nano", 6.25)]
    [InlineData("gpt-5.4", 6)]
    [InlineData("gpt-5.6-sol", 6)]
    [InlineData("gpt-4.5-preview-2025-02-27", 2)]
    [InlineData("gpt-4-turbo-preview", 3)]
    [InlineData("gpt-4", 2)]
    [InlineData("gpt-4.1-nano", 4)]
    [InlineData("gpt-3.5-turbo", 3)]
    [InlineData("gpt-3.5-turbo-0125", 3)]
    [InlineData("gpt-3.5-turbo-1106", 2)]
    [InlineData("o1-pro", 4)]
    [InlineData("o3-mini-high", 4)]
    [InlineData("o4-mini-deep-research", 4)]
    [InlineData("chatgpt-4o-latest", 3)]
    [InlineData("claude-3-5-haiku-20241022", 5)]
    [InlineData("claude-opus-4-8-xhigh", 5)]
    [InlineData("claude-sonnet-5", 5)]
    [InlineData("anthropic/claude-opus-5.1", 5)]
    [InlineData("claude-2.1", 3)]
    [InlineData("mistral-large-latest", 3)]
    [InlineData("gemini-1.5-pro", 4)]
    [InlineData("gemini-2.0-flash", 4)]
    [InlineData("gemini-2.5-pro-exp-03-25", 8)]
    [InlineData("gemini-2.5-flash-preview-04-17-nothinking", 4)]
    [InlineData("gemini-2.5-flash-lite", 4)]
    [InlineData("gemini-3-pro-image-preview", 60)]
    [InlineData("gemini-3-pro-preview", 6)]
    [InlineData("gemini-3-flash-preview", 4)]
    [InlineData("command-r", 3)]
    [InlineData("command-r-plus", 5)]
    [InlineData("command-r-plus-08-2024", 4)]
    [InlineData("command-light", 4)]
    [InlineData("ERNIE-Speed-8K", 2)]
    [InlineData("llama3-8b-8192", 2)]
    [InlineData("deepseek-chat", 4)]
    [InlineData("qwen-plus", 1)]
    public void Output_price_follows_the_name(string model, double expected) => Assert.Equal((decimal)expected, CompletionRules.For(model));

    [Theory]
    [InlineData("gemini-2.5-flash", 25.0 / 3)]
    [InlineData("gemini-2.5-flash-preview-05-20", 70.0 / 3)]
    [InlineData("gpt-3.5-turbo-16k", 4.0 / 3)]
    [InlineData("llama3-70b-8192", 79.0 / 59)]
    public void Fractions_are_the_shortest_decimals_of_the_doubles(string model, double expected) =>
        Assert.Equal(decimal.Parse(expected.ToString("R")), CompletionRules.For(model));

    [Fact]
    public void Table_always_wins_over_the_rules() =>
        Assert.Equal(7, Book(("CompletionRatio", """{"o1":7}""")).Find("o1", "default", "default")!.CompletionRatio);

    [Fact]
    public void Model_without_a_price_is_refused_unless_somebody_accepts_that()
    {
        var strict = Book();
        Assert.Null(strict.Find("nobody-knows", "default", "default"));
        Assert.False(strict.HasPrice("nobody-knows"));
        Assert.Equal(400, PriceBook.NoPrice("nobody-knows").Status);
        Assert.Equal("model_price_error", PriceBook.NoPrice("nobody-knows").Code);

        var accepted = strict.Find("nobody-knows", "default", "default", acceptUnset: true)!;
        Assert.True(accepted.Unset);
        Assert.Equal(37.5m, accepted.ModelRatio);
        Assert.Null(strict.Find("nobody-knows", "default", "default"));

        Assert.Equal(37.5m, Book(("SelfUseModeEnabled", "true")).Find("nobody-knows", "default", "default")!.ModelRatio);
    }

    [Fact]
    public void Zero_is_a_price()
    {
        var price = Book().Find("glm-4-flash", "default", "default")!;

        Assert.True(price.IsFree);
        Assert.False(price.Unset);
        Assert.Equal(0, price.For(new Usage { Input = 1000, Output = 1000 }, default).Quota.Points);
    }

    [Fact]
    public void Price_per_call_beats_a_ratio()
    {
        var price = Book(("ModelRatio", """{"m":1}"""), ("ModelPrice", """{"m":0.0123}""")).Find("m", "default", "default")!;

        Assert.Equal(6150, price.For(new Usage { Input = 10, Output = 1_000_000 }, default).Quota.Points);
    }

    [Fact]
    public void Wildcards_price_whole_families()
    {
        var book = Book(("ModelRatio", """{"*-openai-compact":3,"gemini-2.5-pro-thinking-*":2}"""));

        Assert.Equal(3, book.Find("gpt-5-openai-compact", "default", "default")!.ModelRatio);
        Assert.Equal(2, book.Find("gemini-2.5-pro-thinking-100", "default", "default")!.ModelRatio);
        Assert.Equal(0.05m, Book().Find("gemini-2.5-flash-lite-thinking-100", "default", "default")!.ModelRatio);
    }

    [Fact]
    public void Same_question_gets_the_same_answer_without_allocating()
    {
        var book = Book();
        var first = book.Find("gpt-4o", "default", "vip");

        Assert.Equal(0, Allocations.Of(() => Assert.Same(first, book.Find("gpt-4o", "default", "vip"))));
    }

    [Fact]
    public void Inventive_names_do_not_fill_the_memory()
    {
        var book = Book();

        for (var name = 0; name < 30_000; name++)
        {
            Assert.NotNull(book.Find($"gpt-4-gizmo-{name}", "default", "default"));
        }

        Assert.NotNull(book.Find("gpt-4o", "default", "default"));
    }

    [Theory]
    [InlineData("web_search", "gpt-5", 10)]
    [InlineData("web_search_preview", "gpt-5", 10)]
    [InlineData("web_search_preview", "gpt-4o-mini-search-preview", 25)]
    [InlineData("web_search_preview", "gpt-4.1", 25)]
    [InlineData("google_search", "gemini-2.5-pro", 14)]
    public void Tools_have_shipped_prices(string tool, string model, double expected) =>
        Assert.Equal((decimal)expected, Book().Tools.Find(tool, null, model));

    [Fact]
    public void Administrators_tool_prices_are_final()
    {
        var tools = Book(("tool_price_setting.prices",
            """{"web_search_preview":0,"file_search:gpt-4*":1,"file_search:gpt-4o*":2,"image_generation/high/1024x1024":167}""")).Tools;

        Assert.Equal(0, tools.Find("web_search_preview", null, "gpt-4o"));
        Assert.Equal(2, tools.Find("file_search", null, "gpt-4o"));
        Assert.Equal(1, tools.Find("file_search", null, "gpt-4"));
        Assert.Equal(2.5m, tools.Find("file_search", null, "o3"));
        Assert.Equal(167, tools.Find("image_generation", "high/1024x1024", "gpt-5"));
        Assert.Equal(150, tools.Find("image_generation", "low/1024x1024", "gpt-5"));
        Assert.Null(tools.Find("nobody-knows", null, "gpt-5"));
    }

    [Fact]
    public void Log_explains_the_charge()
    {
        var price = Book(("GroupGroupRatio", """{"team":{"default":0.5}}""")).Find("claude-sonnet-4-20250514", "team", "default")!;
        var usage = new Usage
        {
            Semantics = UsageSemantics.InputExcludesCache,
            Input = 1000,
            Output = 800,
            CacheRead = 20000,
            CacheWrite = 4000,
            CacheWrite1h = 1000,
            Tools = ToolUses.Of(ToolPrices.WebSearch, 1),
        };

        var other = Other(price.For(usage, default));

        Assert.Equal(1.5m, other.GetProperty("model_ratio").GetDecimal());
        Assert.Equal(0.5m, other.GetProperty("group_ratio").GetDecimal());
        Assert.Equal(0.5m, other.GetProperty("user_group_ratio").GetDecimal());
        Assert.Equal(-1, other.GetProperty("model_price").GetDecimal());
        Assert.Equal(20000, other.GetProperty("cache_tokens").GetInt64());
        Assert.Equal(0.1m, other.GetProperty("cache_ratio").GetDecimal());
        Assert.Equal(4000, other.GetProperty("cache_creation_tokens").GetInt64());
        Assert.Equal(1000, other.GetProperty("cache_creation_tokens_1h").GetInt64());
        Assert.Equal(2, other.GetProperty("cache_creation_ratio_1h").GetDecimal());
        Assert.Equal(25000, other.GetProperty("input_tokens_total").GetInt64());
        Assert.Equal("anthropic", other.GetProperty("usage_semantic").GetString());
        Assert.Equal("web_search", other.GetProperty("tool_surcharges")[0].GetProperty("name").GetString());
        Assert.False(other.TryGetProperty("image", out _));
    }

    private static JsonElement Other(Charge charge)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            charge.WriteOther(writer);
            writer.WriteStartObject("admin_info");
            charge.WriteAdminInfo(writer);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return JsonDocument.Parse(Encoding.UTF8.GetString(stream.ToArray())).RootElement;
    }

    private static PriceBook Book(params (string Key, string Value)[] rows)
    {
        var options = GatewayOptions.Parse(rows.ToDictionary(row => row.Key, row => row.Value), out var problems);
        Assert.Empty(problems);
        return new PriceBook(options);
    }
}
