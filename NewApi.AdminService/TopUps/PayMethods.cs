using System.Globalization;
using System.Text.Json;
using NewApi.Domain.Options;
using NewApi.Payments;

namespace NewApi.AdminService.TopUps;

/// <summary>The ways to pay that the operator lists (option <c>PayMethods</c>), and what each of them needs.</summary>
internal static class PayMethods
{
    public const string Stripe = "stripe";
    public const string Creem = "creem";

    public static bool SellsByEpay(GatewayOptions options) => Epay.IsConfigured(options);

    public static bool SellsByStripe(GatewayOptions options) => StripeCheckout.IsConfigured(options) && options.StripePriceId.Length > 0;

    public static bool SellsByCreem(GatewayOptions options) => Payments.Creem.IsConfigured(options) && CreemOffer.All(options).Count > 0;

    /// <summary>A listed method of EPay, with the least amount that the list asks for it; null when it is not listed.</summary>
    public static decimal? LeastOf(GatewayOptions options, string? method)
    {
        foreach (var entry in Listed(options))
        {
            if (Text(entry, "type") == method && method is { Length: > 0 and <= 50 } and not (Stripe or Creem))
            {
                return decimal.TryParse(Text(entry, "min_topup"), CultureInfo.InvariantCulture, out var least) ? least : 0;
            }
        }
        return null;
    }

    /// <summary>The list as front ends show it: Stripe is in it when it can be paid with.</summary>
    public static void Write(Utf8JsonWriter json, GatewayOptions options)
    {
        json.WriteStartArray();
        var stripe = SellsByStripe(options);
        foreach (var entry in Listed(options))
        {
            stripe &= Text(entry, "type") != Stripe;
            entry.WriteTo(json);
        }
        if (stripe)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, "Stripe");
            json.WriteString("type"u8, Stripe);
            json.WriteString("color"u8, "rgba(var(--semi-purple-5), 1)");
            json.WriteString("min_topup"u8, options.StripeMinTopUp.ToString(CultureInfo.InvariantCulture));
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static IEnumerable<JsonElement> Listed(GatewayOptions options) =>
        options.PayMethods.ValueKind == JsonValueKind.Array
            ? options.PayMethods.EnumerateArray().Where(entry => entry.ValueKind == JsonValueKind.Object)
            : [];

    private static string? Text(JsonElement entry, string name) =>
        entry.TryGetProperty(name, out var value)
            ? value.ValueKind == JsonValueKind.String ? value.GetString() : value.GetRawText()
            : null;
}

/// <summary>A package of points on sale at Creem (option <c>CreemProducts</c>).</summary>
internal sealed record CreemOffer(string ProductId, string Name, decimal Price, string Currency, long Points)
{
    /// <summary>What it costs in the smallest unit of the currency.</summary>
    public long Due => (long)Math.Round(Price * 100, MidpointRounding.AwayFromZero);

    /// <summary>The packages that are complete; a package without a price or points is none.</summary>
    public static IReadOnlyList<CreemOffer> All(GatewayOptions options)
    {
        if (options.CreemProducts.ValueKind != JsonValueKind.Array)
        {
            return [];
        }
        var offers = new List<CreemOffer>();
        foreach (var entry in options.CreemProducts.EnumerateArray())
        {
            if (entry.ValueKind == JsonValueKind.Object
                && Text(entry, "productId") is { Length: > 0 } id
                && entry.TryGetProperty("price", out var price) && price.ValueKind == JsonValueKind.Number
                && price.TryGetDecimal(out var money) && money is > 0 and < 1_000_000_000
                && entry.TryGetProperty("quota", out var quota) && quota.ValueKind == JsonValueKind.Number
                && quota.TryGetInt64(out var points) && points > 0)
            {
                offers.Add(new CreemOffer(id, Text(entry, "name") ?? "", money, Text(entry, "currency") ?? "USD", points));
            }
        }
        return offers;
    }

    private static string? Text(JsonElement entry, string name) =>
        entry.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
