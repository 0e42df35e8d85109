using System.Net;
using System.Text.Json.Nodes;
using LinqToDB;
using LinqToDB.Async;
using NewApi.Data.Rows;

namespace NewApi.AdminService.Tests.TopUps;

/// <summary>Reports of payments: the real ones count once, and none of the others changes anything (known problem G2).</summary>
public class CallbackTests
{
    private const long Points = 5_000_000;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_payment_of_Epay_counts_once_however_often_it_is_reported()
    {
        await using var shop = await Shop.OpenAsync();
        var form = (await shop.PayByEpayAsync()).Json;
        var tradeNo = form["data"]!["out_trade_no"]!.GetValue<string>();

        var replies = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => shop.EpayReportsAsync(tradeNo)));

        Assert.All(replies, reply => Shop.Is(HttpStatusCode.OK, "success", reply));
        await shop.PaidAsync(Points);
        Shop.Is(HttpStatusCode.OK, "success", await shop.EpayReportsAsync(tradeNo));
        await shop.PaidAsync(Points);
    }

    [Fact]
    public async Task Epay_may_report_by_a_posted_form()
    {
        await using var shop = await Shop.OpenAsync();
        var tradeNo = (await shop.PayByEpayAsync()).Json["data"]!["out_trade_no"]!.GetValue<string>();
        var report = new Dictionary<string, string>
        {
            ["pid"] = "1001",
            ["out_trade_no"] = tradeNo,
            ["money"] = "73",
            ["trade_status"] = "TRADE_SUCCESS",
            ["empty"] = "",
        };
        report["sign"] = NewApi.Payments.Epay.Sign(report, Shop.EpayKey);

        using var form = new FormUrlEncodedContent(report);
        using var response = await shop.Host.Anonymous.Http.PostAsync("/api/user/epay/notify", form, Cancel);

        Assert.Equal("success", await response.Content.ReadAsStringAsync(Cancel));
        await shop.PaidAsync(Points);
    }

    [Theory]
    [InlineData("another key", "without a valid signature")]
    [InlineData("no signature", "without a valid signature")]
    [InlineData("empty key", "without a valid signature")]
    [InlineData("changed money", "without a valid signature")]
    [InlineData("changed order", "without a valid signature")]
    [InlineData("money twice", "without a valid signature")]
    [InlineData("another account", "without a valid signature")]
    [InlineData("underpaid", "WrongAmount")]
    [InlineData("overpaid", "WrongAmount")]
    [InlineData("odd money", "WrongAmount")]
    [InlineData("unknown order", "UnknownOrder")]
    public async Task A_report_of_Epay_that_is_not_our_payment_changes_nothing(string what, string says)
    {
        await using var shop = await Shop.OpenAsync();
        var tradeNo = (await shop.PayByEpayAsync()).Json["data"]!["out_trade_no"]!.GetValue<string>();

        var reply = what switch
        {
            "another key" => await shop.EpayReportsAsync(tradeNo, key: "guess"),
            "no signature" => await shop.EpayReportsAsync(tradeNo, damage: report => report.Remove("sign")),
            "empty key" => await shop.EpayReportsAsync(tradeNo, key: ""),
            "changed money" => await shop.EpayReportsAsync(tradeNo, money: "0.01", damage: report => report["money"] = "73.00"),
            "changed order" => await shop.EpayReportsAsync("other", damage: report => report["out_trade_no"] = tradeNo),
            "money twice" => await shop.EpayReportsAsync(tradeNo, money: "0.01", more: "&money=73.00"),
            "another account" => await shop.EpayReportsAsync(tradeNo, change: report => report["pid"] = "1002"),
            "underpaid" => await shop.EpayReportsAsync(tradeNo, money: "72.99"),
            "overpaid" => await shop.EpayReportsAsync(tradeNo, money: "73.01"),
            "odd money" => await shop.EpayReportsAsync(tradeNo, money: "73.001"),
            _ => await shop.EpayReportsAsync("nothing"),
        };

        Shop.Is(HttpStatusCode.OK, "fail", reply);
        await shop.NothingChangedAsync(says);
    }

    [Fact]
    public async Task A_genuine_report_of_Epay_that_tells_of_no_payment_is_taken_note_of()
    {
        await using var shop = await Shop.OpenAsync();
        var tradeNo = (await shop.PayByEpayAsync()).Json["data"]!["out_trade_no"]!.GetValue<string>();

        var reply = await shop.EpayReportsAsync(tradeNo, change: report => report["trade_status"] = "WAIT_BUYER_PAY");

        Shop.Is(HttpStatusCode.OK, "success", reply);
        Assert.Equal(0, await shop.BalanceAsync());
        Assert.Equal("pending", (await shop.OrderAsync()).Status);
    }

    [Fact]
    public async Task A_payment_of_Stripe_counts_once_and_remembers_the_payer()
    {
        await using var shop = await Shop.OpenAsync();
        await shop.PayByStripeAsync();
        var tradeNo = (await shop.OrderAsync()).TradeNo!;

        var replies = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => shop.StripeReportsAsync(tradeNo)));

        Assert.All(replies, reply => Assert.Equal(HttpStatusCode.OK, reply.Status));
        await shop.PaidAsync(Points);
        Assert.Equal("cus_1", (await shop.Payer.GetAsync("/api/user/self")).Data!["stripe_customer"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("another secret", 400, "without a valid signature")]
    [InlineData("no signature", 400, "without a valid signature")]
    [InlineData("empty signature", 400, "without a valid signature")]
    [InlineData("odd signature", 400, "without a valid signature")]
    [InlineData("no JSON", 400, "without a valid signature")]
    [InlineData("too old", 400, "without a valid signature")]
    [InlineData("underpaid", 200, "WrongAmount")]
    [InlineData("discounted", 200, "WrongAmount")]
    [InlineData("another currency", 200, "WrongCurrency")]
    [InlineData("another checkout", 200, "WrongSession")]
    [InlineData("unknown order", 200, "UnknownOrder")]
    public async Task A_report_of_Stripe_that_is_not_our_payment_changes_nothing(string what, int status, string says)
    {
        await using var shop = await Shop.OpenAsync();
        await shop.PayByStripeAsync();
        var tradeNo = (await shop.OrderAsync()).TradeNo!;

        var reply = what switch
        {
            "another secret" => await shop.StripeReportsAsync(tradeNo, secret: "whsec_guess"),
            "no signature" => await shop.StripeReportsAsync(tradeNo, signature: "t=1,v1=00"),
            "empty signature" => await shop.StripeReportsAsync(tradeNo, signature: ""),
            "odd signature" => await shop.StripeReportsAsync(tradeNo, signature: "t=99999999999999999999,v1,,=,v1=zz"),
            "no JSON" => await shop.Host.Anonymous.SendAsync(HttpMethod.Post, "/api/stripe/webhook", "no JSON"),
            "too old" => await shop.StripeReportsAsync(tradeNo, at: TimeProvider.System.GetUtcNow().AddMinutes(-6)),
            "underpaid" => await shop.StripeReportsAsync(tradeNo, change: session => session["amount_subtotal"] = 7_999),
            "discounted" => await shop.StripeReportsAsync(tradeNo, change: session => session["total_details"] = new JsonObject { ["amount_discount"] = 800 }),
            "another currency" => await shop.StripeReportsAsync(tradeNo, change: session => session["currency"] = "jpy"),
            "another checkout" => await shop.StripeReportsAsync(tradeNo, change: session => session["id"] = "cs_2"),
            _ => await shop.StripeReportsAsync("nothing"),
        };

        Assert.Equal(status, (int)reply.Status);
        await shop.NothingChangedAsync(says);
    }

    [Theory]
    [InlineData("checkout.session.completed", "unpaid", "complete", "pending")]
    [InlineData("payment_intent.succeeded", "paid", "complete", "pending")]
    [InlineData("checkout.session.expired", "unpaid", "expired", "expired")]
    [InlineData("checkout.session.async_payment_failed", "unpaid", "complete", "failed")]
    public async Task A_report_of_Stripe_without_a_payment_gives_nothing(string type, string paid, string session, string order)
    {
        await using var shop = await Shop.OpenAsync();
        await shop.PayByStripeAsync();
        var tradeNo = (await shop.OrderAsync()).TradeNo!;

        Assert.Equal(HttpStatusCode.OK, (await shop.StripeReportsAsync(
            tradeNo,
            type,
            json =>
            {
                json["payment_status"] = paid;
                json["status"] = session;
            })).Status);

        Assert.Equal(0, await shop.BalanceAsync());
        Assert.Equal(order, (await shop.OrderAsync()).Status);
    }

    [Fact]
    public async Task A_payment_that_arrives_later_counts_when_it_arrives()
    {
        await using var shop = await Shop.OpenAsync();
        await shop.PayByStripeAsync();
        var tradeNo = (await shop.OrderAsync()).TradeNo!;
        await shop.StripeReportsAsync(tradeNo, change: session => session["payment_status"] = "unpaid");

        await shop.StripeReportsAsync(tradeNo, "checkout.session.async_payment_succeeded");

        await shop.PaidAsync(Points);
    }

    [Fact]
    public async Task A_payment_of_Creem_counts_once_and_taxes_come_on_top()
    {
        await using var shop = await Shop.OpenAsync();
        var reply = await shop.PayByCreemAsync();
        var tradeNo = reply.Json["data"]!["order_id"]!.GetValue<string>();

        var replies = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ =>
            shop.CreemReportsAsync(tradeNo, checkout => checkout["order"]!["amount"] = 1_190)));

        Assert.All(replies, report => Assert.Equal(HttpStatusCode.OK, report.Status));
        await shop.PaidAsync(Points);
    }

    [Theory]
    [InlineData("another secret", 401, "without a valid signature")]
    [InlineData("no signature", 401, "without a valid signature")]
    [InlineData("underpaid", 200, "WrongAmount")]
    [InlineData("another currency", 200, "WrongCurrency")]
    [InlineData("another checkout", 200, "WrongSession")]
    [InlineData("unknown order", 200, "UnknownOrder")]
    public async Task A_report_of_Creem_that_is_not_our_payment_changes_nothing(string what, int status, string says)
    {
        await using var shop = await Shop.OpenAsync();
        var tradeNo = (await shop.PayByCreemAsync()).Json["data"]!["order_id"]!.GetValue<string>();

        var reply = what switch
        {
            "another secret" => await shop.CreemReportsAsync(tradeNo, secret: ""),
            "no signature" => await shop.CreemReportsAsync(tradeNo, signature: ""),
            "underpaid" => await shop.CreemReportsAsync(tradeNo, checkout => checkout["order"]!["amount"] = 999),
            "another currency" => await shop.CreemReportsAsync(tradeNo, checkout => checkout["order"]!["currency"] = "IDR"),
            "another checkout" => await shop.CreemReportsAsync(tradeNo, checkout => checkout["id"] = "ch_2"),
            _ => await shop.CreemReportsAsync("nothing"),
        };

        Assert.Equal(status, (int)reply.Status);
        await shop.NothingChangedAsync(says);
    }

    [Fact]
    public async Task No_provider_completes_the_order_of_another()
    {
        await using var shop = await Shop.OpenAsync();
        var tradeNo = (await shop.PayByEpayAsync()).Json["data"]!["out_trade_no"]!.GetValue<string>();

        await shop.StripeReportsAsync(tradeNo, change: session => session["amount_subtotal"] = 7_300);
        await shop.CreemReportsAsync(tradeNo, checkout => checkout["order"]!["amount"] = 999_999);
        await shop.StripeReportsAsync(tradeNo, "checkout.session.expired", session => session["status"] = "expired");

        await shop.NothingChangedAsync("WrongProvider");
    }

    [Fact]
    public async Task Reports_for_providers_that_are_not_set_up_are_refused()
    {
        await using var shop = await Shop.OpenAsync(configured: false);
        await shop.SetAsync(("CreemTestMode", "true"));
        await shop.Host.Database.WriteAsync(
            (db, ct) => db.InsertAsync(
                new TopUpRow { UserId = shop.Payer.UserId, Amount = 10, Money = 73, TradeNo = "old", PaymentMethod = "alipay", Status = "pending" }, token: ct),
            Cancel);

        Shop.Is(HttpStatusCode.OK, "fail", await shop.EpayReportsAsync("old", key: ""));
        Assert.Equal(HttpStatusCode.BadRequest, (await shop.StripeReportsAsync("old", secret: "")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await shop.CreemReportsAsync("old", secret: "")).Status);

        await shop.NothingChangedAsync("is not configured");
    }
}
