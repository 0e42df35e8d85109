namespace NewApi.Domain.Pricing.Expressions;

/// <summary>What is wrong with the text of an expression, and where: a count of characters from its start.</summary>
public sealed record ExpressionError(int Position, string Message)
{
    public override string ToString() => $"{Message} (at character {Position + 1})";
}

internal sealed class ExpressionException(int position, string message) : Exception(message)
{
    public int Position => position;
}
