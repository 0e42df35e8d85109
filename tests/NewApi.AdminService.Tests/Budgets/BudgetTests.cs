using System.Text.Json.Nodes;
using LinqToDB;
using LinqToDB.Async;
using Microsoft.Extensions.DependencyInjection;
using NewApi.Data.Callers;
using NewApi.Data.Ledger;
using NewApi.Data.Rows;
using NewApi.Testing.Databases;

namespace NewApi.AdminService.Tests.Budgets;

public class BudgetTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Budget_is_made_listed_changed_and_deleted_by_its_owner()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var alice = await host.CreateUserAsync(root, "alice");

        var made = (await alice.PostAsync("/api/budgets", Budget("user", 1_000, "daily"))).Data!;
        Assert.Equal((alice.UserId, 1_000L, 0L), (Number(made, "scope_id"), Number(made, "amount"), Number(made, "used")));
        Assert.True(Number(made, "next_reset_time") > 0);
        Assert.Single((await alice.GetAsync("/api/budgets")).Items);

        var changed = (await alice.PutAsync("/api/budgets", new JsonObject { ["id"] = Number(made, "id"), ["amount"] = 2_000, ["period"] = "never" })).Data!;
        Assert.Equal((2_000L, 0L, "mine"), (Number(changed, "amount"), Number(changed, "next_reset_time"), changed["name"]!.GetValue<string>()));
        Assert.True((await alice.DeleteAsync($"/api/budgets/{Number(made, "id")}")).Success);
        Assert.Empty((await alice.GetAsync("/api/budgets")).Items);
        Assert.False((await alice.DeleteAsync($"/api/budgets/{Number(made, "id")}")).Success);
    }

    [Fact]
    public async Task Books_stay_right_when_a_budget_is_lowered_below_what_is_spent()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var id = Number((await root.PostAsync("/api/budgets", Budget("user", 1_000, "never"))).Data!, "id");
        await host.Database.WriteAsync((db, ct) => db.Budgets.Set(row => row.Used, 600).Set(row => row.Held, 0).UpdateAsync(ct), Cancel);

        foreach (var amount in (long[])[700, 100, 50])
        {
            await root.PutAsync("/api/budgets", new JsonObject { ["id"] = id, ["amount"] = amount });
        }

        var audit = host.Services.GetRequiredService<LedgerAudit>();
        Assert.Empty((await audit.RunAsync(Cancel)).Discrepancies);
        await host.Database.WriteAsync((db, ct) => db.Budgets.Set(row => row.Used, 1_001).UpdateAsync(ct), Cancel);
        Assert.Single((await audit.RunAsync(Cancel)).Discrepancies);
    }

    [Fact]
    public async Task Nobody_bounds_or_sees_somebody_else()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var alice = await host.CreateUserAsync(root, "alice");
        var bob = await host.CreateUserAsync(root, "bob");
        var key = await AddKeyAsync(host, alice.UserId);
        var made = (await alice.PostAsync("/api/budgets", Budget("key", 1_000, "never", key))).Data!;

        Assert.False((await bob.PostAsync("/api/budgets", Budget("key", 1, "never", key))).Success);
        Assert.False((await bob.PostAsync("/api/budgets", Budget("user", 1, "never", alice.UserId))).Success);
        Assert.False((await bob.PostAsync("/api/budgets", Budget("group", 1, "never", group: "default"))).Success);
        Assert.False((await bob.PutAsync("/api/budgets", new JsonObject { ["id"] = Number(made, "id"), ["amount"] = 1 })).Success);
        Assert.False((await bob.DeleteAsync($"/api/budgets/{Number(made, "id")}")).Success);
        Assert.Empty((await bob.GetAsync("/api/budgets")).Items);
        Assert.Single((await root.GetAsync("/api/budgets")).Items);
    }

    [Theory, AllDatabases]
    public async Task An_account_has_twenty_budgets_however_many_it_asks_for_at_once(DatabaseEngine engine)
    {
        await using var database = await TestDatabase.CreateAsync(engine);
        var (host, root) = await AdminHost.StartSetUpAsync(database.File is null
            ? new Dictionary<string, string?> { ["SQL_DSN"] = database.Dsn }
            : new Dictionary<string, string?> { ["SQLITE_PATH"] = database.File });
        await using var _ = host;
        var alice = await host.CreateUserAsync(root, "alice");
        var key = await AddKeyAsync(host, alice.UserId);

        var made = await Task.WhenAll(Enumerable.Range(0, 30).Select(i =>
            alice.PostAsync("/api/budgets", i % 2 == 0 ? Budget("user", 1_000, "never") : Budget("key", 1_000, "never", key))));

        Assert.Equal(20, made.Count(reply => reply.Success));
        Assert.Contains("There are 20 budgets already", made.First(reply => !reply.Success).Text, StringComparison.Ordinal);
        Assert.True((await alice.DeleteAsync($"/api/budgets/{Number(made.First(reply => reply.Success).Data!, "id")}")).Success);
        Assert.True((await alice.PostAsync("/api/budgets", Budget("user", 1_000, "never"))).Success);

        // What a user has set keeps no administrator from bounding them, and one account's budgets leave room for another's.
        for (var i = 0; i < 20; i++)
        {
            Assert.True((await root.PostAsync("/api/budgets", Budget("user", 1_000, "never", alice.UserId))).Success);
        }
        Assert.False((await root.PostAsync("/api/budgets", Budget("user", 1_000, "never", alice.UserId))).Success);
        Assert.True((await root.PostAsync("/api/budgets", Budget("user", 1_000, "never", root.UserId))).Success);
    }

    [Fact]
    public async Task What_an_administrator_sets_the_user_sees_and_cannot_change()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var alice = await host.CreateUserAsync(root, "alice");
        var made = (await root.PostAsync("/api/budgets", Budget("user", 1_000, "monthly", alice.UserId))).Data!;

        Assert.Single((await alice.GetAsync("/api/budgets")).Items);
        Assert.False((await alice.PutAsync("/api/budgets", new JsonObject { ["id"] = Number(made, "id"), ["amount"] = 9_999_999 })).Success);
        Assert.False((await alice.DeleteAsync($"/api/budgets/{Number(made, "id")}")).Success);
    }

    [Fact]
    public async Task Administrators_bound_only_those_below_them_and_themselves()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var carol = await host.CreateUserAsync(root, "carol", role: 10);
        var frank = await host.CreateUserAsync(root, "frank", role: 10);
        var alice = await host.CreateUserAsync(root, "alice");
        var (ofRoot, ofFrank, ofCarol, ofAlice) =
            (await AddKeyAsync(host, root.UserId), await AddKeyAsync(host, frank.UserId), await AddKeyAsync(host, carol.UserId), await AddKeyAsync(host, alice.UserId));

        foreach (var refused in (JsonObject[])
            [
                Budget("user", 1, "never", root.UserId), Budget("user", 1, "never", frank.UserId),
                Budget("key", 1, "never", ofRoot), Budget("key", 1, "never", ofFrank),
            ])
        {
            Assert.Equal("Only an account with a higher role may do this", (await carol.PostAsync("/api/budgets", refused)).Message);
        }
        foreach (var allowed in (JsonObject[])
            [
                Budget("user", 1_000, "never", alice.UserId), Budget("key", 1_000, "never", ofAlice), Budget("group", 1_000, "never", group: "default"),
                Budget("user", 1_000, "never", carol.UserId), Budget("key", 1_000, "never", ofCarol),
            ])
        {
            var id = Number((await carol.PostAsync("/api/budgets", allowed)).Data!, "id");
            Assert.True((await carol.PutAsync("/api/budgets", new JsonObject { ["id"] = id, ["amount"] = 2_000 })).Success);
            Assert.True((await carol.DeleteAsync($"/api/budgets/{id}")).Success);
        }
        Assert.True((await root.PostAsync("/api/budgets", Budget("user", 1, "never", root.UserId))).Success);
    }

    [Fact]
    public async Task What_is_set_on_an_administrator_from_above_no_administrator_changes()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var carol = await host.CreateUserAsync(root, "carol", role: 10);
        var frank = await host.CreateUserAsync(root, "frank", role: 10);
        foreach (var budget in (JsonObject[])
            [Budget("user", 1_000, "never", carol.UserId), Budget("key", 1_000, "never", await AddKeyAsync(host, carol.UserId))])
        {
            var id = Number((await root.PostAsync("/api/budgets", budget)).Data!, "id");
            foreach (var admin in (Session[])[carol, frank])
            {
                Assert.Equal(
                    "Only an account with a higher role may do this",
                    (await admin.PutAsync("/api/budgets", new JsonObject { ["id"] = id, ["amount"] = 9_999_999 })).Message);
                Assert.Equal("Only an account with a higher role may do this", (await admin.DeleteAsync($"/api/budgets/{id}")).Message);
            }
            Assert.True((await root.PutAsync("/api/budgets", new JsonObject { ["id"] = id, ["amount"] = 2_000 })).Success);
            Assert.True((await root.DeleteAsync($"/api/budgets/{id}")).Success);
        }
        var own = Number((await frank.PostAsync("/api/budgets", Budget("user", 1_000, "never"))).Data!, "id");
        Assert.False((await carol.DeleteAsync($"/api/budgets/{own}")).Success);
        Assert.True((await frank.DeleteAsync($"/api/budgets/{own}")).Success);
    }

    [Theory]
    [InlineData("""{"scope":"planet","amount":1}""")]
    [InlineData("""{"scope":"user","amount":0}""")]
    [InlineData("""{"scope":"user","amount":-5}""")]
    [InlineData("""{"scope":"user","amount":1,"period":"hourly"}""")]
    [InlineData("""{"scope":"user","amount":1,"period":"custom","custom_seconds":5}""")]
    [InlineData("""{"scope":"group","scope_group":"nowhere","amount":1}""")]
    [InlineData("""{"scope":"key","scope_id":424242,"amount":1}""")]
    public async Task Budgets_out_of_bounds_are_refused(string body)
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;

        Assert.False((await root.SendAsync(HttpMethod.Post, "/api/budgets", body)).Success);
    }

    [Fact]
    public async Task A_caller_is_read_with_every_budget_that_bounds_it()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var alice = await host.CreateUserAsync(root, "alice");
        var key = await AddKeyAsync(host, alice.UserId);
        long[] bounding =
        [
            Number((await root.PostAsync("/api/budgets", Budget("key", 1, "never", key))).Data!, "id"),
            Number((await root.PostAsync("/api/budgets", Budget("user", 1, "never", alice.UserId))).Data!, "id"),
            Number((await root.PostAsync("/api/budgets", Budget("group", 1, "never", group: "default"))).Data!, "id"),
        ];
        await root.PostAsync("/api/budgets", Budget("group", 1, "never", group: "vip"));
        var off = (await root.PostAsync("/api/budgets", Budget("user", 1, "never", alice.UserId))).Data!;
        await root.PutAsync("/api/budgets", new JsonObject { ["id"] = Number(off, "id"), ["enabled"] = false });

        var caller = await host.Services.GetRequiredService<CallerStore>().FindTokenAsync(key, Cancel);

        Assert.Equal(bounding, caller!.Budgets);
    }

    [Fact]
    public async Task Changing_a_budget_keeps_what_is_used_and_a_period_that_is_over_shows_nothing_used()
    {
        var (host, root) = await AdminHost.StartSetUpAsync();
        await using var _ = host;
        var id = Number((await root.PostAsync("/api/budgets", Budget("user", 1_000, "daily"))).Data!, "id");
        await SetAsync(host, row => row.Set(budget => budget.Used, 700).Set(budget => budget.Held, 50));

        var changed = (await root.PutAsync("/api/budgets", new JsonObject { ["id"] = id, ["amount"] = 800 })).Data!;
        Assert.Equal((700L, 50L), (Number(changed, "used"), Number(changed, "held")));

        await SetAsync(host, row => row.Set(budget => budget.NextResetTime, 1));
        Assert.Equal(0, Number((await root.GetAsync("/api/budgets")).Items[0]!, "used"));
    }

    private static JsonObject Budget(string scope, long amount, string period, long id = 0, string group = "") => new()
    {
        ["name"] = "mine",
        ["scope"] = scope,
        ["scope_id"] = id,
        ["scope_group"] = group,
        ["amount"] = amount,
        ["period"] = period,
    };

    private static long Number(JsonNode node, string name) => node[name]!.GetValue<long>();

    private static async Task<long> AddKeyAsync(AdminHost host, long user)
    {
        await using var db = host.Database.Open();
        return await db.InsertWithInt64IdentityAsync(new TokenRow { UserId = user, Key = Guid.NewGuid().ToString("N"), Name = "k" }, token: Cancel);
    }

    private static Task SetAsync(AdminHost host, Func<IQueryable<BudgetRow>, LinqToDB.Linq.IUpdatable<BudgetRow>> set) =>
        host.Database.WriteAsync((db, cancel) => set(db.Budgets).UpdateAsync(cancel), Cancel);
}
