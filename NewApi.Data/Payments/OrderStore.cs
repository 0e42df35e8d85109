using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.Data.Ledger;
using NewApi.Data.Options;
using NewApi.Data.Rows;
using NewApi.Data.Subscriptions;
using NewApi.Data.Usage;
using NewApi.Domain.Options;
using NewApi.Domain.Payments;

namespace NewApi.Data.Payments;

/// <summary>
/// Orders of top-ups and plans. An order is completed by one conditional update, and its goods are given in the same transaction under a
/// unique ledger key: however often and from wherever a payment is reported, it counts once.
/// </summary>
public sealed class OrderStore(
    Database database, LogDatabase logs, UsageLogStore log, SubscriptionStore subscriptions, OptionStore options, TimeProvider clock)
{
    private const long TopUpLog = 1;
    private const long ManageLog = 3;

    /// <summary>A checkout that is not paid within a day is over, with every provider.</summary>
    private const long Lifetime = 86_400;

    /// <summary>Nobody pays sooner, and reports arrive by themselves.</summary>
    private const long FirstLook = 300;

    /// <summary>Writes down a new top-up and what is to be paid for it.</summary>
    public Task OpenAsync(TopUpRow order, PaymentRow payment, CancellationToken cancel) =>
        OpenAsync((db, token) => db.InsertAsync(order, token: token), payment, cancel);

    /// <summary>Writes down a new order of a plan and what is to be paid for it.</summary>
    public Task OpenAsync(SubscriptionOrderRow order, PaymentRow payment, CancellationToken cancel) =>
        OpenAsync((db, token) => db.InsertAsync(order, token: token), payment, cancel);

    /// <summary>Adds what the provider named and asks when it opened the checkout.</summary>
    public Task ExpectAsync(string tradeNo, string session, long due, string currency, CancellationToken cancel)
    {
        var capitals = currency.ToUpperInvariant();
        return database.WriteAsync(
            (db, token) => db.Payments.Where(row => row.TradeNo == tradeNo)
                .Set(row => row.Session, session)
                .Set(row => row.Due, due)
                .Set(row => row.Currency, capitals)
                .UpdateAsync(token),
            cancel);
    }

    /// <summary>Ends an order that nobody has paid; one that is complete stays complete.</summary>
    public Task<bool> CloseAsync(string tradeNo, string provider, string status, CancellationToken cancel) =>
        database.WriteAsync(
            async (db, token) =>
            {
                var now = Now();
                var closed = await db.TopUps
                    .Where(row => row.TradeNo == tradeNo && row.PaymentProvider == provider && row.Status == OrderStatus.Pending)
                    .Set(row => row.Status, status)
                    .Set(row => row.CompleteTime, now)
                    .UpdateAsync(token);
                closed += await db.SubscriptionOrders
                    .Where(row => row.TradeNo == tradeNo && row.PaymentProvider == provider && row.Status == OrderStatus.Pending)
                    .Set(row => row.Status, status)
                    .Set(row => row.CompleteTime, now)
                    .UpdateAsync(token);
                if (closed > 0)
                {
                    await StopLookingAsync(db, tradeNo, token);
                }
                return closed > 0;
            },
            cancel);

    /// <summary>Completes the order of a reported payment, if the payment is the one that the order asks for.</summary>
    public async Task<PaymentResult> CompleteAsync(PaymentFact fact, CancellationToken cancel)
    {
        var settings = await OptionsAsync(cancel);
        return await WriteAsync((db, rows, token) => CompleteAsync(db, fact.TradeNo, fact, settings, rows, token), cancel);
    }

    /// <summary>An administrator vouches for the payment; who did it is logged beside the top-up.</summary>
    public async Task<PaymentResult> CompleteByHandAsync(string tradeNo, long adminId, string adminName, CancellationToken cancel)
    {
        var settings = await OptionsAsync(cancel);
        return await WriteAsync(
            async (db, rows, token) =>
            {
                var result = await CompleteAsync(db, tradeNo, null, settings, rows, token);
                if (result.Outcome == PaymentOutcome.Completed)
                {
                    rows.Add(Row(adminId, adminName, ManageLog, $"Order {tradeNo} of user {result.UserId} completed by hand"));
                }
                return result;
            },
            cancel);
    }

    /// <summary>Open orders whose provider should be asked now, oldest first.</summary>
    public async Task<IReadOnlyList<PaymentRow>> DueAsync(int most, CancellationToken cancel)
    {
        var now = Now();
        await using var db = database.Open();
        return await db.Payments.Where(row => row.NextLook > 0 && row.NextLook <= now).OrderBy(row => row.NextLook).Take(most).ToListAsync(cancel);
    }

    /// <summary>The order is still open: its provider is asked again later, ever more seldom; one that is too old expires.</summary>
    public async Task LookLaterAsync(PaymentRow payment, CancellationToken cancel)
    {
        var now = Now();
        if (now - payment.CreatedAt >= Lifetime && await CloseAsync(payment.TradeNo, payment.Provider, OrderStatus.Expired, cancel))
        {
            return;
        }
        // An order that is past its time and was not open is over: nobody needs to know more.
        var next = now - payment.CreatedAt >= Lifetime ? 0 : now + Math.Clamp(now - payment.CreatedAt, FirstLook, Lifetime / 24);
        await database.WriteAsync(
            (db, token) => db.Payments.Where(row => row.TradeNo == payment.TradeNo && row.NextLook > 0).Set(row => row.NextLook, next).UpdateAsync(token),
            cancel);
    }

    /// <summary>Ends orders of older releases, whose price nobody wrote down, after a day.</summary>
    public Task<int> ExpireUnwatchedAsync(CancellationToken cancel)
    {
        var before = Now() - Lifetime;
        return database.WriteAsync(
            async (db, token) =>
            {
                var payments = db.Payments;
                return await db.TopUps
                    .Where(row => row.Status == OrderStatus.Pending && row.CreateTime < before && !payments.Any(payment => payment.TradeNo == row.TradeNo))
                    .Set(row => row.Status, OrderStatus.Expired)
                    .UpdateAsync(token)
                    + await db.SubscriptionOrders
                    .Where(row => row.Status == OrderStatus.Pending && row.CreateTime < before && !payments.Any(payment => payment.TradeNo == row.TradeNo))
                    .Set(row => row.Status, OrderStatus.Expired)
                    .UpdateAsync(token);
            },
            cancel);
    }

    private Task OpenAsync(Func<DataConnection, CancellationToken, Task<int>> insert, PaymentRow payment, CancellationToken cancel)
    {
        payment.CreatedAt = Now();
        payment.NextLook = payment.CreatedAt + FirstLook;
        return database.WriteAsync(
            async (db, token) =>
            {
                await insert(db, token);
                await db.InsertAsync(payment, token: token);
            },
            cancel);
    }

    private async Task<PaymentResult> CompleteAsync(
        DataConnection db, string tradeNo, PaymentFact? fact, GatewayOptions settings, List<LogRow> rows, CancellationToken cancel)
    {
        var payment = await db.Payments.FirstOrDefaultAsync(row => row.TradeNo == tradeNo, cancel);
        if (await db.TopUps.FirstOrDefaultAsync(row => row.TradeNo == tradeNo, cancel) is { } topUp && topUp.TradeNo == tradeNo)
        {
            var expected = payment ?? OlderPayment(topUp, settings);
            var provider = PaymentProviders.Of(topUp.PaymentProvider, topUp.PaymentMethod);
            if (Refuse(fact, provider, expected, topUp.Status, topUp.UserId) is { } refusal)
            {
                return refusal;
            }
            return await CompleteAsync(db, topUp, expected, fact, rows, cancel);
        }
        if (await db.SubscriptionOrders.FirstOrDefaultAsync(row => row.TradeNo == tradeNo, cancel) is { } order && order.TradeNo == tradeNo)
        {
            var provider = PaymentProviders.Of(order.PaymentProvider, order.PaymentMethod);
            if (Refuse(fact, provider, payment ?? new PaymentRow(), order.Status, order.UserId) is { } refusal)
            {
                return refusal;
            }
            return await CompleteAsync(db, order, payment, fact, settings, rows, cancel);
        }
        return new PaymentResult(PaymentOutcome.UnknownOrder);
    }

    private async Task<PaymentResult> CompleteAsync(
        DataConnection db, TopUpRow order, PaymentRow expected, PaymentFact? fact, List<LogRow> rows, CancellationToken cancel)
    {
        var now = Now();
        if (await UserAsync(db, order.UserId, cancel) is not { } user)
        {
            return new PaymentResult(PaymentOutcome.NotOpen, order.UserId);
        }
        var mine = await db.TopUps
            .Where(row => row.Id == order.Id && (row.Status == OrderStatus.Pending || row.Status == OrderStatus.Expired))
            .Set(row => row.Status, OrderStatus.Success)
            .Set(row => row.CompleteTime, now)
            .UpdateAsync(cancel);
        if (mine != 1)
        {
            return new PaymentResult(PaymentOutcome.AlreadyComplete, order.UserId);
        }
        await LedgerEntries.CreditAsync(db, LedgerKind.TopUp, $"topup:{order.Id}", order.UserId, expected.Points, now, cancel);
        await FinishAsync(db, order.TradeNo!, order.UserId, fact, cancel);
        rows.Add(Row(user.Id, user.Username, TopUpLog, $"Top-up {order.TradeNo}: {expected.Points} points for {order.Money:0.00}"));
        return new PaymentResult(PaymentOutcome.Completed, order.UserId);
    }

    private async Task<PaymentResult> CompleteAsync(
        DataConnection db,
        SubscriptionOrderRow order,
        PaymentRow? payment,
        PaymentFact? fact,
        GatewayOptions settings,
        List<LogRow> rows,
        CancellationToken cancel)
    {
        var now = Now();
        if (await UserAsync(db, order.UserId, cancel) is not { } user)
        {
            return new PaymentResult(PaymentOutcome.NotOpen, order.UserId);
        }
        var payload = fact?.Payload ?? "";
        var mine = await db.SubscriptionOrders
            .Where(row => row.Id == order.Id && (row.Status == OrderStatus.Pending || row.Status == OrderStatus.Expired))
            .Set(row => row.Status, OrderStatus.Success)
            .Set(row => row.CompleteTime, now)
            .Set(row => row.ProviderPayload, payload)
            .UpdateAsync(cancel);
        if (mine != 1)
        {
            return new PaymentResult(PaymentOutcome.AlreadyComplete, order.UserId);
        }
        var plan = await db.SubscriptionPlans.FirstOrDefaultAsync(row => row.Id == order.PlanId, cancel);
        if (plan is not null && await subscriptions.ActivateAsync(db, plan, order.UserId, SubscriptionSource.Order, now, cancel) is not null)
        {
            rows.Add(Row(user.Id, user.Username, TopUpLog, $"Plan {plan.Title} bought with order {order.TradeNo}"));
        }
        else
        {
            // Paid, but no longer to be had: two checkouts of a plan that may be bought once, or a plan that is gone. Money is never swallowed.
            var points = Worth(order, payment, fact, user.Group, settings);
            if (points > 0)
            {
                await LedgerEntries.CreditAsync(db, LedgerKind.TopUp, $"plan-refund:{order.Id}", order.UserId, points.Value, now, cancel);
            }
            var became = points is null ? $"was paid in {payment!.Currency}, ask an administrator" : $"became {points} points";
            rows.Add(Row(user.Id, user.Username, TopUpLog, $"Plan {order.PlanId} is not available: order {order.TradeNo} {became}"));
        }
        await FinishAsync(db, order.TradeNo!, order.UserId, fact, cancel);
        return new PaymentResult(PaymentOutcome.Completed, order.UserId);
    }

    /// <summary>
    /// Points for a plan that is not to be had: what the payment would have bought as a top-up, so that nothing is won by paying for a plan
    /// twice. Null for a currency without a rate. An order that does not say what it asked for is completed by an administrator, who vouches
    /// for the price of the plan.
    /// </summary>
    private static long? Worth(SubscriptionOrderRow order, PaymentRow? payment, PaymentFact? fact, string group, GatewayOptions settings)
    {
        var units = payment is { Due: > 0, Currency.Length: > 0 }
            ? TopUpPrice.UnitsFor(settings, group, (payment.Due - (fact?.Discount ?? 0)) / 100m, payment.Currency)
            : order.Money;
        return units is { } found ? TopUpPrice.PointsOf(found, settings) : null;
    }

    /// <summary>Null when the payment may complete the order. Without a fact an administrator vouches for it.</summary>
    private static PaymentResult? Refuse(PaymentFact? fact, string provider, PaymentRow expected, string status, long userId)
    {
        PaymentOutcome? outcome =
            fact is not null && fact.Provider != provider ? PaymentOutcome.WrongProvider
            : status == OrderStatus.Success ? PaymentOutcome.AlreadyComplete
            : status is not (OrderStatus.Pending or OrderStatus.Expired) ? PaymentOutcome.NotOpen
            : fact is null ? null
            : expected.Due <= 0 || expected.Currency.Length == 0 ? PaymentOutcome.Unverifiable
            : fact.Session is not null && fact.Session != expected.Session ? PaymentOutcome.WrongSession
            : !fact.Currency.Equals(expected.Currency, StringComparison.OrdinalIgnoreCase) ? PaymentOutcome.WrongCurrency
            : fact.Amount < expected.Due || (fact.Amount > expected.Due && !fact.MayExceed) ? PaymentOutcome.WrongAmount
            : null;
        return outcome is { } found ? new PaymentResult(found, userId) : null;
    }

    /// <summary>An order that an older release made: what it gives is known, what it costs only where the column says so.</summary>
    private static PaymentRow OlderPayment(TopUpRow order, GatewayOptions settings) =>
        PaymentProviders.Of(order.PaymentProvider, order.PaymentMethod) switch
        {
            PaymentProviders.Creem => new PaymentRow { Points = order.Amount },
            PaymentProviders.Stripe => new PaymentRow { Points = TopUpPrice.PointsOf(order.Money, settings) },
            _ => new PaymentRow
            {
                Points = TopUpPrice.PointsOf(order.Amount, settings),
                Due = (long)(TopUpPrice.Round(order.Money) * 100),
                Currency = "CNY",
            },
        };

    private static async Task FinishAsync(DataConnection db, string tradeNo, long userId, PaymentFact? fact, CancellationToken cancel)
    {
        await StopLookingAsync(db, tradeNo, cancel);
        if (fact is { Provider: PaymentProviders.Stripe, Customer: { Length: > 0 and <= 64 } customer })
        {
            await db.Users.Where(row => row.Id == userId).Set(row => row.StripeCustomer, customer).UpdateAsync(cancel);
        }
    }

    private static Task<int> StopLookingAsync(DataConnection db, string tradeNo, CancellationToken cancel) =>
        db.Payments.Where(row => row.TradeNo == tradeNo).Set(row => row.NextLook, 0).UpdateAsync(cancel);

    private static Task<UserRow?> UserAsync(DataConnection db, long id, CancellationToken cancel) =>
        db.Users.FirstOrDefaultAsync(row => row.Id == id, cancel);

    /// <summary>Log rows commit with the money where they share its database, and follow it where they do not.</summary>
    private async Task<PaymentResult> WriteAsync(
        Func<DataConnection, List<LogRow>, CancellationToken, Task<PaymentResult>> work, CancellationToken cancel)
    {
        var written = new List<LogRow>();
        var result = await database.WriteAsync(
            async (db, token) =>
            {
                written.Clear();
                var done = await work(db, written, token);
                if (!logs.IsSeparate && written.Count > 0)
                {
                    await log.InsertAsync(db, written, token);
                }
                return done;
            },
            cancel);
        if (logs.IsSeparate)
        {
            await log.InsertAsync(written, CancellationToken.None);
        }
        return result;
    }

    private async Task<GatewayOptions> OptionsAsync(CancellationToken cancel) => GatewayOptions.Parse(await options.LoadAsync(cancel), out _);

    private LogRow Row(long userId, string username, long type, string content) => new()
    {
        UserId = userId,
        Username = username,
        Type = type,
        Content = content,
        CreatedAt = Now(),
    };

    private long Now() => clock.GetUtcNow().ToUnixTimeSeconds();
}
