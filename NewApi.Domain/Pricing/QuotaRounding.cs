namespace NewApi.Domain.Pricing;

/// <summary>The one place where an exact amount becomes whole points.</summary>
public static class QuotaRounding
{
    /// <summary>Most that one call may cost: a policy, equal to the largest amount that the reference can book for a call.</summary>
    public const long LargestCharge = int.MaxValue;

    /// <summary>Half points go away from zero: 0.5 is 1, 2.5 is 3. False when the amount is negative or above the policy limit.</summary>
    public static bool TryRound(decimal exact, out Quota quota)
    {
        var whole = Math.Round(exact, MidpointRounding.AwayFromZero);
        var fits = whole is >= 0 and <= LargestCharge;
        quota = fits ? new Quota((long)whole) : Quota.Zero;
        return fits;
    }
}

/// <summary>A charge that did not fit and was booked as the limit; kept for the administrator in the usage log.</summary>
public readonly record struct QuotaSaturation(string Operation, string Kind, decimal? Original, Quota Clamped);
