using System.Globalization;
using LinqToDB.Async;
using NewApi.AdminService.Access;
using NewApi.AdminService.Accounts;
using NewApi.AdminService.Http;
using NewApi.AdminService.Settings;
using NewApi.AdminService.TopUps;
using NewApi.Data;
using NewApi.Data.Changes;
using NewApi.Data.Payments;
using NewApi.Data.Rows;
using NewApi.Data.Subscriptions;
using NewApi.Domain.Options;
using NewApi.Domain.Payments;
using NewApi.Payments;

namespace NewApi.AdminService.Subscriptions;

/// <summary>Ways to buy a plan: from the balance, or with a payment provider (specification: admin API §16).</summary>
internal static class PlanPurchaseEndpoints
{
    private const string BackTo = "/console/topup";

    public static void MapPlanPurchases(this IEndpointRouteBuilder routes)
    {
        var plans = routes.MapGroup("/subscription").WithTags("Subscriptions");
        plans.MapPost("/balance/pay", PayFromBalance).Limit(LimitKind.Critical).WithSummary("Buy a plan from the balance");
        plans.MapPost("/epay/pay", PayByEpay).Limit(LimitKind.Critical).WithSummary("Order a plan through EPay");
        plans.MapPost("/stripe/pay", PayByStripe).Limit(LimitKind.Critical).WithSummary("Order a plan through Stripe");
        plans.MapPost("/creem/pay", PayByCreem).Limit(LimitKind.Critical).WithSummary("Order a plan through Creem");
        plans.MapMethods("/epay/notify", [HttpMethods.Get], EpayEndpoints.Notify).WithSummary("Where EPay reports payments of plans");
        plans.MapMethods("/epay/notify", [HttpMethods.Post], EpayEndpoints.Notify).ExcludeFromDescription();
        plans.MapMethods("/epay/return", [HttpMethods.Get], Return).WithSummary("Where payers come back to");
        plans.MapMethods("/epay/return", [HttpMethods.Post], Return).ExcludeFromDescription();
    }

    internal static async Task<IResult> PayFromBalance(
        HttpContext context,
        AdminCaller caller,
        LiveOptions live,
        Database database,
        SubscriptionStore subscriptions,
        AccountLog log,
        IChangeSignal changes,
        CancellationToken ct)
    {
        var (plan, refusal) = await PlanAsync(context, caller, database, ct);
        if (plan is null)
        {
            return refusal!;
        }
        if (plan.Row.AllowBalancePay == false)
        {
            return Answer.Fail(Say.PlanNotFromBalance);
        }
        var points = TopUpPrice.PointsOf(plan.Row.PriceAmount, await live.CurrentAsync(ct));
        switch (await subscriptions.BuyAsync(plan.Row, caller.Id, points, TradeNumbers.Reference(), ct))
        {
            case PlanPurchase.NotEnough:
                return Answer.Fail(Say.BalanceTooLow);
            case PlanPurchase.LimitReached:
                return Answer.Fail(Say.PlanLimit);
            default:
                await changes.PublishAsync(ChangeTopic.Users, caller.Id.ToString(CultureInfo.InvariantCulture), CancellationToken.None);
                await log.WriteAsync(
                    caller.Id, caller.Username, LogType.TopUp, $"Plan {plan.Row.Title} bought for {points} points", CancellationToken.None);
                return Answer.Ok();
        }
    }

    /// <summary>A plan has a price in dollars; EPay takes yuan, at the rate of the day.</summary>
    internal static async Task<IResult> PayByEpay(
        HttpContext context,
        AdminCaller caller,
        LiveOptions live,
        Database database,
        OrderStore orders,
        TimeProvider clock,
        CancellationToken ct)
    {
        var options = await live.CurrentAsync(ct);
        if (!PayMethods.SellsByEpay(options))
        {
            return Answer.Fail(Say.PaymentOff);
        }
        var (plan, refusal) = await PlanAsync(context, caller, database, ct);
        if (plan is null)
        {
            return refusal!;
        }
        if (PayMethods.LeastOf(options, plan.Request.PaymentMethod) is null)
        {
            return Answer.Fail(Say.PaymentMethod);
        }
        var money = TopUpPrice.Round(plan.Row.PriceAmount * options.USDExchangeRate);
        if (money < 0.01m)
        {
            return Answer.Fail(Say.TopUpTooCheap);
        }
        var tradeNo = TradeNumbers.Plan(caller.Id, clock);
        await OpenAsync(
            orders,
            plan,
            caller,
            plan.Request.PaymentMethod!,
            new PaymentRow { TradeNo = tradeNo, Provider = PaymentProviders.Epay, Due = (long)(money * 100), Currency = Epay.Currency },
            clock,
            ct);
        var form = Epay.Form(
            options,
            plan.Request.PaymentMethod!,
            tradeNo,
            $"SUB{plan.Row.Id}",
            money,
            PaymentAddresses.Callback(options, "/api/subscription/epay/notify"),
            PaymentAddresses.Callback(options, "/api/subscription/epay/return"));
        return PaymentAnswer.Ok(form.Fields, form.Url);
    }

