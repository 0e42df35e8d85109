using System.Net;
using System.Text.Json.Nodes;
using LinqToDB;
using LinqToDB.Async;
using NewApi.AdminService.Tests.TopUps;
using NewApi.Data.Rows;
using NewApi.Payments;

namespace NewApi.AdminService.Tests.Subscriptions;

public class PlanTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Plans_are_made_changed_shown_and_taken_off_sale()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var alice = await host.CreateUserAsync(root, "alice");

        Assert.True((await CreateAsync(root, """{"title":"Basic","price_amount":9.9,"sort_order":1,"total_amount":1000}""")).Success);
        Assert.True((await CreateAsync(root, """{"title":"Pro","price_amount":"19.9","currency":"EUR","upgrade_group":"vip","sort_order":2}""")).Success);
        var plans = (JsonArray)(await alice.GetAsync("/api/subscription/plans")).Data!;
        Assert.Equal(["Pro", "Basic"], plans.Select(plan => plan!["plan"]!["title"]!.GetValue<string>()));
        JsonShape.Equal(
            """
            {"plan":{"id":1,"title":"Basic","subtitle":"","price_amount":"#","currency":"USD","duration_unit":"month","duration_value":1,
              "custom_seconds":0,"enabled":true,"sort_order":1,"allow_balance_pay":true,"allow_wallet_overflow":true,"stripe_price_id":"",
              "creem_product_id":"","max_purchase_per_user":0,"upgrade_group":"","downgrade_group":"","total_amount":1000,
              "quota_reset_period":"never","quota_reset_custom_seconds":0,"created_at":"#","updated_at":"#"}}
            """,
            plans[1]!.ToJsonString());
        Assert.Equal("USD", plans[0]!["plan"]!["currency"]!.GetValue<string>());

        var changed = await root.SendAsync(
            HttpMethod.Put, "/api/subscription/admin/plans/1", """{"plan":{"title":"Basic 2","price_amount":5,"allow_balance_pay":false,"enabled":true}}""");
        Assert.True(changed.Success, changed.Text);
        Assert.True((await root.SendAsync(HttpMethod.Patch, "/api/subscription/admin/plans/2", """{"enabled":false}""")).Success);
        Assert.False((await root.SendAsync(HttpMethod.Patch, "/api/subscription/admin/plans/9", """{"enabled":false}""")).Success);

        var plan = Assert.Single((JsonArray)(await alice.GetAsync("/api/subscription/plans")).Data!)!["plan"]!;
        Assert.Equal(("Basic 2", 0L, false), (plan["title"]!.GetValue<string>(), plan["total_amount"]!.GetValue<long>(), plan["allow_balance_pay"]!.GetValue<bool>()));
        Assert.Equal(2, ((JsonArray)(await root.GetAsync("/api/subscription/admin/plans")).Data!).Count);
    }

    [Theory]
    [InlineData("""{"title":"","price_amount":1}""")]
    [InlineData("""{"price_amount":1}""")]
    [InlineData("""{"title":"x","price_amount":-1}""")]
    [InlineData("""{"title":"x","price_amount":10000}""")]
    [InlineData("""{"title":"x","upgrade_group":"nobody"}""")]
    [InlineData("""{"title":"x","downgrade_group":"nobody"}""")]
    [InlineData("""{"title":"x","quota_reset_period":"custom"}""")]
    [InlineData("""{"title":"x","quota_reset_period":"hourly"}""")]
    [InlineData("""{"title":"x","duration_unit":"week"}""")]
    [InlineData("""{"title":"x","duration_unit":"custom"}""")]
    [InlineData("""{"title":"x","duration_value":-1}""")]
    [InlineData("""{"title":"x","total_amount":-1}""")]
    public async Task Plans_out_of_bounds_are_refused(string plan)
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;

        Assert.False((await CreateAsync(root, plan)).Success);
        Assert.Empty((JsonArray)(await root.GetAsync("/api/subscription/admin/plans")).Data!);
    }

    [Fact]
    public async Task A_plan_is_bought_from_the_balance_and_raises_the_group()
    {
        await using var shop = await Shop.OpenAsync();
        await CreateAsync(shop.Root, """{"title":"Pro","price_amount":2,"upgrade_group":"vip","total_amount":1000,"max_purchase_per_user":1}""");
        await RewardAsync(shop, 1_500_000);
        var body = new JsonObject { ["plan_id"] = 1 };

        var replies = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => shop.Payer.PostAsync("/api/subscription/balance/pay", body.DeepClone())));

        Assert.Single(replies, reply => reply.Success);
        Assert.Equal(500_000, await shop.BalanceAsync());
        Assert.Equal("vip", (await shop.Payer.GetAsync("/api/user/self")).Data!["group"]!.GetValue<string>());
        JsonShape.Equal(
            """
            {"billing_preference":"subscription_first","subscriptions":[{"subscription":"*"}],"all_subscriptions":[{"subscription":{
              "id":1,"user_id":2,"plan_id":1,"amount_total":1000,"amount_used":0,"start_time":"#","end_time":"#","status":"active","source":"order",
              "last_reset_time":"#","next_reset_time":0,"upgrade_group":"vip","prev_user_group":"default","created_at":"#","updated_at":"#"}}]}
            """,
            (await shop.Payer.GetAsync("/api/subscription/self")).Data!.ToJsonString());
    }

    [Fact]
    public async Task A_balance_that_does_not_suffice_buys_nothing()
    {
        await using var shop = await Shop.OpenAsync();
        await CreateAsync(shop.Root, """{"title":"Pro","price_amount":2}""");
        await CreateAsync(shop.Root, """{"title":"Card","price_amount":0.1,"allow_balance_pay":false}""");
        await RewardAsync(shop, 999_999);

        Assert.Equal("The balance does not suffice", (await shop.Payer.PostAsync("/api/subscription/balance/pay", new JsonObject { ["plan_id"] = 1 })).Message);
        Assert.False((await shop.Payer.PostAsync("/api/subscription/balance/pay", new JsonObject { ["plan_id"] = 2 })).Success);
        Assert.False((await shop.Payer.PostAsync("/api/subscription/balance/pay", new JsonObject { ["plan_id"] = 3 })).Success);
        Assert.Equal(999_999, await shop.BalanceAsync());
    }

    [Fact]
    public async Task Epay_sells_a_plan_at_the_rate_of_the_day_and_its_return_counts_like_its_report()
    {
        await using var shop = await Shop.OpenAsync();
        await CreateAsync(shop.Root, """{"title":"Pro","price_amount":9.9,"upgrade_group":"vip"}""");

        var form = await shop.Payer.PostAsync("/api/subscription/epay/pay", new JsonObject { ["plan_id"] = 1, ["payment_method"] = "alipay" });
        var data = form.Json["data"]!;
        Assert.Equal(
            ("72.27", "https://gateway.example/api/subscription/epay/notify"),
            (data["money"]!.GetValue<string>(), data["notify_url"]!.GetValue<string>()));
        var tradeNo = data["out_trade_no"]!.GetValue<string>();
        Assert.StartsWith("SUBUSR2NO", tradeNo);

        Shop.Is(HttpStatusCode.OK, "fail", await shop.EpayReportsAsync(tradeNo, "72.26", path: "/api/subscription/epay/notify"));
        var back = await shop.EpayReportsAsync(tradeNo, "72.27", path: "/api/subscription/epay/return");
        Assert.Equal((HttpStatusCode.Redirect, "https://gateway.example/console/topup?pay=success"), (back.Status, back.Headers.Location!.OriginalString));
        Shop.Is(HttpStatusCode.OK, "success", await shop.EpayReportsAsync(tradeNo, "72.27", path: "/api/subscription/epay/notify"));
        var forged = await shop.EpayReportsAsync(tradeNo, "72.27", key: "guess", path: "/api/subscription/epay/return");
        Assert.EndsWith("?pay=fail", forged.Headers.Location!.OriginalString);

        Assert.Single((JsonArray)(await shop.Payer.GetAsync("/api/subscription/self")).Data!["subscriptions"]!);
        Assert.Equal(0, await shop.BalanceAsync());
    }

    [Fact]
    public async Task Stripe_sells_a_plan_once_even_where_its_price_would_renew_itself()
    {
        await using var shop = await Shop.OpenAsync();
        await CreateAsync(shop.Root, """{"title":"Pro","price_amount":80,"stripe_price_id":"price_1"}""");
        shop.StripeSells(8_000, "usd", pieces: 1);
        shop.Provider.Answers["GET /v1/prices/price_1"]["recurring"] = new JsonObject { ["interval"] = "month" };

        var reply = await shop.Payer.PostAsync("/api/subscription/stripe/pay", new JsonObject { ["plan_id"] = 1 });

        Shop.Is(HttpStatusCode.OK, """{"message":"success","data":{"pay_link":"https://stripe.example/cs_1"}}""", reply);
        var fields = shop.Provider.Requests.Single(request => request.Route == "POST /v1/checkout/sessions").Fields;
        Assert.Equal(("payment", "1"), (fields["mode"], fields["line_items[0][quantity]"]));
        Assert.False(fields.ContainsKey("line_items[0][price]"));
        await using var db = shop.Host.Database.Open();
        var tradeNo = await db.SubscriptionOrders.Select(row => row.TradeNo!).SingleAsync(Cancel);
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => shop.StripeReportsAsync(tradeNo)));
        Assert.Single((JsonArray)(await shop.Payer.GetAsync("/api/subscription/self")).Data!["subscriptions"]!);
        Assert.Equal("stripe cs_1", await db.SubscriptionOrders.Select(row => row.ProviderPayload).SingleAsync(Cancel));
    }

    [Fact]
    public async Task Creem_sells_a_plan()
    {
        await using var shop = await Shop.OpenAsync();
        await CreateAsync(shop.Root, """{"title":"Pro","price_amount":10,"creem_product_id":"prod_1"}""");
        await CreateAsync(shop.Root, """{"title":"Other","price_amount":10}""");

        var reply = await shop.Payer.PostAsync("/api/subscription/creem/pay", new JsonObject { ["plan_id"] = 1 });
        await shop.CreemReportsAsync(reply.Json["data"]!["order_id"]!.GetValue<string>());

        Assert.Single((JsonArray)(await shop.Payer.GetAsync("/api/subscription/self")).Data!["subscriptions"]!);
        Assert.False((await shop.Payer.PostAsync("/api/subscription/creem/pay", new JsonObject { ["plan_id"] = 2 })).Success);
        Assert.False((await shop.Payer.PostAsync("/api/subscription/stripe/pay", new JsonObject { ["plan_id"] = 2 })).Success);
    }

    [Theory]
    [InlineData("stripe", 500, "usd")]
    [InlineData("stripe", 2_000, "eur")]
    [InlineData("creem", 500, "USD")]
    [InlineData("creem", 2_000, "EUR")]
    public async Task A_plan_whose_price_is_another_at_the_provider_is_not_sold(string provider, long asks, string currency)
    {
        await using var shop = await Shop.OpenAsync();
        await CreateAsync(shop.Root, """{"title":"Pro","price_amount":20,"stripe_price_id":"price_1","creem_product_id":"prod_1"}""");
        await SellAsync(asks, currency);

        Assert.Equal("The payment could not be started; try again later", (await PayAsync()).Message);
        await using var db = shop.Host.Database.Open();
        Assert.Equal("failed", await db.SubscriptionOrders.Select(row => row.Status).SingleAsync(Cancel));
        Assert.Contains(shop.Log.Lines, line => line.Contains("Plan 1 has another price", StringComparison.Ordinal));

        await SellAsync(2_000, "USD");
        Assert.DoesNotContain("could not be started", (await PayAsync()).Text);

        Task<Reply> PayAsync() => shop.Payer.PostAsync($"/api/subscription/{provider}/pay", new JsonObject { ["plan_id"] = 1 });

        Task SellAsync(long price, string money)
        {
            shop.StripeSells(price, money.ToLowerInvariant(), pieces: 1);
            shop.Provider.Answers["GET /v1/products"] = new JsonObject { ["id"] = "prod_1", ["price"] = price, ["currency"] = money };
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task What_a_promotion_code_took_off_does_not_become_balance()
    {
        await using var shop = await Shop.OpenAsync();
        await shop.SetAsync(("StripePromotionCodesEnabled", "true"));
        await CreateAsync(shop.Root, """{"title":"Pro","price_amount":80,"stripe_price_id":"price_1","max_purchase_per_user":1}""");
        shop.StripeSells(8_000, "usd", pieces: 1);
        await shop.Payer.PostAsync("/api/subscription/stripe/pay", new JsonObject { ["plan_id"] = 1 });
        await shop.Payer.PostAsync("/api/subscription/stripe/pay", new JsonObject { ["plan_id"] = 1 });
        await using var db = shop.Host.Database.Open();

        foreach (var tradeNo in await db.SubscriptionOrders.Select(row => row.TradeNo!).ToListAsync(Cancel))
        {
            await shop.StripeReportsAsync(tradeNo, change: session => session["total_details"] = new JsonObject { ["amount_discount"] = 6_000 });
        }

        Assert.Single((JsonArray)(await shop.Payer.GetAsync("/api/subscription/self")).Data!["subscriptions"]!);
        Assert.Equal(10_000_000, await shop.BalanceAsync());
    }

    [Fact]
    public async Task Administrators_change_plans_only_of_those_below_them()
    {
        await using var shop = await Shop.OpenAsync(configured: false);
        await CreateAsync(shop.Root, """{"title":"Pro","price_amount":10,"upgrade_group":"vip"}""");
        var carol = await shop.Host.CreateUserAsync(shop.Root, "carol", role: 10);
        var frank = await shop.Host.CreateUserAsync(shop.Root, "frank", role: 10);

        foreach (var above in (long[])[shop.Root.UserId, carol.UserId, frank.UserId])
        {
            Assert.Equal("Only an account with a higher role may do this", (await BindAsync(carol, above)).Message);
            Assert.Equal(
                "Only an account with a higher role may do this",
                (await carol.PostAsync($"/api/subscription/admin/users/{above}/subscriptions", new JsonObject { ["plan_id"] = 1 })).Message);
        }
        Assert.True((await BindAsync(shop.Root, frank.UserId)).Success);
        Assert.True((await BindAsync(shop.Root, shop.Root.UserId)).Success);
        Assert.True((await BindAsync(carol, shop.Payer.UserId)).Success);
        Assert.False((await carol.PostAsync("/api/subscription/admin/user_subscriptions/1/invalidate")).Success);
        Assert.False((await carol.DeleteAsync("/api/subscription/admin/user_subscriptions/1")).Success);
        Assert.False((await carol.DeleteAsync("/api/subscription/admin/user_subscriptions/99")).Success);

        Assert.Equal("vip", (await frank.GetAsync("/api/user/self")).Data!["group"]!.GetValue<string>());
        Assert.Equal("default", (await carol.GetAsync("/api/user/self")).Data!["group"]!.GetValue<string>());
        Assert.True((await carol.PostAsync("/api/subscription/admin/user_subscriptions/3/invalidate")).Success);
        Assert.True((await carol.DeleteAsync("/api/subscription/admin/user_subscriptions/3")).Success);
        Assert.True((await shop.Root.DeleteAsync("/api/subscription/admin/user_subscriptions/2")).Success);

        static Task<Reply> BindAsync(Session who, long id) =>
            who.PostAsync("/api/subscription/admin/bind", new JsonObject { ["user_id"] = id, ["plan_id"] = 1 });
    }

    [Fact]
    public async Task Administrators_give_end_and_remove_plans()
    {
        await using var shop = await Shop.OpenAsync(configured: false);
        await CreateAsync(shop.Root, """{"title":"Pro","price_amount":10,"upgrade_group":"vip","max_purchase_per_user":1}""");

        Assert.True((await shop.Root.PostAsync("/api/subscription/admin/bind", new JsonObject { ["user_id"] = 2, ["plan_id"] = 1 })).Success);
        Assert.True((await shop.Root.PostAsync("/api/subscription/admin/users/2/subscriptions", new JsonObject { ["plan_id"] = 1 })).Success);
        Assert.False((await shop.Root.PostAsync("/api/subscription/admin/users/99/subscriptions", new JsonObject { ["plan_id"] = 1 })).Success);
        Assert.Equal(2, ((JsonArray)(await shop.Root.GetAsync("/api/subscription/admin/users/2/subscriptions")).Data!).Count);
        Assert.True((await shop.Root.PostAsync("/api/subscription/admin/user_subscriptions/1/invalidate")).Success);
        Assert.False((await shop.Root.PostAsync("/api/subscription/admin/user_subscriptions/1/invalidate")).Success);
        Assert.Equal("vip", (await shop.Payer.GetAsync("/api/user/self")).Data!["group"]!.GetValue<string>());
        Assert.True((await shop.Root.DeleteAsync("/api/subscription/admin/user_subscriptions/2")).Success);
        Assert.Equal("default", (await shop.Payer.GetAsync("/api/user/self")).Data!["group"]!.GetValue<string>());
    }

    [Fact]
    public async Task The_preference_is_kept_beside_the_other_settings()
    {
        await using var shop = await Shop.OpenAsync(configured: false);
        await shop.Payer.PutAsync("/api/user/self", new JsonObject { ["language"] = "en" });

        var reply = await shop.Payer.PutAsync("/api/subscription/self/preference", new JsonObject { ["billing_preference"] = "wallet_only" });
        JsonShape.Equal("""{"billing_preference":"wallet_only"}""", reply.Data!.ToJsonString());
        Assert.Equal("wallet_only", (await shop.Payer.GetAsync("/api/subscription/self")).Data!["billing_preference"]!.GetValue<string>());
        reply = await shop.Payer.PutAsync("/api/subscription/self/preference", new JsonObject { ["billing_preference"] = "mine" });
        JsonShape.Equal("""{"billing_preference":"subscription_first"}""", reply.Data!.ToJsonString());
        Assert.Contains("\"language\":\"en\"", (await shop.Payer.GetAsync("/api/user/self")).Data!["setting"]!.GetValue<string>());
    }

    private static Task<Reply> CreateAsync(Session root, string plan) =>
        root.SendAsync(HttpMethod.Post, "/api/subscription/admin/plans", $$"""{"plan":{{plan}}}""");

    private static async Task RewardAsync(Shop shop, long points)
    {
        var codes = (JsonArray)(await shop.Root.PostAsync("/api/redemption/", new JsonObject { ["name"] = "gift", ["quota"] = points, ["count"] = 1 })).Data!;
        Assert.True((await shop.Payer.PostAsync("/api/user/topup", new JsonObject { ["key"] = codes[0]!.GetValue<string>() })).Success);
    }
}
