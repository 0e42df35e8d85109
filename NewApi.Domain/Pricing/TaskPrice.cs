namespace NewApi.Domain.Pricing;

/// <summary>
/// The price of a task as it was when the task was ordered, kept with it: whatever prices become until it ends, it is settled by this one
/// (specification: billing §4.10).
/// </summary>
public sealed record TaskPrice
{
    /// <summary>US dollars; null for a task that is sold by tokens or by a formula.</summary>
    public decimal? PerCall { get; init; }

    public decimal ModelRatio { get; init; }

    public decimal GroupRatio { get; init; }

    public decimal? UserGroupRatio { get; init; }

    public decimal QuotaPerUnit { get; init; }

    /// <summary>A formula made the charge; it stands.</summary>
    public bool ByFormula { get; init; }

    /// <summary>Nothing multiplies the price: the operator sells this model by the piece, whatever its length (<c>TASK_PRICE_PATCH</c>).</summary>
    public bool Unmultiplied { get; init; }

    /// <summary>The price, or half the ratio in US dollars, times what multiplies it; fractions are dropped before and after.</summary>
    public decimal Times(decimal factor) => Math.Truncate(Math.Truncate((PerCall ?? ModelRatio / 2) * QuotaPerUnit * GroupRatio) * factor);

    /// <summary>What the task costs now that it has succeeded.</summary>
    /// <param name="charged">What was charged when it was ordered.</param>
    /// <param name="factors">What multiplies the price by what came out.</param>
    /// <param name="tokens">What the upstream counted, if it did.</param>
    public Quota Final(Quota charged, IReadOnlyDictionary<string, decimal> factors, long? tokens)
    {
        if (ByFormula)
        {
            return charged;
        }

        var factor = Math.Min(Unmultiplied ? 1 : Product(factors), ChargeFactors.LargestOtherRatio);
        var exact = PerCall is null && tokens is > 0 and var counted
            ? Math.Truncate(Math.Min(counted, Counts.Most) * ModelRatio * GroupRatio * factor)
            : Times(factor);
        return new Quota((long)Math.Min(exact, QuotaRounding.LargestCharge));
    }

    /// <summary>All factors together; one that is not above zero is none.</summary>
    public static decimal Product(IReadOnlyDictionary<string, decimal> factors)
    {
        ArgumentNullException.ThrowIfNull(factors);
        var product = 1m;
        foreach (var factor in factors.Values)
        {
            product *= factor is > 0 and <= ChargeFactors.LargestOtherRatio ? factor : 1;
        }

        return product;
    }
}
