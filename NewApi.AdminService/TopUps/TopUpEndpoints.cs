using System.Text.Json;
using LinqToDB;
using NewApi.AdminService.Access;
using NewApi.AdminService.Http;
using NewApi.AdminService.Settings;
using NewApi.Data;
using NewApi.Data.Payments;
using NewApi.Data.Rows;
using NewApi.Domain.Options;
using NewApi.Payments;

namespace NewApi.AdminService.TopUps;

/// <summary>What is on sale, and orders of it (specification: admin API §7).</summary>
internal static class TopUpEndpoints
{
    public static void MapTopUps(this IEndpointRouteBuilder routes)
    {
        var user = routes.MapGroup("/user").WithTags("Top-ups");
        user.MapGet("/topup/info", Info).WithSummary("Ways to pay, amounts and discounts");
        user.MapGet("/topup/self", ListOwn).WithSummary("The own orders");
        user.MapGet("/topup", List).RequireRole(Roles.Admin).WithSummary("All orders");
        user.MapPost("/topup/complete", Complete).RequireRole(Roles.Admin).WithSummary("Complete an order by hand");
    }

    internal static async Task<IResult> Info(LiveOptions live, CancellationToken ct)
    {
        var options = await live.CurrentAsync(ct);
        return Answer.Ok(json => Write(json, options));
    }

    internal static async Task<IResult> ListOwn(HttpRequest request, AdminCaller caller, Database database, CancellationToken ct)
    {
        await using var db = database.Open();
        return await PageAsync(request, db.TopUps.Where(row => row.UserId == caller.Id), ct);
    }

    internal static async Task<IResult> List(HttpRequest request, Database database, CancellationToken ct)
    {
        await using var db = database.Open();
        return await PageAsync(request, db.TopUps, ct);
    }

    internal static async Task<IResult> Complete(HttpContext context, AdminCaller caller, OrderCompletion completion, CancellationToken ct)
    {
        if (await context.ReadAsync<CompleteRequest>() is not { TradeNo: { Length: > 0 and <= 255 } tradeNo })
        {
            return Answer.Fail(Say.BadBody);
        }
        return await completion.CompleteByHandAsync(tradeNo, caller.Id, caller.Username, ct) switch
        {
            PaymentOutcome.Completed or PaymentOutcome.AlreadyComplete => Answer.Ok(),
            PaymentOutcome.UnknownOrder => Answer.NotFound(),
            _ => Answer.Fail(Say.OrderClosed),
        };
    }

    private static async Task<IResult> PageAsync(HttpRequest request, IQueryable<TopUpRow> orders, CancellationToken ct)
    {
        if (request.Text("keyword") is { Length: > 0 } keyword)
        {
            if (SearchPattern.Part(keyword) is not { } part)
            {
                return Answer.Fail(Say.SearchPattern);
            }
            orders = orders.Where(row => Sql.Like(row.TradeNo, part, '~'));
        }
        return Answer.Ok(await Paging.Of(request).ReadAsync(orders, orders.OrderByDescending(row => row.Id), TopUpView.Of, ct));
    }

    private static void Write(Utf8JsonWriter json, GatewayOptions options)
    {
        json.WriteStartObject();
        json.WriteBoolean("enable_online_topup"u8, PayMethods.SellsByEpay(options));
        json.WriteBoolean("enable_stripe_topup"u8, PayMethods.SellsByStripe(options));
        json.WriteBoolean("enable_creem_topup"u8, PayMethods.SellsByCreem(options));
        json.WriteString("creem_products"u8, options.CreemProducts.ValueKind == JsonValueKind.Array ? options.CreemProducts.GetRawText() : "[]");
        json.WritePropertyName("pay_methods"u8);
        PayMethods.Write(json, options);
        json.WriteNumber("min_topup"u8, options.MinTopUp);
        json.WriteNumber("stripe_min_topup"u8, options.StripeMinTopUp);
        json.WriteStartArray("amount_options"u8);
        foreach (var amount in options.Payment.AmountOptions)
        {
            json.WriteNumberValue(amount);
        }
        json.WriteEndArray();
        json.WriteStartObject("discount"u8);
        foreach (var (amount, factor) in options.Payment.AmountDiscount)
        {
            json.WriteNumber(amount, factor);
        }
        json.WriteEndObject();
        json.WriteEndObject();
    }
}

/// <summary>Why an amount cannot be bought, in words.</summary>
internal static class TopUpWords
{
    public static Text Of(Domain.Payments.TopUpRefusal refusal) => refusal switch
    {
        Domain.Payments.TopUpRefusal.TooSmall => Say.TopUpTooSmall,
        Domain.Payments.TopUpRefusal.TooLarge => Say.TopUpTooLarge,
        Domain.Payments.TopUpRefusal.NotWholeUnits => Say.TopUpNotWhole,
        _ => Say.TopUpTooCheap,
    };
}
