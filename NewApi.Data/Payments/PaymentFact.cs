namespace NewApi.Data.Payments;

/// <summary>Who takes the money; the names are stored in <c>payment_provider</c>.</summary>
public static class PaymentProviders
{
    public const string Epay = "epay";
    public const string Stripe = "stripe";
    public const string Creem = "creem";

    /// <summary>The wallet: plans bought from the balance.</summary>
    public const string Balance = "balance";

    /// <summary>Older rows name only the method, and every method but these two was EPay's.</summary>
    internal static string Of(string provider, string method) =>
        provider.Length > 0 ? provider : method is Stripe or Creem ? method : Epay;
}

/// <summary>States of an order (specification: data model §2.1).</summary>
public static class OrderStatus
{
    public const string Pending = "pending";
    public const string Success = "success";
    public const string Failed = "failed";
    public const string Expired = "expired";
}

/// <summary>A payment as its provider reported it, after its signature was verified or its answer was fetched.</summary>
public sealed record PaymentFact
{
    public required string Provider { get; init; }

    public required string TradeNo { get; init; }

    /// <summary>The provider's name of the checkout; null where it has none.</summary>
    public string? Session { get; init; }

    /// <summary>What was paid for the goods, in the smallest unit of the currency.</summary>
    public required long Amount { get; init; }

    /// <summary>What promotion codes took off: they lower what is paid, not what it is for.</summary>
    public long Discount { get; init; }

    /// <summary>ISO 4217.</summary>
    public required string Currency { get; init; }

    /// <summary>Taxes come on top of the price with this provider, so more than the price is no mistake.</summary>
    public bool MayExceed { get; init; }

    /// <summary>The payer's id at the provider, to be remembered; null when there is none.</summary>
    public string? Customer { get; init; }

    /// <summary>A few words of the report, kept with orders of plans.</summary>
    public string Payload { get; init; } = "";
}

/// <summary>What became of a reported payment.</summary>
public enum PaymentOutcome
{
    /// <summary>The order is complete and its goods are given.</summary>
    Completed,

    /// <summary>It was complete before; nothing happened.</summary>
    AlreadyComplete,

    /// <summary>There is no such order.</summary>
    UnknownOrder,

    /// <summary>The order was made with another provider.</summary>
    WrongProvider,

    /// <summary>The payment belongs to another checkout than the order's.</summary>
    WrongSession,

    /// <summary>Less, or other, than the price was paid.</summary>
    WrongAmount,

    /// <summary>It was paid in another currency.</summary>
    WrongCurrency,

    /// <summary>An order of an older release, of which nobody wrote down what it costs: an administrator has to look at it.</summary>
    Unverifiable,

    /// <summary>The order had failed, or its account is gone.</summary>
    NotOpen,
}

/// <summary>A completed payment and whom it concerns.</summary>
public sealed record PaymentResult(PaymentOutcome Outcome, long UserId = 0);