    internal static async Task<IResult> PayByStripe(
        HttpContext context,
        AdminCaller caller,
        LiveOptions live,
        Database database,
        OrderStore orders,
        StripeCheckout stripe,
        PaymentAddresses addresses,
        TimeProvider clock,
        ILogger<AdminModule.Log> log,
        CancellationToken ct)
    {
        var options = await live.CurrentAsync(ct);
        if (!StripeCheckout.IsConfigured(options))
        {
            return Answer.Fail(Say.PaymentOff);
        }
        var (plan, refusal) = await PlanAsync(context, caller, database, ct);
        if (plan is null)
        {
            return refusal!;
        }
        if (plan.Row.StripePriceId.Length == 0)
        {
            return Answer.Fail(Say.PlanNotWithThis);
        }
        if (!addresses.IsTrusted(options, plan.Request.SuccessUrl) || !addresses.IsTrusted(options, plan.Request.CancelUrl))
        {
            return Answer.Fail(Say.RedirectRefused, StatusCodes.Status400BadRequest);
        }
        var tradeNo = TradeNumbers.Reference();
        await OpenAsync(
            orders, plan, caller, PayMethods.Stripe, new PaymentRow { TradeNo = tradeNo, Provider = PaymentProviders.Stripe }, clock, ct);
        var order = new StripeOrder(
            tradeNo,
            plan.Row.StripePriceId,
            1,
            1,
            StripeEndpoints.Known(caller.User.StripeCustomer),
            StripeEndpoints.Known(caller.User.Email),
            StripeEndpoints.Known(plan.Request.SuccessUrl) ?? PaymentAddresses.Page(options, BackTo),
            StripeEndpoints.Known(plan.Request.CancelUrl) ?? PaymentAddresses.Page(options, BackTo));
        return await StripeEndpoints.CheckoutAsync(
            orders, PaymentProviders.Stripe, tradeNo, async () => Held(plan.Row, await stripe.OpenAsync(order, options, ct)), log, ct) is { } checkout
            ? PaymentAnswer.Ok([new("pay_link", checkout.Url)])
            : Answer.Fail(Say.PaymentFailed);
    }

    internal static async Task<IResult> PayByCreem(
        HttpContext context,
        AdminCaller caller,
        LiveOptions live,
        Database database,
        OrderStore orders,
        Creem creem,
        TimeProvider clock,
        ILogger<AdminModule.Log> log,
        CancellationToken ct)
    {
        var options = await live.CurrentAsync(ct);
        if (!Creem.IsConfigured(options))
        {
            return Answer.Fail(Say.PaymentOff);
        }
        var (plan, refusal) = await PlanAsync(context, caller, database, ct);
        if (plan is null)
        {
            return refusal!;
        }
        if (plan.Row.CreemProductId.Length == 0)
        {
            return Answer.Fail(Say.PlanNotWithThis);
        }
        var tradeNo = TradeNumbers.Reference();
        await OpenAsync(
            orders, plan, caller, PayMethods.Creem, new PaymentRow { TradeNo = tradeNo, Provider = PaymentProviders.Creem }, clock, ct);
        return await StripeEndpoints.CheckoutAsync(
            orders,
            PaymentProviders.Creem,
            tradeNo,
            async () => Held(plan.Row, await creem.OpenAsync(
                await creem.ProductAsync(plan.Row.CreemProductId, options, ct),
                tradeNo,
                caller.User.Email,
                PaymentAddresses.Page(options, BackTo),
                options,
                ct)),
            log,
            ct) is { } checkout
            ? PaymentAnswer.Ok([new("checkout_url", checkout.Url), new("order_id", tradeNo)])
            : Answer.Fail(Say.PaymentFailed);
    }

    /// <summary>The payer's browser brings the report along: it counts like the provider's own, and the payer goes on to the console.</summary>
    internal static async Task<IResult> Return(
        HttpContext context, LiveOptions live, OrderCompletion completion, ILogger<AdminModule.Log> log, CancellationToken ct)
    {
        var pay = await EpayEndpoints.AcceptAsync(context, live, completion, log, ct) switch
        {
            EpayNews.Paid => "success",
            EpayNews.Unpaid => "pending",
            _ => "fail",
        };
        return Results.Redirect(PaymentAddresses.Page(await live.CurrentAsync(ct), $"{BackTo}?pay={pay}"));
    }

    /// <summary>What we show must be what the provider charges: a plan whose price was changed on one side only is not sold.</summary>
    private static Checkout Held(SubscriptionPlanRow plan, Checkout checkout) =>
        checkout.Due == TopUpPrice.Round(plan.PriceAmount) * 100 && checkout.Currency.Equals("USD", StringComparison.OrdinalIgnoreCase)
            ? checkout
            : throw new PaymentProviderException($"Plan {plan.Id} has another price at the provider than here.");

    private static Task OpenAsync(
        OrderStore orders, ChosenPlan plan, AdminCaller caller, string method, PaymentRow payment, TimeProvider clock, CancellationToken ct) =>
        orders.OpenAsync(
            new SubscriptionOrderRow
            {
                UserId = caller.Id,
                PlanId = plan.Row.Id,
                Money = plan.Row.PriceAmount,
                TradeNo = payment.TradeNo,
                PaymentMethod = method,
                PaymentProvider = payment.Provider,
                CreateTime = clock.GetUtcNow().ToUnixTimeSeconds(),
                Status = OrderStatus.Pending,
            },
            payment,
            ct);

    /// <summary>The plan that somebody wants, if it is on sale and they may still have it.</summary>
    private static async Task<(ChosenPlan? Plan, Answer? Refusal)> PlanAsync(
        HttpContext context, AdminCaller caller, Database database, CancellationToken ct)
    {
        if (await context.ReadAsync<PlanPayRequest>() is not { PlanId: > 0 } request)
        {
            return (null, Answer.Fail(Say.BadBody));
        }
        await using var db = database.Open();
        if (await db.SubscriptionPlans.FirstOrDefaultAsync(row => row.Id == request.PlanId && row.Enabled, ct) is not { } row)
        {
            return (null, Answer.NotFound());
        }
        return await SubscriptionStore.MayBuyAsync(db, row, caller.Id, ct)
            ? (new ChosenPlan(request, row), null)
            : (null, Answer.Fail(Say.PlanLimit));
    }

    private sealed record ChosenPlan(PlanPayRequest Request, SubscriptionPlanRow Row);
}
