using NewApi.Data.Payments;
using NewApi.Data.Rows;
using NewApi.Domain.Options;
using Newtonsoft.Json;
using Stripe;
using Stripe.Checkout;

namespace NewApi.Payments;

/// <summary>What a checkout of Stripe sells and to whom.</summary>
/// <param name="TradeNo">Our order.</param>
/// <param name="PriceId">The price as it is kept at Stripe.</param>
/// <param name="Quantity">How many of it.</param>
/// <param name="Factor">What the price is multiplied by for this payer; 1 is the price itself.</param>
/// <param name="Customer">The payer's id at Stripe; null on the first payment.</param>
/// <param name="Email">Filled in for the payer; null when unknown.</param>
/// <param name="SuccessUrl">Where the payer returns to.</param>
/// <param name="CancelUrl">Where the payer goes who changes their mind.</param>
public sealed record StripeOrder(
    string TradeNo, string PriceId, long Quantity, decimal Factor, string? Customer, string? Email, string SuccessUrl, string CancelUrl);

/// <summary>A report of Stripe whose signature is verified.</summary>
/// <param name="TradeNo">Our order; empty when the report is about none.</param>
/// <param name="Look">What it says about it.</param>
public sealed record StripeReport(string TradeNo, CheckoutLook Look);

/// <summary>Hosted checkout pages of Stripe, through its own library.</summary>
public sealed class StripeCheckout(IHttpClientFactory clients, TimeProvider clock) : IPaymentProvider
{
    private const long SignatureSeconds = 300;

    public string Name => PaymentProviders.Stripe;

    /// <summary>Without the secret of the webhook nobody could tell a payment from a claim, so nothing is sold.</summary>
    public static bool IsConfigured(GatewayOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.StripeApiSecret.Length > 0 && options.StripeWebhookSecret.Length > 0;
    }

    /// <summary>Opens a checkout. The price is read first: what Stripe sells it for is what the payer pays, in its currency.</summary>
    /// <exception cref="PaymentProviderException">Stripe refuses or cannot be reached.</exception>
    public async Task<Checkout> OpenAsync(StripeOrder order, GatewayOptions options, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(order);
        ArgumentNullException.ThrowIfNull(options);
        var client = Connect(options);
        return await AskAsync(async () =>
        {
            var price = await new PriceService(client).GetAsync(order.PriceId, cancellationToken: cancel);
            var create = new SessionCreateOptions
            {
                Mode = "payment",
                ClientReferenceId = order.TradeNo,
                SuccessUrl = order.SuccessUrl,
                CancelUrl = order.CancelUrl,
                Customer = order.Customer,
                CustomerEmail = order.Customer is null ? order.Email : null,
                CustomerCreation = order.Customer is null ? "always" : null,
                AllowPromotionCodes = options.StripePromotionCodesEnabled ? true : null,
                LineItems = [Item(order, price)],
            };
            var session = await new SessionService(client).CreateAsync(
                create, new RequestOptions { IdempotencyKey = order.TradeNo }, cancel);
            return session is { Url.Length: > 0, AmountSubtotal: { } due, Currency.Length: > 0 }
                ? new Checkout(session.Id, session.Url, due, session.Currency)
                : throw new PaymentProviderException("Stripe opened a checkout without a price.");
        });
    }

