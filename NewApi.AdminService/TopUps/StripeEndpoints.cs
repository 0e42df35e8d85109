using System.Text;
using NewApi.AdminService.Access;
using NewApi.AdminService.Http;
using NewApi.AdminService.Settings;
using NewApi.Data.Payments;
using NewApi.Data.Rows;
using NewApi.Domain.Payments;
using NewApi.Payments;

namespace NewApi.AdminService.TopUps;

/// <summary>Top-ups through Stripe, and the address that Stripe reports all payments to.</summary>
internal static class StripeEndpoints
{
    private const long MostAmount = 10_000;

    public static void MapStripe(this IEndpointRouteBuilder routes)
    {
        var stripe = routes.MapGroup("/user/stripe").WithTags("Top-ups");
        stripe.MapPost("/amount", Amount).WithSummary("What an amount costs");
        stripe.MapPost("/pay", Pay).Limit(LimitKind.Critical).WithSummary("Make an order; answers with the address of its checkout");
        routes.MapPost("/stripe/webhook", Webhook).WithTags("Top-ups").WithSummary("Where Stripe reports payments");
    }

    internal static async Task<IResult> Amount(HttpContext context, AdminCaller caller, LiveOptions live, CancellationToken ct)
    {
        if (await context.ReadAsync<AmountRequest>() is not { } request)
        {
            return PaymentAnswer.Fail(Say.BadBody);
        }
        var options = await live.CurrentAsync(ct);
        var refusal = TopUpPrice.Of(
            options, caller.User.Group, request.Amount, options.StripeUnitPrice, options.StripeMinTopUp, out var price);
        return refusal == TopUpRefusal.None ? PaymentAnswer.Ok(EpayEndpoints.Show(price.Money)) : PaymentAnswer.Fail(TopUpWords.Of(refusal));
    }

    internal static async Task<IResult> Pay(
        HttpContext context,
        AdminCaller caller,
        LiveOptions live,
        OrderStore orders,
        StripeCheckout stripe,
        PaymentAddresses addresses,
        TimeProvider clock,
        ILogger<AdminModule.Log> log,
        CancellationToken ct)
    {
        if (await context.ReadAsync<AmountRequest>() is not { } request)
        {
            return PaymentAnswer.Fail(Say.BadBody);
        }
        var options = await live.CurrentAsync(ct);
        if (!PayMethods.SellsByStripe(options))
        {
            return PaymentAnswer.Fail(Say.PaymentOff);
        }
        if (request.PaymentMethod != PayMethods.Stripe)
        {
            return PaymentAnswer.Fail(Say.PaymentMethod);
        }
        if (!addresses.IsTrusted(options, request.SuccessUrl) || !addresses.IsTrusted(options, request.CancelUrl))
        {
            return PaymentAnswer.Fail(Say.RedirectRefused, StatusCodes.Status400BadRequest);
        }
        var refusal = TopUpPrice.Of(
            options, caller.User.Group, request.Amount, options.StripeUnitPrice, options.StripeMinTopUp, out var price);
        if (refusal == TopUpRefusal.None && price.Units > MostAmount)
        {
            refusal = TopUpRefusal.TooLarge;
        }
        if (refusal != TopUpRefusal.None)
        {
            return PaymentAnswer.Fail(TopUpWords.Of(refusal));
        }
        var tradeNo = TradeNumbers.Reference();
        await orders.OpenAsync(
            new TopUpRow
            {
                UserId = caller.Id,
                Amount = price.Units,
                // What the older releases multiply into points, should one of them complete the order.
                Money = price.Units,
                TradeNo = tradeNo,
                PaymentMethod = PayMethods.Stripe,
                PaymentProvider = PaymentProviders.Stripe,
                CreateTime = clock.GetUtcNow().ToUnixTimeSeconds(),
                Status = OrderStatus.Pending,
            },
            new PaymentRow { TradeNo = tradeNo, Provider = PaymentProviders.Stripe, Points = price.Points },
            ct);
        var order = new StripeOrder(
            tradeNo,
            options.StripePriceId,
            price.Units,
            price.Factor,
            Known(caller.User.StripeCustomer),
            Known(caller.User.Email),
            Known(request.SuccessUrl) ?? PaymentAddresses.Page(options, "/console/log"),
            Known(request.CancelUrl) ?? PaymentAddresses.Page(options, "/console/topup"));
        return await CheckoutAsync(orders, PaymentProviders.Stripe, tradeNo, () => stripe.OpenAsync(order, options, ct), log, ct) is { } checkout
            ? PaymentAnswer.Ok([new("pay_link", checkout.Url)])
            : PaymentAnswer.Fail(Say.PaymentFailed);
    }

    /// <summary>
    /// Opens a checkout for an order that is written down, and writes down what it asks for before the payer hears of it. When that fails,
    /// the order has failed.
    /// </summary>
    internal static async Task<Checkout?> CheckoutAsync(
        OrderStore orders, string provider, string tradeNo, Func<Task<Checkout>> open, ILogger log, CancellationToken ct)
    {
        try
        {
            var checkout = await open();
            await orders.ExpectAsync(tradeNo, checkout.Session, checkout.Due, checkout.Currency, CancellationToken.None);
            return checkout;
        }
        catch (PaymentProviderException fault)
        {
            log.CheckoutFailed(fault, provider, tradeNo);
            await orders.CloseAsync(tradeNo, provider, OrderStatus.Failed, CancellationToken.None);
            return null;
        }
    }

    /// <summary>
    /// 200 says that the report was read; whether it changes anything is ours to know. Anything but 200 makes Stripe report again, so only
    /// what another try could mend is answered so.
    /// </summary>
    internal static async Task<IResult> Webhook(
        HttpContext context,
        LiveOptions live,
        StripeCheckout stripe,
        OrderStore orders,
        OrderCompletion completion,
        ILogger<AdminModule.Log> log,
        CancellationToken ct)
    {
        var options = await live.CurrentAsync(ct);
        if (!StripeCheckout.IsConfigured(options))
        {
            log.NotConfigured(PaymentProviders.Stripe);
            return Results.BadRequest();
        }
        if (await RawBody.ReadAsync(context.Request, ct) is not { } body)
        {
            return Results.StatusCode(StatusCodes.Status503ServiceUnavailable);
        }
        if (stripe.Read(Encoding.UTF8.GetString(body), context.Request.Headers["Stripe-Signature"].ToString(), options) is not { } report)
        {
            log.Forged(PaymentProviders.Stripe);
            return Results.BadRequest();
        }
        await ActAsync(PaymentProviders.Stripe, report.TradeNo, report.Look, orders, completion, log, ct);
        return Results.Ok();
    }

    internal static async Task ActAsync(
        string provider, string tradeNo, CheckoutLook look, OrderStore orders, OrderCompletion completion, ILogger log, CancellationToken ct)
    {
        var status = look.State switch
        {
            CheckoutState.Expired => OrderStatus.Expired,
            CheckoutState.Failed => OrderStatus.Failed,
            _ => null,
        };
        if (look.Fact is { } fact)
        {
            await completion.CompleteAsync(fact, ct);
        }
        else if (status is not null && await orders.CloseAsync(tradeNo, provider, status, ct))
        {
            log.Closed(tradeNo, provider, status);
        }
    }

    internal static string? Known(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
