using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using LinqToDB.Async;
using NewApi.Data.Ledger;
using NewApi.Data.Rows;
using NewApi.Payments;
using Stripe;

namespace NewApi.AdminService.Tests.TopUps;

/// <summary>A gateway that sells through all three providers, a payer, and the providers.</summary>
internal sealed class Shop : IAsyncDisposable
{
    public const string EpayKey = "epay-key-1";
    public const string StripeSecret = "whsec_test_1";
    public const string CreemSecret = "creem-secret-1";

    private Shop(AdminHost host, Session root, Session payer, FakeProvider provider, RecordedLog log)
    {
        Host = host;
        Root = root;
        Payer = payer;
        Provider = provider;
        Log = log;
    }

    public AdminHost Host { get; }

    public Session Root { get; }

    public Session Payer { get; }

    public FakeProvider Provider { get; }

    public RecordedLog Log { get; }

    public static async Task<Shop> OpenAsync(Dictionary<string, string?>? settings = null, bool configured = true, TimeProvider? clock = null)
    {
        var provider = await FakeProvider.StartAsync();
        var log = new RecordedLog();
        var (host, root) = await AdminHost.StartSetUpAsync(settings, clock, services =>
        {
            provider.Register(services);
            log.Register(services);
        });
        var payer = await host.CreateUserAsync(root, "payer");
        var shop = new Shop(host, root, payer, provider, log);
        if (configured)
        {
            await shop.SetAsync(
                ("ServerAddress", "https://gateway.example"),
                ("PayAddress", "https://epay.example/"),
                ("EpayId", "1001"),
                ("EpayKey", EpayKey),
                ("StripeApiSecret", "sk_test_1"),
                ("StripeWebhookSecret", StripeSecret),
                ("StripePriceId", "price_1"),
                ("CreemApiKey", "creem_1"),
                ("CreemWebhookSecret", CreemSecret),
                ("CreemProducts", """[{"productId":"prod_1","name":"Small","price":10,"currency":"USD","quota":5000000}]"""));
            shop.StripeSells(800, "usd");
            provider.Answers["GET /v1/products"] = new JsonObject { ["id"] = "prod_1", ["price"] = 1_000, ["currency"] = "USD" };
            provider.Answers["POST /v1/checkouts"] = new JsonObject { ["id"] = "ch_1", ["checkout_url"] = "https://creem.example/ch_1" };
        }
        return shop;
    }

    public async Task SetAsync(params (string Key, string Value)[] options)
    {
        foreach (var (key, value) in options)
        {
            var reply = await Root.PutAsync("/api/option/", new JsonObject { ["key"] = key, ["value"] = value });
            Assert.True(reply.Success, reply.Text);
        }
    }

    /// <summary>Stripe's price, and the session of so many of it.</summary>
    public void StripeSells(long unit, string currency, long pieces = 10)
    {
        Provider.Answers["GET /v1/prices/price_1"] = new JsonObject
        {
            ["id"] = "price_1",
            ["object"] = "price",
            ["unit_amount"] = unit,
            ["unit_amount_decimal"] = unit.ToString(),
            ["currency"] = currency,
            ["product"] = "prod_stripe",
            ["type"] = "one_time",
        };
        Provider.Answers["POST /v1/checkout/sessions"] = new JsonObject
        {
            ["id"] = "cs_1",
            ["object"] = "checkout.session",
            ["url"] = "https://stripe.example/cs_1",
            ["amount_subtotal"] = unit * pieces,
            ["amount_total"] = unit * pieces,
            ["currency"] = currency,
        };
    }

    /// <summary>The balance, which must agree with the ledger.</summary>
    public async Task<long> BalanceAsync()
    {
        await using var db = Host.Database.Open();
        var balance = await db.Users.Where(row => row.Id == Payer.UserId).Select(row => row.Quota).SingleAsync(TestContext.Current.CancellationToken);
        var ledger = await db.Ledger.Where(row => row.UserId == Payer.UserId).SumAsync(row => row.Points, TestContext.Current.CancellationToken);
        Assert.Equal(balance, ledger);
        return balance;
    }

    public async Task<TopUpRow> OrderAsync()
    {
        await using var db = Host.Database.Open();
        return await db.TopUps.SingleAsync(TestContext.Current.CancellationToken);
    }

    public async Task<Reply> PayByEpayAsync(long amount = 10) =>
        await Payer.PostAsync("/api/user/pay", new JsonObject { ["amount"] = amount, ["payment_method"] = "alipay" });

    public async Task<Reply> PayByStripeAsync(long amount = 10) =>
        await Payer.PostAsync("/api/user/stripe/pay", new JsonObject { ["amount"] = amount, ["payment_method"] = "stripe" });

    public async Task<Reply> PayByCreemAsync() =>
        await Payer.PostAsync("/api/user/creem/pay", new JsonObject { ["product_id"] = "prod_1", ["payment_method"] = "creem" });

