using NewApi.Domain.Options;
using NewApi.Domain.Pricing;
using NewApi.Domain.Pricing.Expressions;

namespace NewApi.Domain.Tests.Solution;

/// <summary>docs/prices.md says what the code does.</summary>
public class PricesPageTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "prices.md"));

    [Fact]
    public void Every_corrected_price_is_listed()
    {
        var listed = Page.Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal)).ToHashSet(StringComparer.Ordinal);

        Assert.All(DefaultPrices.Corrections, correction =>
            Assert.Contains($"| {correction.Kind} | {correction.Models} | {correction.Reference} | {correction.Ours} |", listed));
    }

    [Fact]
    public void Corrections_are_true_of_the_shipped_tables()
    {
        var book = new PriceBook(GatewayOptions.Default);

        Assert.Equal(4, Of("o4-mini").CompletionRatio);
        Assert.Equal(4, Of("gpt-4.1").CompletionRatio);
        Assert.Equal(3, Of("gpt-3.5-turbo").CompletionRatio);
        Assert.Equal(4, Of("deepseek-chat").CompletionRatio);
        Assert.Equal(5, Of("claude-opus-5").CompletionRatio);
        Assert.Equal(3, Of("claude-2.1").CompletionRatio);
        Assert.Equal(0.05m, Of("gemini-2.5-flash-lite-preview-thinking-1024").ModelRatio);
        Assert.Equal(8, Of("gpt-4o-realtime-preview-2024-12-17").AudioRatio);
        Assert.Equal(40, Of("gpt-4o-audio-preview-2024-10-01").AudioRatio);
        Assert.Equal(2, Of("gpt-4o-audio-preview").AudioCompletionRatio);

        Price Of(string model) => book.Find(model, "", "", acceptUnset: true)!;
    }

    [Fact]
    public void Every_formula_on_the_page_compiles()
    {
        var formulas = Page.Split("```formula\n").Skip(1).Select(part => part[..part.IndexOf("\n```", StringComparison.Ordinal)]).ToList();

        Assert.NotEmpty(formulas);
        Assert.All(formulas, text =>
        {
            Assert.True(PriceExpression.TryParse(text, out var formula, out var error), $"{text}: {error}");
            Assert.Null(formula.Try());
        });
    }
}
