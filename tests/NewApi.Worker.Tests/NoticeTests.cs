using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using LinqToDB;
using LinqToDB.Async;
using NewApi.Data.Rows;

namespace NewApi.Worker.Tests;

/// <summary>Warnings of low balances, from the balance to the receiver.</summary>
public sealed class NoticeTests
{
    private const string Warn = "warn-of-low-balances";
    private const string Deliver = "deliver-notices";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_balance_that_falls_below_its_threshold_is_told_once()
    {
        await using var host = await WorkerHost.StartAsync();
        var rich = await host.AddUserAsync("rich", 5_000_000);
        var own = await host.AddUserAsync("own", 5_000_000, """{"quota_warning_threshold":2000000}""");
        await host.AddUserAsync("poor", 10);
        await host.RunAsync(Warn);
        Assert.Empty(await host.NoticesAsync());

        await host.SpendAsync(rich, 4_000_000);
        await host.SpendAsync(own, 4_000_000);
        await host.RunAsync(Warn);
        var notice = Assert.Single(await host.NoticesAsync());
        Assert.Equal((own, "quota_exceed"), (notice.UserId, notice.Kind));
        Assert.Contains("Your balance is $2, below the $4 at", notice.Content, StringComparison.Ordinal);

        await host.SpendAsync(own, 10);
        await host.RunAsync(Warn);
        await host.SpendAsync(rich, 999_001);
        await host.RunAsync(Warn);
        Assert.Equal([own, rich], (await host.NoticesAsync()).Select(row => row.UserId));
    }

    [Fact]
    public async Task An_account_that_is_made_and_emptied_between_two_looks_is_told()
    {
        await using var host = await WorkerHost.StartAsync();
        await host.RunAsync(Warn);
        var id = await host.AddUserAsync("fast", 5_000_000);
        await host.SpendAsync(id, 4_999_999);

        await host.RunAsync(Warn);

        Assert.Equal(id, Assert.Single(await host.NoticesAsync()).UserId);
    }

    [Fact]
    public async Task A_plan_that_is_almost_used_up_is_told_once_a_period()
    {
        await using var host = await WorkerHost.StartAsync();
        var id = await host.AddUserAsync("holder", 5_000_000, """{"quota_warning_threshold":1000}""");
        await host.RunAsync(Warn);
        await host.Database.WriteAsync(
            async (db, ct) =>
            {
                await db.InsertAsync(new SubscriptionPlanRow { Id = 1, Title = "Gold" }, token: ct);
                await db.InsertAsync(
                    new UserSubscriptionRow
                    {
                        Id = 1,
                        UserId = id,
                        PlanId = 1,
                        AmountTotal = 500_000,
                        AmountUsed = 499_500,
                        Status = "active",
                        EndTime = 4_000_000_000,
                        CreatedAt = host.Clock.GetUtcNow().ToUnixTimeSeconds() + 1,
                    },
                    token: ct);
            },
            Cancel);

        await host.RunAsync(Warn);
        await UseAsync(499_900);
        var notice = Assert.Single(await host.NoticesAsync());
        Assert.Equal((id, "quota_exceed"), (notice.UserId, notice.Kind));
        Assert.StartsWith("Your plan Gold has $0.001 left of $1, below the $0.002 at", notice.Content, StringComparison.Ordinal);

        // A new period begins, and is used up.
        await UseAsync(0);
        await UseAsync(499_950);
        Assert.Equal(2, (await host.NoticesAsync()).Count);

        async Task UseAsync(long used)
        {
            await host.Database.WriteAsync((db, ct) => db.UserSubscriptions.Set(row => row.AmountUsed, used).UpdateAsync(ct), Cancel);
            await host.RunAsync(Warn);
        }
    }

    [Fact]
    public async Task A_balance_that_swings_is_told_twice_in_ten_minutes_and_again_afterwards()
    {
        await using var host = await WorkerHost.StartAsync();
        var id = await host.AddUserAsync("swing", 5_000_000);
        await host.RunAsync(Warn);

        for (var fall = 0; fall < 4; fall++)
        {
            await SwingAsync();
        }
        Assert.Equal(2, (await host.NoticesAsync()).Count);
        host.Clock.Offset += TimeSpan.FromMinutes(11);
        await SwingAsync();
        Assert.Equal(3, (await host.NoticesAsync()).Count);

        async Task SwingAsync()
        {
            await host.SpendAsync(id, 4_999_999);
            await host.RunAsync(Warn);
            await host.SpendAsync(id, -4_999_999);
            await host.RunAsync(Warn);
        }
    }

