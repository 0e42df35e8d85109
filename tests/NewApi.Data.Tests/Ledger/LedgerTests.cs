using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.Data.Ledger;
using NewApi.Data.Rows;
using NewApi.Domain;
using NewApi.Testing.Databases;

namespace NewApi.Data.Tests.Ledger;

/// <summary>Money on every database: admission, settlement, and the proof of the books.</summary>
public sealed class LedgerTests
{
    private const long Granted = 10_000;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory, AllDatabases]
    public async Task Parallel_takers_of_two_processes_never_get_more_than_the_balance(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var first = await DataHost.StartAsync(database);
        await using var second = DataHost.Create(database);
        await first.SeedPayerAsync(Granted);

        var taken = await Task.WhenAll(Enumerable.Range(0, 32).Select(i =>
            (i % 2 == 0 ? first : second).Get<EscrowStore>().TakeAsync($"relay/{i % 2}", AccountKind.Wallet, 1, 500, 900, Cancel)));

        Assert.Equal(taken.Sum(escrow => escrow.Taken), await HeldAsync(first));
        Assert.Equal(taken.Sum(escrow => escrow.Taken), await EscrowAsync(first));
        Assert.InRange(taken.Sum(escrow => escrow.Taken), Granted - 500 + 1, Granted);
    }

    [Theory, AllDatabases]
    public async Task Giving_everything_back_twice_gives_it_back_once(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        await host.SeedPayerAsync(Granted);
        var escrows = host.Get<EscrowStore>();
        await escrows.TakeAsync("relay/a/1", AccountKind.Wallet, 1, 700, 700, Cancel);
        await escrows.TakeAsync("relay/a/1", AccountKind.Key, 1, 300, 300, Cancel);
        await escrows.TakeAsync("relay/b/1", AccountKind.Wallet, 1, 50, 50, Cancel);

        await escrows.ReturnAllAsync("relay/a/", Cancel);
        await escrows.ReturnAllAsync("relay/a/", Cancel);

        Assert.Equal(50, await HeldAsync(host));
        Assert.True((await host.Get<LedgerAudit>().RunAsync(Cancel)).IsClean);
    }

    [Theory, AllDatabases]
    public async Task A_batch_that_is_applied_again_changes_nothing(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        await host.SeedPayerAsync(Granted);
        await host.Get<EscrowStore>().TakeAsync("relay/a/1", AccountKind.Wallet, 1, 1000, 1000, Cancel);
        UsageRecord[] batch = [Record("one", 300), Record("two", 40), Record("three", 0) with { Counted = false }];
        var settlements = host.Get<SettlementStore>();

        Assert.Equal(3, await settlements.ApplyAsync(batch, mayRepeat: false, Cancel));
        Assert.Equal(0, await settlements.ApplyAsync(batch, mayRepeat: true, Cancel));
        Assert.Equal(1, await settlements.ApplyAsync([.. batch, Record("four", 5)], mayRepeat: true, Cancel));

        using var db = host.Database.Open();
        var user = await db.GetTable<UserRow>().SingleAsync(row => row.Id == 1, Cancel);
        var token = await db.GetTable<TokenRow>().SingleAsync(row => row.Id == 1, Cancel);
        Assert.Equal((Granted - 345, 345, 3), (user.Quota, user.UsedQuota, user.RequestCount));
        Assert.Equal((Granted - 345, 345), (token.RemainQuota, token.UsedQuota));
        Assert.Equal(345, (await db.GetTable<ChannelRow>().SingleAsync(Cancel)).UsedQuota);
        Assert.Equal(1000 - 345, user.Held);
        Assert.Equal(4, await db.GetTable<LogRow>().CountAsync(Cancel));
        Assert.True((await host.Get<LedgerAudit>().RunAsync(Cancel)).IsClean);
    }

    [Theory, AllDatabases]
    public async Task A_separate_log_database_gets_every_row_once(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var logs = await TestDatabase.CreateAsync(DatabaseEngine.Sqlite);
        await using var host = await DataHost.StartAsync(database, settings => settings with { Log = DataHost.AddressOf(logs) });
        await host.SeedPayerAsync(Granted);
        var settlements = host.Get<SettlementStore>();
        UsageRecord[] batch = [Record("one", 300), Record("two", 40)];

        await settlements.ApplyAsync(batch, mayRepeat: false, Cancel);
        await settlements.ApplyAsync(batch, mayRepeat: true, Cancel);

        Assert.Equal("2", await logs.ReadAsync("SELECT count(*) FROM logs"));
        Assert.True((await host.Get<LedgerAudit>().RunAsync(Cancel)).IsClean);
    }

    [Theory, AllDatabases]
    public async Task A_settlement_after_its_escrow_was_given_back_still_charges_and_frees_nothing_twice(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        await host.SeedPayerAsync(Granted);
        var escrows = host.Get<EscrowStore>();
        await escrows.TakeAsync("relay/a/1", AccountKind.Wallet, 1, 1000, 1000, Cancel);
        await escrows.ReturnAllAsync("relay/a/", Cancel);

        await host.Get<SettlementStore>().ApplyAsync([Record("late", 300)], mayRepeat: false, Cancel);

        Assert.Equal(0, await HeldAsync(host));
        Assert.Equal((Granted - 300).ToString(), await database.ReadAsync("SELECT quota FROM users WHERE id = 1"));
        Assert.True((await host.Get<LedgerAudit>().RunAsync(Cancel)).IsClean);
    }

    [Theory, AllDatabases]
    public async Task A_charge_beyond_the_balance_is_debt_that_the_ledger_knows(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        await host.SeedPayerAsync(Granted);

        await host.Get<SettlementStore>().ApplyAsync(
            [Record("huge", Granted + 700) with { WalletEscrow = 0, Excess = Granted + 700 }], mayRepeat: false, Cancel);

        Assert.Equal("-700", await database.ReadAsync("SELECT quota FROM users WHERE id = 1"));
        Assert.True((await host.Get<LedgerAudit>().RunAsync(Cancel)).IsClean);
    }

    [Theory, AllDatabases]
    public async Task A_charge_beyond_a_limited_key_and_a_budget_is_noted_for_both(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        await host.SeedPayerAsync(Granted);
        await host.Database.WriteAsync(
            async (db, cancel) =>
            {
                await db.Tokens.Set(row => row.RemainQuota, 1_000).UpdateAsync(cancel);
                await db.InsertAsync(new BudgetRow { Id = 1, Scope = "key", ScopeId = 1, Amount = 800 }, token: cancel);
            },
            Cancel);
        var escrows = host.Get<EscrowStore>();
        foreach (var (kind, points) in ((AccountKind, long)[])[(AccountKind.Wallet, 500), (AccountKind.Key, 500), (AccountKind.Budget, 500)])
        {
            await escrows.TakeAsync("relay/a/1", kind, 1, points, points, Cancel);
        }
        var settlements = host.Get<SettlementStore>();

        await settlements.ApplyAsync([Paid("one", 1_400, 500)], mayRepeat: false, Cancel);
        Assert.Equal("-400,900", await FiguresAsync(database));
        Assert.Equal("900", await database.ReadAsync("SELECT excess FROM newapi_budgets"));
        Assert.True((await host.Get<LedgerAudit>().RunAsync(Cancel)).IsClean);

        // What escrow should have paid was given back meanwhile: nobody covered it.
        await settlements.ApplyAsync([Paid("late", 300, 300)], mayRepeat: false, Cancel);
        Assert.Equal("-700,1200", await FiguresAsync(database));
        Assert.True((await host.Get<LedgerAudit>().RunAsync(Cancel)).IsClean);

        // The relay knew the key without a limit.
        await settlements.ApplyAsync([Record("free", 70)], mayRepeat: false, Cancel);
        Assert.Equal("-770,1270", await FiguresAsync(database));
        Assert.True((await host.Get<LedgerAudit>().RunAsync(Cancel)).IsClean);

        await host.Database.WriteAsync((db, cancel) => PeriodStartsAsync(db, cancel), Cancel);
        Assert.Equal("0,0", await database.ReadAsync("SELECT used FROM newapi_budgets") + "," + await database.ReadAsync("SELECT excess FROM newapi_budgets"));

        static UsageRecord Paid(string id, long points, long escrow) => Record(id, points) with
        {
            WalletEscrow = escrow,
            Excess = points - escrow,
            KeyEscrow = escrow,
            Budgets = [new BudgetShare(1, escrow)],
        };

        static async Task<string> FiguresAsync(TestDatabase database) =>
            $"{await database.ReadAsync("SELECT remain_quota FROM tokens")},{await database.ReadAsync("SELECT sum(token_excess) FROM newapi_ledger")}";

        static async Task<bool> PeriodStartsAsync(DataConnection db, CancellationToken cancel)
        {
            await db.Budgets.Set(row => row.Period, "daily").Set(row => row.NextResetTime, 1_000).UpdateAsync(cancel);
            return await PeriodResets.BudgetAsync(db, 1, 2_000, TimeZoneInfo.Utc, cancel);
        }
    }

    [Theory, AllDatabases]
    public async Task Columns_filled_to_the_brim_keep_nobodys_charge_waiting(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        await host.SeedPayerAsync(Granted);
        await host.Database.WriteAsync(
            async (db, cancel) =>
            {
                await db.InsertAsync(
                    new UserRow { Id = 2, Username = "brim", AffCode = "b", Quota = long.MinValue, UsedQuota = long.MaxValue, RequestCount = long.MaxValue },
                    token: cancel);
                await db.InsertAsync(
                    new TokenRow { Id = 2, UserId = 2, Key = "k2", UnlimitedQuota = true, RemainQuota = long.MinValue, UsedQuota = long.MaxValue },
                    token: cancel);
                await db.InsertAsync(
                    new BudgetRow { Id = 1, Scope = "user", ScopeId = 2, Amount = long.MaxValue, Used = long.MaxValue, Excess = long.MaxValue },
                    token: cancel);
                await db.InsertAsync(
                    new UserSubscriptionRow { Id = 1, UserId = 2, AmountUsed = long.MaxValue, Status = "active" }, token: cancel);
                await db.Channels.Set(row => row.UsedQuota, long.MaxValue).UpdateAsync(cancel);
            },
            Cancel);

        var applied = await host.Get<SettlementStore>().ApplyAsync(
            [
                Record("brim", 300) with
                {
                    UserId = 2, TokenId = 2, WalletEscrow = 0, Excess = 300, SubscriptionId = 1, SubscriptionPoints = 100, Budgets = [new BudgetShare(1, 0)],
                },
                Record("other", 40),
            ],
            mayRepeat: false,
            Cancel);

        Assert.Equal(2, applied);
        Assert.Equal((Granted - 40).ToString(), await database.ReadAsync("SELECT quota FROM users WHERE id = 1"));
        Assert.Equal((Granted - 40).ToString(), await database.ReadAsync("SELECT remain_quota FROM tokens WHERE id = 1"));
        foreach (var (column, least) in ((string, bool)[])
            [
                ("quota FROM users", true), ("used_quota FROM users", false), ("request_count FROM users", false), ("remain_quota FROM tokens", true),
                ("used_quota FROM tokens", false), ("used FROM newapi_budgets", false), ("excess FROM newapi_budgets", false),
                ("amount_used FROM user_subscriptions", false), ("used_quota FROM channels", false),
            ])
        {
            var where = column.EndsWith("users", StringComparison.Ordinal) || column.EndsWith("tokens", StringComparison.Ordinal) ? " WHERE id = 2" : "";
            Assert.Equal((least ? long.MinValue : long.MaxValue).ToString(), await database.ReadAsync($"SELECT {column}{where}"));
        }

        // A charge of the worker's, and what a task gives back.
        var tasks = host.Get<TaskLedger>();
        var charge = new TaskCharge { RequestId = "task", UserId = 1, TokenId = 2, ChannelId = 1, Points = 10 };
        Assert.Equal(HoldRefusal.None, (await tasks.ChargeAsync(charge, (_, _, _) => Task.CompletedTask, Cancel)).Refusal);
        Assert.True(await tasks.EndAsync(new TaskEnd { RequestId = "task", Points = 0 }, (_, _) => Task.FromResult(true), Cancel));
        Assert.Equal((Granted - 40).ToString(), await database.ReadAsync("SELECT quota FROM users WHERE id = 1"));
    }

    [Theory, AllDatabases]
    public async Task A_balance_that_would_go_out_of_range_is_refused_and_stays(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        await host.SeedPayerAsync(Granted);
        await host.Database.WriteAsync((db, cancel) => LedgerEntries.SetBalanceAsync(db, 1, Quota.Most - 5, "set", 1, cancel), Cancel);

        foreach (var points in (long[])[6, Quota.Most, long.MaxValue])
        {
            await Assert.ThrowsAsync<BalanceOutOfRangeException>(() => host.Database.WriteAsync(
                (db, cancel) => LedgerEntries.CreditAsync(db, LedgerKind.TopUp, "topup:1", 1, points, 1, cancel), Cancel));
        }
        Assert.True(await host.Database.WriteAsync(
            (db, cancel) => LedgerEntries.CreditAsync(db, LedgerKind.TopUp, "topup:1", 1, 5, 1, cancel), Cancel));
        Assert.False(await host.Database.WriteAsync(
            (db, cancel) => LedgerEntries.CreditAsync(db, LedgerKind.TopUp, "topup:2", 77, 5, 1, cancel), Cancel));
        await Assert.ThrowsAsync<BalanceOutOfRangeException>(() => host.Database.WriteAsync(
            (db, cancel) => LedgerEntries.SetBalanceAsync(db, 1, long.MinValue, "wrap", 1, cancel), Cancel));

        Assert.Equal(Quota.Most.ToString(), await database.ReadAsync("SELECT quota FROM users WHERE id = 1"));
        Assert.True((await host.Get<LedgerAudit>().RunAsync(Cancel)).IsClean);
    }

    [Theory, AllDatabases]
    public async Task What_was_overdrawn_before_the_ledger_came_is_no_mistake(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using (var host = await DataHost.StartAsync(database))
        {
            await host.Database.WriteAsync(
                async (db, cancel) =>
                {
                    await db.InsertAsync(new UserRow { Id = 1, Username = "old", AffCode = "o", Quota = -50 }, token: cancel);
                    await db.InsertAsync(new TokenRow { Id = 1, UserId = 1, Key = "k", RemainQuota = -40 }, token: cancel);
                    await db.InsertAsync(new BudgetRow { Id = 1, Scope = "user", ScopeId = 1, Amount = 10, Used = 15, Held = 0 }, token: cancel);
                    await db.InsertAsync(
                        new UserSubscriptionRow { Id = 1, UserId = 1, AmountTotal = 100, AmountUsed = 130, Status = "active" }, token: cancel);
                    await db.Meta.Where(row => row.Name == "ledger-ceilings-opened").DeleteAsync(cancel);
                },
                Cancel);
        }

        await using var again = await DataHost.StartAsync(database);
        Assert.Empty((await again.Get<LedgerAudit>().RunAsync(Cancel)).Discrepancies);
        await database.ExecuteAsync("UPDATE tokens SET remain_quota = remain_quota - 1");
        await database.ExecuteAsync("UPDATE newapi_budgets SET used = used + 1");
        await again.InitializeAsync();
        Assert.Equal(2, (await again.Get<LedgerAudit>().RunAsync(Cancel)).Discrepancies.Count);
    }

    [Theory, AllDatabases]
    public async Task An_administrator_may_set_a_balance_while_calls_settle(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using var host = await DataHost.StartAsync(database);
        await host.SeedPayerAsync(Granted);
        var settlements = host.Get<SettlementStore>();

        var charges = Enumerable.Range(0, 20)
            .Select(i => (Task)settlements.ApplyAsync([Record($"call{i}", 10)], mayRepeat: false, Cancel));
        var changes = Enumerable.Range(0, 5).Select(i => (Task)host.Database.WriteAsync(
            (db, cancel) => LedgerEntries.SetBalanceAsync(db, 1, 50_000 + i, $"adjust:{i}", 1, cancel), Cancel));
        await Task.WhenAll(charges.Concat(changes));

        Assert.True((await host.Get<LedgerAudit>().RunAsync(Cancel)).IsClean);
    }

    [Theory, AllDatabases]
    public async Task Opening_the_ledger_again_opens_nobody_twice(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        await using (var host = await DataHost.StartAsync(database))
        {
            using var db = host.Database.Open();
            await db.InsertAsync(new UserRow { Username = "old", AffCode = "o", Quota = 77 }, token: Cancel);
        }
        for (var start = 0; start < 2; start++)
        {
            await using var host = await DataHost.StartAsync(database);
            Assert.Equal("77", await database.ReadAsync("SELECT sum(points) FROM newapi_ledger"));
            Assert.True((await host.Get<LedgerAudit>().RunAsync(Cancel)).IsClean);
        }
    }

    [Theory]
    [InlineData("UPDATE users SET quota = quota + 1 WHERE id = 1", "has a balance of")]
    [InlineData("DELETE FROM logs WHERE request_id = 'one'", "has no log row")]
    [InlineData("UPDATE logs SET quota = 1 WHERE request_id = 'one'", "log rows say 1")]
    [InlineData("INSERT INTO logs (type, request_id, quota) VALUES (2, 'one', 300)", "2 log rows say 600")]
    [InlineData("UPDATE tokens SET remain_quota = -301 WHERE id = 1", "Key 1 is 301 below zero, but only 300")]
    [InlineData("INSERT INTO newapi_budgets (name, owner_id, scope, scope_id, scope_group, amount, used, held, period, custom_seconds, last_reset_time, next_reset_time, enabled, created_at, updated_at, excess, ceiling) VALUES ('', 0, 'user', 1, '', 100, 151, 0, 'never', 0, 0, 0, 1, 0, 0, 20, 130)", "Budget 1 is 21 beyond its amount, but only 20")]
    [InlineData("UPDATE users SET newapi_held = 5 WHERE id = 1", "in escrow")]
    [InlineData("INSERT INTO newapi_escrows (lease, kind, account_id, amount) VALUES ('relay/x', 1, 1, 9)", "in escrow")]
    public async Task The_audit_names_what_disagrees(string damage, string says)
    {
        await using var database = await TestDatabase.CreateAsync(DatabaseEngine.Sqlite);
        await using var host = await DataHost.StartAsync(database);
        await host.SeedPayerAsync(Granted);
        await host.Get<SettlementStore>().ApplyAsync([Record("one", 300)], mayRepeat: false, Cancel);
        var audit = host.Get<LedgerAudit>();
        Assert.True((await audit.RunAsync(Cancel)).IsClean);

        await database.ExecuteAsync(damage);

        Assert.Contains(says, Assert.Single((await audit.RunAsync(Cancel)).Discrepancies), StringComparison.Ordinal);
    }

    private static UsageRecord Record(string id, long points) => new()
    {
        RequestId = id,
        Lease = "relay/a/1",
        UserId = 1,
        Username = "payer",
        TokenId = 1,
        TokenName = "key",
        ChannelId = 1,
        Model = "gpt-4o",
        Group = "default",
        Points = points,
        WalletEscrow = points,
        CreatedAt = 1_760_000_000,
        Other = "{}",
    };

    private static async Task<long> HeldAsync(DataHost host)
    {
        using var db = host.Database.Open();
        return await db.GetTable<UserRow>().Where(row => row.Id == 1).Select(row => row.Held).SingleAsync(Cancel);
    }

    private static async Task<long> EscrowAsync(DataHost host)
    {
        using var db = host.Database.Open();
        return await db.GetTable<EscrowRow>().Where(row => row.Kind == (long)AccountKind.Wallet).SumAsync(row => row.Amount, Cancel);
    }
}
