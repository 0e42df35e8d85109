using System.Runtime.CompilerServices;

namespace NewApi.Domain.Pricing.Expressions;

/// <summary>One run of an expression: what its nodes read and what they note.</summary>
internal ref struct Evaluation
{
    private Counts _counts;

    public PricedRequest? Request;

    public IReadOnlyDictionary<string, decimal>? Facts;

    /// <summary>The tier whose price was taken.</summary>
    public string? Tier;

    public decimal this[ExpressionVariable variable]
    {
        readonly get => _counts[(int)variable];
        set => _counts[(int)variable] = value;
    }

    [InlineArray(ExpressionVariables.Count)]
    private struct Counts
    {
        private decimal _first;
    }
}

/// <summary>An expression cannot be evaluated for this call.</summary>
internal sealed class EvaluationException(string message) : Exception(message);
