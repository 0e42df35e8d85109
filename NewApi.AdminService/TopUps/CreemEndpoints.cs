using NewApi.AdminService.Access;
using NewApi.AdminService.Http;
using NewApi.AdminService.Settings;
using NewApi.Data.Payments;
using NewApi.Data.Rows;
using NewApi.Domain.Options;
using NewApi.Payments;

namespace NewApi.AdminService.TopUps;

/// <summary>Packages of points through Creem, and the address that Creem reports all payments to.</summary>
internal static class CreemEndpoints
{
    public static void MapCreem(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/user/creem/pay", Pay).Limit(LimitKind.Critical).WithTags("Top-ups")
            .WithSummary("Order a package; answers with the address of its checkout");
        routes.MapPost("/creem/webhook", Webhook).WithTags("Top-ups").WithSummary("Where Creem reports payments");
    }

    internal static async Task<IResult> Pay(
        HttpContext context,
        AdminCaller caller,
        LiveOptions live,
        OrderStore orders,
        Creem creem,
        TimeProvider clock,
        ILogger<AdminModule.Log> log,
        CancellationToken ct)
    {
        if (await context.ReadAsync<ProductRequest>() is not { } request)
        {
            return PaymentAnswer.Fail(Say.BadBody);
        }
        var options = await live.CurrentAsync(ct);
        if (!PayMethods.SellsByCreem(options))
        {
            return PaymentAnswer.Fail(Say.PaymentOff);
        }
        if (request.PaymentMethod != PayMethods.Creem)
        {
            return PaymentAnswer.Fail(Say.PaymentMethod);
        }
        if (CreemOffer.All(options).FirstOrDefault(offer => offer.ProductId == request.ProductId) is not { } chosen)
        {
            return PaymentAnswer.Fail(Say.ProductUnknown);
        }
        var tradeNo = TradeNumbers.Reference();
        await orders.OpenAsync(
            new TopUpRow
            {
                UserId = caller.Id,
                Amount = chosen.Points,
                Money = chosen.Price,
                TradeNo = tradeNo,
                PaymentMethod = PayMethods.Creem,
                PaymentProvider = PaymentProviders.Creem,
                CreateTime = clock.GetUtcNow().ToUnixTimeSeconds(),
                Status = OrderStatus.Pending,
            },
            new PaymentRow { TradeNo = tradeNo, Provider = PaymentProviders.Creem, Points = chosen.Points },
            ct);
        return await StripeEndpoints.CheckoutAsync(
            orders, PaymentProviders.Creem, tradeNo, () => OpenAsync(creem, chosen, tradeNo, caller, options, ct), log, ct) is { } checkout
            ? PaymentAnswer.Ok([new("checkout_url", checkout.Url), new("order_id", tradeNo)])
            : PaymentAnswer.Fail(Say.PaymentFailed);
    }

    internal static async Task<IResult> Webhook(
        HttpContext context,
        LiveOptions live,
        OrderStore orders,
        OrderCompletion completion,
        ILogger<AdminModule.Log> log,
        CancellationToken ct)
    {
        var options = await live.CurrentAsync(ct);
        if (!Creem.IsConfigured(options))
        {
            log.NotConfigured(PaymentProviders.Creem);
            return Results.Unauthorized();
        }
        if (await RawBody.ReadAsync(context.Request, ct) is not { } body
            || !Creem.IsGenuine(body, context.Request.Headers["creem-signature"].ToString(), options))
        {
            log.Forged(PaymentProviders.Creem);
            return Results.Unauthorized();
        }
        if (Creem.Read(body) is not { } report)
        {
            return Results.BadRequest();
        }
        await StripeEndpoints.ActAsync(PaymentProviders.Creem, report.TradeNo, report.Look, orders, completion, log, ct);
        return Results.Ok();
    }

    /// <summary>What we show must be what Creem charges: a package whose price was changed on one side only is not sold.</summary>
    private static async Task<Checkout> OpenAsync(
        Creem creem, CreemOffer chosen, string tradeNo, AdminCaller caller, GatewayOptions options, CancellationToken ct)
    {
        var product = await creem.ProductAsync(chosen.ProductId, options, ct);
        if (product.Price != chosen.Due || !product.Currency.Equals(chosen.Currency, StringComparison.OrdinalIgnoreCase))
        {
            throw new PaymentProviderException($"Product {chosen.ProductId} has another price at Creem than in CreemProducts.");
        }
        return await creem.OpenAsync(product, tradeNo, caller.User.Email, PaymentAddresses.Page(options, "/console/log"), options, ct);
    }
}