    /// <summary>Reads a report; null when its signature is missing, wrong or too old.</summary>
    public StripeReport? Read(string body, string signature, GatewayOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Event report;
        try
        {
            // Nothing of a body is read before its signature is known to be right.
            EventUtility.ValidateSignature(
                body, signature, options.StripeWebhookSecret, SignatureSeconds, clock.GetUtcNow().ToUnixTimeSeconds());
            // The version of the account's webhook may be older than the library's: the few members read here are in all of them.
            report = EventUtility.ParseEvent(body, throwOnApiVersionMismatch: false);
        }
        catch (Exception fault) when (fault is StripeException or JsonException or ArgumentException or FormatException or OverflowException)
        {
            return null;
        }
        if (report?.Data?.Object is not Session { ClientReferenceId: { Length: > 0 } tradeNo } session)
        {
            return new StripeReport("", CheckoutLook.Open);
        }
        var look = report.Type switch
        {
            EventTypes.CheckoutSessionCompleted or EventTypes.CheckoutSessionAsyncPaymentSucceeded => Look(session, options),
            EventTypes.CheckoutSessionExpired => CheckoutLook.Expired,
            EventTypes.CheckoutSessionAsyncPaymentFailed => CheckoutLook.Failed,
            _ => CheckoutLook.Open,
        };
        return new StripeReport(tradeNo, look);
    }

    public async Task<CheckoutLook> LookAsync(PaymentRow payment, GatewayOptions options, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(payment);
        ArgumentNullException.ThrowIfNull(options);
        if (options.StripeApiSecret.Length == 0 || payment.Session.Length == 0)
        {
            return CheckoutLook.Open;
        }
        var session = await AskAsync(() => new SessionService(Connect(options)).GetAsync(payment.Session, cancellationToken: cancel));
        return Look(session, options);
    }

    private static CheckoutLook Look(Session session, GatewayOptions options) => session switch
    {
        { Status: "expired" } => CheckoutLook.Expired,
        { PaymentStatus: "paid" or "no_payment_required", ClientReferenceId: { Length: > 0 } tradeNo } => CheckoutLook.Paid(new PaymentFact
        {
            Provider = PaymentProviders.Stripe,
            TradeNo = tradeNo,
            Session = session.Id,
            // Before taxes. Promotion codes lower what is paid, not what it is for, where the operator gives them out.
            Amount = (session.AmountSubtotal ?? 0) - (options.StripePromotionCodesEnabled ? 0 : session.TotalDetails?.AmountDiscount ?? 0),
            Discount = options.StripePromotionCodesEnabled ? session.TotalDetails?.AmountDiscount ?? 0 : 0,
            Currency = session.Currency ?? "",
            Customer = session.CustomerId,
            Payload = $"stripe {session.Id}",
        }),
        _ => CheckoutLook.Open,
    };

    private static SessionLineItemOptions Item(StripeOrder order, Price price)
    {
        if (order.Factor == 1 && price.Recurring is null)
        {
            return new SessionLineItemOptions { Price = price.Id, Quantity = order.Quantity };
        }
        // One payment for one period, also where the price at Stripe would renew itself: nobody here extends a plan by itself.
        var unit = price.UnitAmountDecimal ?? price.UnitAmount ?? throw new PaymentProviderException("The price at Stripe has no amount.");
        return new SessionLineItemOptions
        {
            Quantity = order.Quantity,
            PriceData = new SessionLineItemPriceDataOptions
            {
                Currency = price.Currency,
                Product = price.ProductId,
                UnitAmountDecimal = Math.Round(unit * order.Factor, 6, MidpointRounding.AwayFromZero),
            },
        };
    }

    private StripeClient Connect(GatewayOptions options) => new(
        options.StripeApiSecret,
        httpClient: new SystemNetHttpClient(clients.CreateClient(PaymentsModule.Client), maxNetworkRetries: 1, enableTelemetry: false));

    private static async Task<T> AskAsync<T>(Func<Task<T>> ask)
    {
        try
        {
            return await ask();
        }
        catch (StripeException fault)
        {
            throw new PaymentProviderException($"Stripe refused: {fault.StripeError?.Code ?? fault.HttpStatusCode.ToString()}.", fault);
        }
        catch (HttpRequestException fault)
        {
            throw new PaymentProviderException("Stripe cannot be reached.", fault);
        }
        catch (TaskCanceledException fault) when (fault.InnerException is TimeoutException)
        {
            throw new PaymentProviderException("Stripe did not answer in time.", fault);
        }
    }
}