    /// <summary>A report of EPay about an order, signed after <paramref name="change"/> and damaged after that.</summary>
    public Task<Reply> EpayReportsAsync(
        string tradeNo,
        string money = "73.00",
        Action<Dictionary<string, string>>? change = null,
        Action<Dictionary<string, string>>? damage = null,
        string key = EpayKey,
        string path = "/api/user/epay/notify",
        string more = "")
    {
        var report = new Dictionary<string, string>
        {
            ["pid"] = "1001",
            ["trade_no"] = "2026112622001",
            ["out_trade_no"] = tradeNo,
            ["type"] = "alipay",
            ["name"] = "TUC10",
            ["money"] = money,
            ["trade_status"] = "TRADE_SUCCESS",
        };
        change?.Invoke(report);
        report["sign"] = Epay.Sign(report, key);
        report["sign_type"] = "MD5";
        damage?.Invoke(report);
        var query = string.Join('&', report.Select(pair => $"{pair.Key}={Uri.EscapeDataString(pair.Value)}"));
        return Host.Anonymous.GetAsync($"{path}?{query}{more}");
    }

    public Task<Reply> StripeReportsAsync(
        string tradeNo,
        string type = "checkout.session.completed",
        Action<JsonObject>? change = null,
        string secret = StripeSecret,
        string? signature = null,
        DateTimeOffset? at = null)
    {
        var session = new JsonObject
        {
            ["id"] = "cs_1",
            ["object"] = "checkout.session",
            ["client_reference_id"] = tradeNo,
            ["status"] = "complete",
            ["payment_status"] = "paid",
            ["amount_subtotal"] = 8_000,
            ["amount_total"] = 8_000,
            ["currency"] = "usd",
            ["customer"] = "cus_1",
            ["mode"] = "payment",
        };
        change?.Invoke(session);
        var body = new JsonObject
        {
            ["id"] = "evt_1",
            ["object"] = "event",
            ["api_version"] = "2022-08-01",
            ["type"] = type,
            ["data"] = new JsonObject { ["object"] = session },
        }.ToJsonString();
        signature ??= EventUtility.GenerateSignatureHeader(body, secret, (at ?? TimeProvider.System.GetUtcNow()).ToUnixTimeSeconds());
        return Host.Anonymous.With("Stripe-Signature", signature).SendAsync(HttpMethod.Post, "/api/stripe/webhook", body);
    }

    public Task<Reply> CreemReportsAsync(string tradeNo, Action<JsonObject>? change = null, string secret = CreemSecret, string? signature = null)
    {
        var checkout = new JsonObject
        {
            ["id"] = "ch_1",
            ["object"] = "checkout",
            ["request_id"] = tradeNo,
            ["status"] = "completed",
            ["order"] = new JsonObject { ["id"] = "ord_1", ["product"] = "prod_1", ["amount"] = 1_000, ["currency"] = "USD", ["status"] = "paid" },
        };
        change?.Invoke(checkout);
        var body = new JsonObject { ["id"] = "evt_1", ["eventType"] = "checkout.completed", ["object"] = checkout }.ToJsonString();
        signature ??= Convert.ToHexStringLower(
            System.Security.Cryptography.HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(body)));
        return Host.Anonymous.With("creem-signature", signature).SendAsync(HttpMethod.Post, "/api/creem/webhook", body);
    }

    /// <summary>Nothing was given and the order is as it was, and the operator was told.</summary>
    public async Task NothingChangedAsync(string says)
    {
        Assert.Equal(0, await BalanceAsync());
        Assert.Equal("pending", (await OrderAsync()).Status);
        await using var db = Host.Database.Open();
        Assert.Equal(0, await db.Logs.CountAsync(row => row.UserId == Payer.UserId && row.Type == 1, TestContext.Current.CancellationToken));
        Assert.Contains(Log.Lines, line => line.StartsWith("Warning", StringComparison.Ordinal) && line.Contains(says, StringComparison.Ordinal));
        Assert.DoesNotContain(Log.Lines, line => line.Contains(EpayKey) || line.Contains(StripeSecret) || line.Contains(CreemSecret));
    }

    public async Task PaidAsync(long points)
    {
        Assert.Equal(points, await BalanceAsync());
        Assert.Equal("success", (await OrderAsync()).Status);
        await using var db = Host.Database.Open();
        Assert.Equal(1, await db.Logs.CountAsync(row => row.UserId == Payer.UserId && row.Type == 1, TestContext.Current.CancellationToken));
        var report = await ((LedgerAudit)Host.Services.GetService(typeof(LedgerAudit))!).RunAsync(TestContext.Current.CancellationToken);
        Assert.True(report.IsClean, string.Join('\n', report.Discrepancies));
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        await Provider.DisposeAsync();
    }

    public static void Is(HttpStatusCode status, string text, Reply reply) => Assert.Equal((status, text), (reply.Status, reply.Text));
}