    [Fact]
    public async Task Mail_goes_to_the_address_of_the_setting_or_of_the_account()
    {
        await using var mail = new MailReceiver();
        await using var host = await WorkerHost.StartAsync();
        await host.SetAsync(
            ("SMTPServer", "127.0.0.1"), ("SMTPPort", mail.Port.ToString()), ("SMTPFrom", "gateway@example.com"), ("SystemName", "Gateway"));
        await host.AddUserAsync("account", 1, email: "account@example.com");
        await host.AddUserAsync("setting", 1, """{"notification_email":"setting@example.com"}""", "other@example.com");
        await host.AddUserAsync("nowhere", 1);
        await AddAsync(host, 1, 2, 3);

        await host.RunAsync(Deliver);

        Assert.Equal(2, mail.Messages.Count);
        Assert.Contains(mail.Messages, text => text.Contains("To: account@example.com") && text.Contains("Subject: a title") && text.Contains("the content"));
        Assert.Contains(mail.Messages, text => text.Contains("To: setting@example.com") && text.Contains("gateway@example.com"));
        Assert.Equal([0L, 0L], (await host.NoticesAsync()).Where(row => row.UserId < 3).Select(row => row.NextTry));
        await host.RunAsync(Deliver);
        Assert.Equal(2, mail.Messages.Count);
    }

    [Fact]
    public async Task A_receiver_that_refuses_is_tried_again_ever_later_and_then_given_up()
    {
        await using var mail = new MailReceiver { Refuses = true };
        await using var host = await WorkerHost.StartAsync();
        await host.SetAsync(("SMTPServer", "127.0.0.1"), ("SMTPPort", mail.Port.ToString()), ("SMTPFrom", "gateway@example.com"));
        await host.AddUserAsync("account", 1, email: "account@example.com");
        await AddAsync(host, 1);

        await host.RunAsync(Deliver);
        await host.RunAsync(Deliver);
        Assert.Equal(1, Assert.Single(await host.NoticesAsync()).Tries);
        foreach (var minutes in (int[])[2, 6, 31])
        {
            host.Clock.Offset += TimeSpan.FromMinutes(minutes);
            await host.RunAsync(Deliver);
        }
        var given = Assert.Single(await host.NoticesAsync());
        Assert.Equal((4L, 0L), (given.Tries, given.NextTry));

        mail.Refuses = false;
        host.Clock.Offset += TimeSpan.FromDays(8);
        await host.RunAsync(Deliver);
        Assert.Empty(mail.Messages);
        Assert.Empty(await host.NoticesAsync());
    }

    [Fact]
    public async Task A_webhook_is_signed_and_Bark_and_Gotify_get_what_they_know()
    {
        using var receiver = new HttpReceiver();
        await using var host = await WorkerHost.StartAsync();
        await host.SetAsync(("fetch_setting.allow_private_ip", "true"), ("fetch_setting.allowed_ports", $"[\"{receiver.Port}\"]"));
        await host.AddUserAsync("hook", 1, $$"""{"notify_type":"webhook","webhook_url":"{{receiver.Address}}/hook","webhook_secret":"s3"}""");
        await host.AddUserAsync("bark", 1, $$$"""{"notify_type":"bark","bark_url":"{{{receiver.Address}}}/key/{{title}}/{{content}}?group=x"}""");
        await host.AddUserAsync(
            "gotify", 1, $$"""{"notify_type":"gotify","gotify_url":"{{receiver.Address}}/","gotify_token":"t0","gotify_priority":7}""");
        await AddAsync(host, 1, 2, 3);

        await host.RunAsync(Deliver);

        var hook = receiver.Hits.Single(hit => hit.Url == "/hook");
        var body = JsonNode.Parse(hook.Body)!;
        Assert.Equal(("quota_exceed", "a title", "the content & more"), ((string?)body["type"], (string?)body["title"], (string?)body["content"]));
        Assert.Equal(Convert.ToHexStringLower(HMACSHA256.HashData("s3"u8, Encoding.UTF8.GetBytes(hook.Body))), hook.Signature);
        Assert.Equal("/key/a%20title/the%20content%20%26%20more?group=x", receiver.Hits.Single(hit => hit.Method == "GET").Url);
        var gotify = receiver.Hits.Single(hit => hit.Url == "/message");
        Assert.Equal(("t0", 7), (gotify.Key, (int)JsonNode.Parse(gotify.Body)!["priority"]!));
        Assert.All(await host.NoticesAsync(), row => Assert.Equal(0, row.NextTry));
    }

    [Fact]
    public async Task A_webhook_into_our_own_network_is_not_called()
    {
        using var receiver = new HttpReceiver();
        await using var host = await WorkerHost.StartAsync();
        await host.SetAsync(("fetch_setting.allowed_ports", $"[\"{receiver.Port}\"]"));
        await host.AddUserAsync("hook", 1, $$"""{"notify_type":"webhook","webhook_url":"{{receiver.Address}}/hook"}""");
        await AddAsync(host, 1);

        await host.RunAsync(Deliver);

        Assert.Empty(receiver.Hits);
        Assert.Equal(1, Assert.Single(await host.NoticesAsync()).Tries);
    }

    private static Task AddAsync(WorkerHost host, params long[] users) => host.Database.WriteAsync(
        async (db, ct) =>
        {
            var now = host.Clock.GetUtcNow().ToUnixTimeSeconds();
            foreach (var user in users)
            {
                await db.InsertAsync(
                    new NoticeRow { UserId = user, Kind = "quota_exceed", Title = "a title", Content = "the content & more", CreatedAt = now, NextTry = now },
                    token: ct);
            }
        },
        Cancel);
}
