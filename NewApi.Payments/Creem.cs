using System.Net.Mime;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using NewApi.Data.Payments;
using NewApi.Data.Rows;
using NewApi.Domain.Options;

namespace NewApi.Payments;

/// <summary>A product on sale at Creem, as Creem knows it.</summary>
public sealed record CreemProduct(string Id, long Price, string Currency);

/// <summary>A report of Creem whose signature is verified.</summary>
/// <param name="TradeNo">Our order; empty when the report is about none.</param>
/// <param name="Look">What it says about it.</param>
public sealed record CreemReport(string TradeNo, CheckoutLook Look);

/// <summary>Hosted checkout pages of Creem (docs.creem.io): products with a fixed price, taxes on top.</summary>
public sealed class Creem(IHttpClientFactory clients) : IPaymentProvider
{
    private static readonly Uri Live = new("https://api.creem.io");
    private static readonly Uri Test = new("https://test-api.creem.io");

    public string Name => PaymentProviders.Creem;

    /// <summary>Also in test mode nothing is believed without the secret of the webhook.</summary>
    public static bool IsConfigured(GatewayOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.CreemApiKey.Length > 0 && options.CreemWebhookSecret.Length > 0;
    }

    /// <summary>What Creem asks for a product.</summary>
    /// <exception cref="PaymentProviderException">Creem does not know it or cannot be reached.</exception>
    public async Task<CreemProduct> ProductAsync(string productId, GatewayOptions options, CancellationToken cancel)
    {
        using var reply = await SendAsync(HttpMethod.Get, $"/v1/products?product_id={Uri.EscapeDataString(productId)}", null, options, cancel);
        return Number(reply.RootElement, "price") is { } price && Text(reply.RootElement, "currency") is { Length: > 0 } currency
            ? new CreemProduct(productId, price, currency)
            : throw new PaymentProviderException("Creem answered with a product that has no price.");
    }

    /// <summary>Opens a checkout for one piece of a product.</summary>
    /// <exception cref="PaymentProviderException">Creem refuses or cannot be reached.</exception>
    public async Task<Checkout> OpenAsync(
        CreemProduct product, string tradeNo, string? email, string successUrl, GatewayOptions options, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(product);
        var body = new JsonObject { ["product_id"] = product.Id, ["request_id"] = tradeNo, ["units"] = 1, ["success_url"] = successUrl };
        if (!string.IsNullOrEmpty(email))
        {
            body["customer"] = new JsonObject { ["email"] = email };
        }
        using var reply = await SendAsync(HttpMethod.Post, "/v1/checkouts", body, options, cancel);
        return Text(reply.RootElement, "id") is { Length: > 0 } id && Text(reply.RootElement, "checkout_url") is { Length: > 0 } url
            ? new Checkout(id, url, product.Price, product.Currency)
            : throw new PaymentProviderException("Creem opened a checkout without an address.");
    }

    /// <summary>Whether the signature, hexadecimal HMAC-SHA-256 over the body, was made with our secret.</summary>
    public static bool IsGenuine(ReadOnlySpan<byte> body, string signature, GatewayOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(signature);
        var expected = Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(options.CreemWebhookSecret), body));
        return IsConfigured(options) && CryptographicOperations.FixedTimeEquals(
            Encoding.UTF8.GetBytes(signature.ToLowerInvariant()), Encoding.UTF8.GetBytes(expected));
    }

    /// <summary>Reads a genuine report; null when it is not JSON.</summary>
    public static CreemReport? Read(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var report = JsonDocument.Parse(body);
            return Text(report.RootElement, "eventType") == "checkout.completed"
                && Member(report.RootElement, "object") is { } checkout && Text(checkout, "request_id") is { Length: > 0 } tradeNo
                ? new CreemReport(tradeNo, Look(checkout))
                : new CreemReport("", CheckoutLook.Open);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public async Task<CheckoutLook> LookAsync(PaymentRow payment, GatewayOptions options, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(payment);
        ArgumentNullException.ThrowIfNull(options);
        if (options.CreemApiKey.Length == 0 || payment.Session.Length == 0)
        {
            return CheckoutLook.Open;
        }
        using var reply = await SendAsync(
            HttpMethod.Get, $"/v1/checkouts?checkout_id={Uri.EscapeDataString(payment.Session)}", null, options, cancel);
        return Look(reply.RootElement);
    }

    private static CheckoutLook Look(JsonElement checkout)
    {
        if (Text(checkout, "status") is "expired")
        {
            return CheckoutLook.Expired;
        }
        return Member(checkout, "order") is { } order && Text(order, "status") == "paid"
            && Text(checkout, "request_id") is { Length: > 0 } tradeNo && Number(order, "amount") is { } amount
            ? CheckoutLook.Paid(new PaymentFact
            {
                Provider = PaymentProviders.Creem,
                TradeNo = tradeNo,
                Session = Text(checkout, "id") ?? "",
                Amount = amount,
                Currency = Text(order, "currency") ?? "",
                MayExceed = true,
                Payload = $"creem {Text(order, "id")}",
            })
            : CheckoutLook.Open;
    }

    private async Task<JsonDocument> SendAsync(HttpMethod method, string path, JsonNode? body, GatewayOptions options, CancellationToken cancel)
    {
        var request = new HttpRequestMessage(method, new Uri(options.CreemTestMode ? Test : Live, path));
        request.Headers.TryAddWithoutValidation("x-api-key", options.CreemApiKey);
        if (body is not null)
        {
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, MediaTypeNames.Application.Json);
        }
        using var client = clients.CreateClient(PaymentsModule.Client);
        return await ProviderReply.SendAsync(client, request, cancel);
    }

    private static JsonElement? Member(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Object ? value : null;

    private static string? Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    private static long? Number(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value)
            && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number)
            ? number
            : null;
}
