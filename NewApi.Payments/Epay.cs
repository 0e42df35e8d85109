using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using NewApi.Data.Payments;
using NewApi.Data.Rows;
using NewApi.Domain.Options;

namespace NewApi.Payments;

/// <summary>A form that the payer's browser posts to the provider.</summary>
public sealed record EpayForm(string Url, IReadOnlyDictionary<string, string> Fields);

/// <summary>
/// The EPay protocol, spoken by many Chinese payment gateways: parameters signed with MD5 over a shared key, a form posted to
/// <c>submit.php</c>, a signed report to our address, and <c>api.php</c> to ask after an order. Its money is yuan.
/// </summary>
public sealed class Epay(IHttpClientFactory clients) : IPaymentProvider
{
    public const string Currency = "CNY";

    private const string Paid = "TRADE_SUCCESS";

    public string Name => PaymentProviders.Epay;

    /// <summary>Nothing is sold, and no report is believed, without an address, an id and a key.</summary>
    public static bool IsConfigured(GatewayOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Base(options) is not null && options.EpayId.Length > 0 && options.EpayKey.Length > 0;
    }

    /// <summary>The form of a new order.</summary>
    public static EpayForm Form(
        GatewayOptions options, string method, string tradeNo, string name, decimal money, string notifyUrl, string returnUrl)
    {
        ArgumentNullException.ThrowIfNull(options);
        var fields = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["pid"] = options.EpayId,
            ["type"] = method,
            ["out_trade_no"] = tradeNo,
            ["notify_url"] = notifyUrl,
            ["return_url"] = returnUrl,
            ["name"] = name,
            ["money"] = money.ToString("0.00", CultureInfo.InvariantCulture),
            ["device"] = "pc",
        };
        fields["sign"] = Sign(fields, options.EpayKey);
        fields["sign_type"] = "MD5";
        return new EpayForm(new Uri(Base(options)!, "submit.php").AbsoluteUri, fields);
    }

    /// <summary>The signature over parameters: sorted by name, without empty ones and without the signature itself, the key at the end.</summary>
    public static string Sign(IEnumerable<KeyValuePair<string, string>> parameters, string key)
    {
        var text = string.Join('&', parameters
            .Where(parameter => parameter.Value.Length > 0 && parameter.Key is not ("sign" or "sign_type"))
            .OrderBy(parameter => parameter.Key, StringComparer.Ordinal)
            .Select(parameter => $"{parameter.Key}={parameter.Value}"));
#pragma warning disable CA5351 // The protocol is MD5; there is nothing else to agree on.
        return Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(text + key)));
#pragma warning restore CA5351
    }

    /// <summary>Whether a report was signed with our key, for our account.</summary>
    public static bool IsGenuine(IReadOnlyDictionary<string, string> report, GatewayOptions options)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(options);
        return IsConfigured(options)
            && report.TryGetValue("sign", out var sign)
            && CryptographicOperations.FixedTimeEquals(
                Encoding.UTF8.GetBytes(sign.ToLowerInvariant()), Encoding.UTF8.GetBytes(Sign(report, options.EpayKey)))
            && report.GetValueOrDefault("pid") == options.EpayId;
    }

    /// <summary>The payment that a genuine report tells of; null when it tells of none, such as one that is still under way.</summary>
    public static PaymentFact? Read(IReadOnlyDictionary<string, string> report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return report.GetValueOrDefault("trade_status") == Paid && report.GetValueOrDefault("out_trade_no") is { Length: > 0 } tradeNo
            ? Fact(tradeNo, report.GetValueOrDefault("money"), report.GetValueOrDefault("trade_no"))
            : null;
    }

    public async Task<CheckoutLook> LookAsync(PaymentRow payment, GatewayOptions options, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(payment);
        // The question carries the key, so it is not asked in the clear.
        if (!IsConfigured(options) || Base(options) is not { } address || (address.Scheme != Uri.UriSchemeHttps && !address.IsLoopback))
        {
            return CheckoutLook.Open;
        }
        var query = $"api.php?act=order&pid={Uri.EscapeDataString(options.EpayId)}&key={Uri.EscapeDataString(options.EpayKey)}"
            + $"&out_trade_no={Uri.EscapeDataString(payment.TradeNo)}";
        using var client = clients.CreateClient(PaymentsModule.Client);
        using var reply = await ProviderReply.SendAsync(client, new HttpRequestMessage(HttpMethod.Get, new Uri(address, query)), cancel);
        var order = reply.RootElement;
        if (Text(order, "code") != "1" || Text(order, "status") != "1")
        {
            return CheckoutLook.Open;
        }
        return Text(order, "out_trade_no") == payment.TradeNo
            ? CheckoutLook.Paid(Fact(payment.TradeNo, Text(order, "money"), Text(order, "trade_no")))
            : throw new PaymentProviderException("EPay answered with another order.");
    }

    private static PaymentFact Fact(string tradeNo, string? money, string? theirNumber) => new()
    {
        Provider = PaymentProviders.Epay,
        TradeNo = tradeNo,
        // Anything finer than a hundredth is not money: nothing was paid that anybody asked for.
        Amount = decimal.TryParse(money, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount)
            && amount < 1_000_000_000_000m && decimal.Truncate(amount * 100) == amount * 100
            ? (long)(amount * 100)
            : 0,
        Currency = Currency,
        Payload = $"epay {theirNumber}",
    };

    private static Uri? Base(GatewayOptions options) =>
        Uri.TryCreate(options.PayAddress.TrimEnd('/') + "/", UriKind.Absolute, out var uri) && uri.Scheme is ("http" or "https") ? uri : null;

    /// <summary>Gateways differ in whether their numbers are numbers.</summary>
    private static string? Text(JsonElement order, string name) =>
        order.ValueKind == JsonValueKind.Object && order.TryGetProperty(name, out var value)
            ? value.ValueKind == JsonValueKind.String ? value.GetString() : value.GetRawText()
            : null;
}
