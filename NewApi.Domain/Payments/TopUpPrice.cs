using NewApi.Domain.Options;

namespace NewApi.Domain.Payments;

/// <summary>Why an amount cannot be bought.</summary>
public enum TopUpRefusal
{
    None,

    /// <summary>Below the least amount that is sold.</summary>
    TooSmall,

    /// <summary>Beyond what a balance can hold.</summary>
    TooLarge,

    /// <summary>Amounts are typed in points, and this one is not a whole number of units: the rest would be paid for nothing.</summary>
    NotWholeUnits,

    /// <summary>It would cost less than a hundredth.</summary>
    TooCheap,
}

/// <summary>What an amount costs and gives (specification: admin API §7).</summary>
/// <param name="Units">Whole US dollars' worth of points.</param>
/// <param name="Points">What the balance gains.</param>
/// <param name="Money">What is to be paid, to two decimals.</param>
/// <param name="Factor">Group ratio times discount: what the money was multiplied by.</param>
public readonly record struct TopUpPrice(long Units, long Points, decimal Money, decimal Factor)
{
    /// <summary>The largest amount at once, in units; nobody tops up more, and all arithmetic stays exact.</summary>
    public const long MostUnits = 10_000_000;

    private const decimal Cheapest = 0.01m;

    /// <param name="options">Display, group ratios and discounts.</param>
    /// <param name="group">The payer's group.</param>
    /// <param name="amount">What the payer typed: units, or points where amounts are shown as points.</param>
    /// <param name="unitPrice">Money per unit.</param>
    /// <param name="leastUnits">The smallest amount on sale.</param>
    /// <param name="price">The price, when there is one.</param>
    public static TopUpRefusal Of(
        GatewayOptions options, string group, long amount, decimal unitPrice, decimal leastUnits, out TopUpPrice price)
    {
        ArgumentNullException.ThrowIfNull(options);
        price = default;
        var units = options.General.QuotaDisplayType == QuotaDisplay.Tokens ? amount / options.QuotaPerUnit : amount;
        if (amount <= 0 || units < leastUnits)
        {
            return TopUpRefusal.TooSmall;
        }
        if (units > MostUnits || units * options.QuotaPerUnit > long.MaxValue / 1024)
        {
            return TopUpRefusal.TooLarge;
        }
        if (units != decimal.Truncate(units))
        {
            return TopUpRefusal.NotWholeUnits;
        }
        var factor = Ratio(options, group) * Discount(options, amount);
        var exact = units * unitPrice * factor;
        if (exact > 1_000_000_000_000m)
        {
            return TopUpRefusal.TooLarge;
        }
        var money = Round(exact);
        if (money < Cheapest)
        {
            return TopUpRefusal.TooCheap;
        }
        price = new TopUpPrice((long)units, PointsOf(units, options), money, factor);
        return TopUpRefusal.None;
    }

    /// <summary>
    /// Units that an amount of money buys, whatever it was paid for, without the discounts of amounts on sale; null where nobody here knows what
    /// the currency is worth.
    /// </summary>
    /// <param name="options">Price and group ratios.</param>
    /// <param name="group">The payer's group.</param>
    /// <param name="money">In whole units of the currency.</param>
    /// <param name="currency">ISO 4217, in capitals. A unit is a dollar; yuan buy units at the price of EPay.</param>
    public static decimal? UnitsFor(GatewayOptions options, string group, decimal money, string currency)
    {
        ArgumentNullException.ThrowIfNull(options);
        decimal? unitPrice = currency switch
        {
            "USD" => 1,
            "CNY" when options.Price > 0 => options.Price,
            _ => null,
        };
        return unitPrice is { } price ? Math.Clamp(money / (price * Ratio(options, group)), 0, MostUnits) : null;
    }

    /// <summary>Points that so many units are worth now.</summary>
    public static long PointsOf(decimal units, GatewayOptions options) =>
        (long)Math.Round(units * options.QuotaPerUnit, MidpointRounding.AwayFromZero);

    /// <summary>Money as it is shown and paid: halves of a hundredth go up.</summary>
    public static decimal Round(decimal money) => Math.Round(money, 2, MidpointRounding.AwayFromZero);

    private static decimal Ratio(GatewayOptions options, string group) =>
        options.TopupGroupRatio.TryGetValue(group, out var configured) && configured > 0 ? configured : 1;

    /// <summary>Only the very amount that was put on sale is cheaper.</summary>
    private static decimal Discount(GatewayOptions options, long amount)
    {
        foreach (var (key, factor) in options.Payment.AmountDiscount)
        {
            if (factor > 0 && decimal.TryParse(key, System.Globalization.CultureInfo.InvariantCulture, out var onSale) && onSale == amount)
            {
                return factor;
            }
        }
        return 1;
    }
}
