using NewApi.AdminService.Access;
using NewApi.AdminService.Http;
using NewApi.AdminService.Settings;
using NewApi.Data.Payments;
using NewApi.Data.Rows;
using NewApi.Domain.Options;
using NewApi.Domain.Payments;
using NewApi.Payments;

namespace NewApi.AdminService.TopUps;

/// <summary>Top-ups through EPay.</summary>
internal static class EpayEndpoints
{
    public static void MapEpay(this IEndpointRouteBuilder routes)
    {
        var user = routes.MapGroup("/user").WithTags("Top-ups");
        user.MapPost("/amount", Amount).WithSummary("What an amount costs");
        user.MapPost("/pay", Pay).Limit(LimitKind.Critical).WithSummary("Make an order; answers with the form to post to the provider");
        user.MapMethods("/epay/notify", [HttpMethods.Get], Notify).WithSummary("Where EPay reports payments");
        user.MapMethods("/epay/notify", [HttpMethods.Post], Notify).ExcludeFromDescription();
    }

    internal static async Task<IResult> Amount(HttpContext context, AdminCaller caller, LiveOptions live, CancellationToken ct)
    {
        if (await context.ReadAsync<AmountRequest>() is not { } request)
        {
            return PaymentAnswer.Fail(Say.BadBody);
        }
        var options = await live.CurrentAsync(ct);
        var refusal = TopUpPrice.Of(options, caller.User.Group, request.Amount, options.Price, options.MinTopUp, out var price);
        return refusal == TopUpRefusal.None ? PaymentAnswer.Ok(Show(price.Money)) : PaymentAnswer.Fail(TopUpWords.Of(refusal));
    }

    internal static async Task<IResult> Pay(
        HttpContext context, AdminCaller caller, LiveOptions live, OrderStore orders, TimeProvider clock, CancellationToken ct)
    {
        if (await context.ReadAsync<AmountRequest>() is not { } request)
        {
            return PaymentAnswer.Fail(Say.BadBody);
        }
        var options = await live.CurrentAsync(ct);
        if (!PayMethods.SellsByEpay(options))
        {
            return PaymentAnswer.Fail(Say.PaymentOff);
        }
        if (PayMethods.LeastOf(options, request.PaymentMethod) is not { } least)
        {
            return PaymentAnswer.Fail(Say.PaymentMethod);
        }
        var refusal = TopUpPrice.Of(
            options, caller.User.Group, request.Amount, options.Price, Math.Max(least, options.MinTopUp), out var price);
        if (refusal != TopUpRefusal.None)
        {
            return PaymentAnswer.Fail(TopUpWords.Of(refusal));
        }
        var tradeNo = TradeNumbers.Epay(caller.Id, clock);
        await orders.OpenAsync(
            new TopUpRow
            {
                UserId = caller.Id,
                Amount = price.Units,
                Money = price.Money,
                TradeNo = tradeNo,
                PaymentMethod = request.PaymentMethod!,
                PaymentProvider = PaymentProviders.Epay,
                CreateTime = clock.GetUtcNow().ToUnixTimeSeconds(),
                Status = OrderStatus.Pending,
            },
            new PaymentRow
            {
                TradeNo = tradeNo,
                Provider = PaymentProviders.Epay,
                Due = (long)(price.Money * 100),
                Currency = Epay.Currency,
                Points = price.Points,
            },
            ct);
        var form = Epay.Form(
            options,
            request.PaymentMethod!,
            tradeNo,
            $"TUC{price.Units}",
            price.Money,
            PaymentAddresses.Callback(options, "/api/user/epay/notify"),
            PaymentAddresses.Page(options, "/console/log"));
        return PaymentAnswer.Ok(form.Fields, form.Url);
    }

    internal static async Task<IResult> Notify(
        HttpContext context, LiveOptions live, OrderCompletion completion, ILogger<AdminModule.Log> log, CancellationToken ct) =>
        Results.Text(await AcceptAsync(context, live, completion, log, ct) is EpayNews.Refused ? "fail" : "success");

    /// <summary>Reads a report of EPay and acts on it, whichever address it came to: the order says what it is for.</summary>
    internal static async Task<EpayNews> AcceptAsync(
        HttpContext context, LiveOptions live, OrderCompletion completion, ILogger log, CancellationToken ct)
    {
        var options = await live.CurrentAsync(ct);
        if (!Epay.IsConfigured(options))
        {
            log.NotConfigured(PaymentProviders.Epay);
            return EpayNews.Refused;
        }
        if (await ReadAsync(context.Request, ct) is not { } report || !Epay.IsGenuine(report, options))
        {
            log.Forged(PaymentProviders.Epay);
            return EpayNews.Refused;
        }
        if (Epay.Read(report) is not { } fact)
        {
            return EpayNews.Unpaid;
        }
        return await completion.CompleteAsync(fact, ct) is PaymentOutcome.Completed or PaymentOutcome.AlreadyComplete
            ? EpayNews.Paid
            : EpayNews.Refused;
    }

    internal static string Show(decimal money) => money.ToString("0.00", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The parameters of a report; null when one comes twice, because then nobody knows which of them was signed.</summary>
    private static async Task<Dictionary<string, string>?> ReadAsync(HttpRequest request, CancellationToken ct)
    {
        IEnumerable<KeyValuePair<string, Microsoft.Extensions.Primitives.StringValues>> parameters = request.Query;
        if (HttpMethods.IsPost(request.Method) && request.HasFormContentType)
        {
            if (request.ContentLength is null or > 64 * 1024)
            {
                return null;
            }
            try
            {
                parameters = await request.ReadFormAsync(ct);
            }
            catch (InvalidDataException)
            {
                return null;
            }
        }
        var report = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, values) in parameters)
        {
            if (values.Count != 1)
            {
                return null;
            }
            report[name] = values.ToString();
        }
        return report;
    }
}

internal enum EpayNews
{
    Refused,
    Unpaid,
    Paid,
}
