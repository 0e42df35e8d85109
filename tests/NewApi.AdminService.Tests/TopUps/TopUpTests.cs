using System.Net;
using System.Text.Json.Nodes;
using LinqToDB.Async;
using NewApi.Data.Rows;
using NewApi.Payments;

namespace NewApi.AdminService.Tests.TopUps;

public class TopUpTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Info_shows_what_is_on_sale()
    {
        await using var shop = await Shop.OpenAsync();
        await shop.SetAsync(("payment_setting.amount_discount", """{"100":0.9}"""));

        JsonShape.Equal(
            """
            {"success":true,"message":"","data":{
              "enable_online_topup":true,"enable_stripe_topup":true,"enable_creem_topup":true,"creem_products":"*",
              "pay_methods":["*","*","*",{"name":"Stripe","type":"stripe","color":"*","min_topup":"1"}],
              "min_topup":1,"stripe_min_topup":1,"amount_options":[10,20,50,100,200,500],"discount":{"100":0.9}}}
            """,
            (await shop.Payer.GetAsync("/api/user/topup/info")).Text);
    }

    [Fact]
    public async Task Without_secrets_every_way_to_pay_is_off()
    {
        await using var shop = await Shop.OpenAsync(configured: false);

        var info = (await shop.Payer.GetAsync("/api/user/topup/info")).Data!;
        Assert.False(info["enable_online_topup"]!.GetValue<bool>());
        Assert.False(info["enable_stripe_topup"]!.GetValue<bool>());
        Assert.False(info["enable_creem_topup"]!.GetValue<bool>());
        foreach (var reply in (Reply[])[await shop.PayByEpayAsync(), await shop.PayByStripeAsync(), await shop.PayByCreemAsync()])
        {
            Shop.Is(HttpStatusCode.OK, """{"message":"error","data":"This way to pay is not set up"}""", reply);
        }
        await using var db = shop.Host.Database.Open();
        Assert.Equal(0, await db.TopUps.CountAsync(Cancel));
    }

    [Fact]
    public async Task Epay_answers_with_the_form_to_post()
    {
        await using var shop = await Shop.OpenAsync();
        await shop.SetAsync(("CustomCallbackAddress", "https://callback.example/"));

        Shop.Is(HttpStatusCode.OK, """{"message":"success","data":"73.00"}""", await shop.Payer.PostAsync("/api/user/amount", new JsonObject { ["amount"] = 10 }));
        var reply = await shop.PayByEpayAsync();

        JsonShape.Equal(
            """
            {"message":"success","data":{"pid":"1001","type":"alipay","out_trade_no":"*","notify_url":"https://callback.example/api/user/epay/notify",
              "return_url":"https://gateway.example/console/log","name":"TUC10","money":"73.00","device":"pc","sign":"*","sign_type":"MD5"},
             "url":"https://epay.example/submit.php"}
            """,
            reply.Text);
        var fields = reply.Json["data"]!.AsObject().ToDictionary(field => field.Key, field => field.Value!.GetValue<string>());
        Assert.Equal(Epay.Sign(fields, Shop.EpayKey), fields["sign"]);
        Assert.Matches($"^USR{shop.Payer.UserId}NO[0-9A-Za-z]{{6}}[0-9]{{10}}$", fields["out_trade_no"]);
        var order = await shop.OrderAsync();
        Assert.Equal((10L, 73m, "alipay", "epay", "pending"), (order.Amount, order.Money, order.PaymentMethod, order.PaymentProvider, order.Status));
    }

    [Theory]
    [InlineData("""{"amount":0,"payment_method":"alipay"}""")]
    [InlineData("""{"amount":-10,"payment_method":"alipay"}""")]
    [InlineData("""{"amount":4,"payment_method":"alipay"}""")]
    [InlineData("""{"amount":10,"payment_method":"other"}""")]
    [InlineData("""{"amount":10,"payment_method":"stripe"}""")]
    [InlineData("""{"amount":10}""")]
    [InlineData("""{"amount":49,"payment_method":"custom1"}""")]
    [InlineData("""{"amount":9223372036854775807,"payment_method":"alipay"}""")]
    [InlineData("""{"amount":"many","payment_method":"alipay"}""")]
    public async Task Orders_out_of_bounds_are_refused(string body)
    {
        await using var shop = await Shop.OpenAsync();
        await shop.SetAsync(("MinTopUp", "5"));

        var reply = await shop.Payer.SendAsync(HttpMethod.Post, "/api/user/pay", body);

        Assert.Equal("error", reply.Json["message"]!.GetValue<string>());
        await using var db = shop.Host.Database.Open();
        Assert.Equal(0, await db.TopUps.CountAsync(Cancel));
    }

    [Fact]
    public async Task Stripe_is_asked_for_as_many_of_the_price_as_units_are_bought()
    {
        await using var shop = await Shop.OpenAsync();

        Shop.Is(HttpStatusCode.OK, """{"message":"success","data":{"pay_link":"https://stripe.example/cs_1"}}""", await shop.PayByStripeAsync());

        var order = await shop.OrderAsync();
        Assert.Matches("^ref_[0-9a-f]{40}$", order.TradeNo);
        var request = shop.Provider.Requests.Single(request => request.Route == "POST /v1/checkout/sessions");
        Assert.Equal("Bearer sk_test_1", request.Headers["Authorization"]);
        Assert.Equal(order.TradeNo, request.Headers["Idempotency-Key"]);
        Assert.Equal(order.TradeNo, request.Fields["client_reference_id"]);
        Assert.Equal(("price_1", "10", "payment"), (request.Fields["line_items[0][price]"], request.Fields["line_items[0][quantity]"], request.Fields["mode"]));
        Assert.Equal("https://gateway.example/console/log", request.Fields["success_url"]);
    }

    [Fact]
    public async Task A_group_that_pays_less_at_Stripe_gets_as_much()
    {
        await using var shop = await Shop.OpenAsync();
        await shop.SetAsync(("TopupGroupRatio", """{"default":0.75}"""));
        shop.Provider.Answers["POST /v1/checkout/sessions"]["amount_subtotal"] = 6_000;

        var shown = await shop.Payer.PostAsync("/api/user/stripe/amount", new JsonObject { ["amount"] = 10 });
        await shop.PayByStripeAsync();

        Shop.Is(HttpStatusCode.OK, """{"message":"success","data":"60.00"}""", shown);
        var fields = shop.Provider.Requests.Single(request => request.Route == "POST /v1/checkout/sessions").Fields;
        Assert.Equal(600m, decimal.Parse(fields["line_items[0][price_data][unit_amount_decimal]"], System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(("usd", "prod_stripe", "10"), (fields["line_items[0][price_data][currency]"], fields["line_items[0][price_data][product]"], fields["line_items[0][quantity]"]));
        await shop.StripeReportsAsync((await shop.OrderAsync()).TradeNo!, change: session => session["amount_subtotal"] = 6_000);
        await shop.PaidAsync(5_000_000);
    }

    [Theory]
    [InlineData("https://evil.example/", 400)]
    [InlineData("https://gateway.example.evil.example/", 400)]
    [InlineData("https://gateway.example@evil.example/", 400)]
    [InlineData("javascript:alert(1)", 400)]
    [InlineData("/relative", 400)]
    [InlineData("https://gateway.example/thanks", 200)]
    [InlineData("https://pay.trusted.example/thanks", 200)]
    public async Task Payers_come_back_to_trusted_hosts_only(string url, int status)
    {
        await using var shop = await Shop.OpenAsync(new() { ["TRUSTED_REDIRECT_DOMAINS"] = "Trusted.example, other.example" });

        var reply = await shop.Payer.PostAsync(
            "/api/user/stripe/pay", new JsonObject { ["amount"] = 10, ["payment_method"] = "stripe", ["success_url"] = url });

        Assert.Equal(status, (int)reply.Status);
    }

    [Fact]
    public async Task A_checkout_that_the_provider_refuses_leaves_a_failed_order()
    {
        await using var shop = await Shop.OpenAsync();
        shop.Provider.Answers.Remove("POST /v1/checkout/sessions");

        Shop.Is(HttpStatusCode.OK, """{"message":"error","data":"The payment could not be started; try again later"}""", await shop.PayByStripeAsync());

        Assert.Equal("failed", (await shop.OrderAsync()).Status);
        Assert.DoesNotContain(shop.Log.Lines, line => line.Contains("sk_test_1"));
    }

    [Fact]
    public async Task A_product_with_another_price_at_Creem_is_not_sold()
    {
        await using var shop = await Shop.OpenAsync();
        shop.Provider.Answers["GET /v1/products"]["price"] = 900;

        Assert.Equal("error", (await shop.PayByCreemAsync()).Json["message"]!.GetValue<string>());

        Assert.Equal("failed", (await shop.OrderAsync()).Status);
        Assert.DoesNotContain(shop.Provider.Requests, request => request.Route == "POST /v1/checkouts");
    }

    [Fact]
    public async Task Creem_answers_with_its_checkout()
    {
        await using var shop = await Shop.OpenAsync();

        JsonShape.Equal(
            """{"message":"success","data":{"checkout_url":"https://creem.example/ch_1","order_id":"*"}}""", (await shop.PayByCreemAsync()).Text);

        var request = shop.Provider.Requests.Single(request => request.Route == "POST /v1/checkouts");
        Assert.Equal("creem_1", request.Headers["x-api-key"]);
        Assert.Equal((await shop.OrderAsync()).TradeNo, JsonNode.Parse(request.Body)!["request_id"]!.GetValue<string>());
    }

    [Fact]
    public async Task Payers_see_their_orders_and_administrators_all()
    {
        await using var shop = await Shop.OpenAsync();
        var other = await shop.Host.CreateUserAsync(shop.Root, "other");
        await shop.PayByEpayAsync();
        var tradeNo = (await shop.OrderAsync()).TradeNo!;
        await other.PostAsync("/api/user/pay", new JsonObject { ["amount"] = 20, ["payment_method"] = "wxpay" });

        var own = await shop.Payer.GetAsync("/api/user/topup/self");
        JsonShape.Equal(
            """
            [{"id":1,"user_id":2,"amount":10,"money":73.0,"trade_no":"*","payment_method":"alipay","payment_provider":"epay","create_time":"#",
              "complete_time":0,"status":"pending"}]
            """.Replace("73.0", "\"#\""),
            own.Items.ToJsonString());
        Assert.Equal(2, (await shop.Root.GetAsync("/api/user/topup")).Items.Count);
        Assert.Single((await shop.Root.GetAsync($"/api/user/topup?keyword={tradeNo[3..12]}")).Items);
        Assert.Empty((await other.GetAsync($"/api/user/topup/self?keyword={tradeNo}")).Items);
    }

    [Fact]
    public async Task An_administrator_completes_an_order_by_hand_once()
    {
        await using var shop = await Shop.OpenAsync();
        await shop.PayByEpayAsync();
        var body = new JsonObject { ["trade_no"] = (await shop.OrderAsync()).TradeNo };

        Assert.False((await shop.Payer.PostAsync("/api/user/topup/complete", body)).Success);
        var replies = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => shop.Root.PostAsync("/api/user/topup/complete", body.DeepClone())));
        Assert.All(replies, reply => Assert.True(reply.Success, reply.Text));
        await shop.PaidAsync(5_000_000);
        // The provider's report comes after all.
        await shop.EpayReportsAsync((await shop.OrderAsync()).TradeNo!);
        await shop.PaidAsync(5_000_000);
        Assert.False((await shop.Root.PostAsync("/api/user/topup/complete", new JsonObject { ["trade_no"] = "nothing" })).Success);
        await using var db = shop.Host.Database.Open();
        Assert.Equal(1, await db.Logs.CountAsync(row => row.UserId == shop.Root.UserId && row.Type == 3, Cancel));
    }
}
