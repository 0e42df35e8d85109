using LinqToDB.Data;

namespace NewApi.Data.Ledger;

/// <summary>
/// The rows that hold balances, whatever their kind. Who changes what is held or in escrow of an account takes the account's row first:
/// the row serializes everything about it, and two processes cannot wait for each other.
/// </summary>
internal static class Accounts
{
    /// <summary>More than anybody has: what an account without a limit can give.</summary>
    private const string NoLimit = "1000000000000000000";

    public static string TableOf(AccountKind kind) => kind switch
    {
        AccountKind.Wallet => "users",
        AccountKind.Key => "tokens",
        AccountKind.Subscription => "user_subscriptions",
        _ => "newapi_budgets",
    };

    public static string HeldOf(AccountKind kind) => kind == AccountKind.Budget ? "held" : "newapi_held";

    /// <summary>Points that an account can still give at <c>@now</c>.</summary>
    private static string FreeOf(AccountKind kind) => kind switch
    {
        AccountKind.Wallet => "quota - newapi_held",
        AccountKind.Key => "remain_quota - newapi_held",
        AccountKind.Subscription =>
            $"CASE WHEN status <> 'active' OR end_time <= @now THEN 0 WHEN amount_total = 0 THEN {NoLimit} ELSE amount_total - amount_used - newapi_held END",
        _ => $"CASE WHEN enabled THEN amount - used - held ELSE {NoLimit} END",
    };

    /// <summary>Keeps an account from changing until the transaction ends; SQLite lets only one writer in anyhow.</summary>
    public static Task LockAsync(DataConnection db, AccountKind kind, long id, CancellationToken cancel) =>
        db.DataProvider.Name.StartsWith("SQLite", StringComparison.Ordinal)
            ? Task.CompletedTask
            : db.ExecuteAsync<long?>($"SELECT id FROM {TableOf(kind)} WHERE id = @id FOR UPDATE", cancel, new DataParameter("id", id));

    /// <summary>Points the account can give; 0 when there is no such account.</summary>
    public static async Task<long> FreeAsync(DataConnection db, AccountKind kind, long id, long now, CancellationToken cancel) =>
        await db.ExecuteAsync<long?>(
            $"SELECT {FreeOf(kind)} FROM {TableOf(kind)} WHERE id = @id", cancel, Parameters(kind, id, null, now)) ?? 0;

    /// <summary>Sets points aside when the account can give them.</summary>
    public static async Task<bool> TryHoldAsync(DataConnection db, AccountKind kind, long id, long points, long now, CancellationToken cancel) =>
        await db.ExecuteAsync(
            $"UPDATE {TableOf(kind)} SET {HeldOf(kind)} = {HeldOf(kind)} + @points WHERE id = @id AND {FreeOf(kind)} >= @points",
            cancel,
            Parameters(kind, id, points, now)) == 1;

    public static Task UnholdAsync(DataConnection db, AccountKind kind, long id, long points, CancellationToken cancel) =>
        db.ExecuteAsync(
            $"UPDATE {TableOf(kind)} SET {HeldOf(kind)} = {HeldOf(kind)} - @points WHERE id = @id", cancel, Parameters(kind, id, points, null));

    /// <summary>Spends points that nobody has set aside, when the account can give them.</summary>
    public static async Task<bool> TrySpendAsync(DataConnection db, AccountKind kind, long id, long points, long now, CancellationToken cancel) =>
        await db.ExecuteAsync(
            $"UPDATE {TableOf(kind)} SET {SpendOf(kind)} WHERE id = @id AND {FreeOf(kind)} >= @points",
            cancel,
            Parameters(kind, id, points, now)) == 1;

    /// <summary>Spends points whether or not the account has them; a negative number gives back.</summary>
    public static Task SpendAsync(DataConnection db, AccountKind kind, long id, long points, CancellationToken cancel) =>
        db.ExecuteAsync($"UPDATE {TableOf(kind)} SET {SpendOf(kind)} WHERE id = @id", cancel, Parameters(kind, id, points, null));

    private static string SpendOf(AccountKind kind) => kind switch
    {
        AccountKind.Wallet => Saturating.Lower("quota", "@points"),
        AccountKind.Key => $"{Saturating.Lower("remain_quota", "@points")}, {Saturating.Raise("used_quota", "@points")}",
        AccountKind.Subscription => Saturating.Raise("amount_used", "@points"),
        _ => Saturating.Raise("used", "@points"),
    };

    private static DataParameter[] Parameters(AccountKind kind, long id, long? points, long? now)
    {
        var parameters = new List<DataParameter>(3) { new("id", id) };
        if (points is not null)
        {
            parameters.Add(new DataParameter("points", points));
        }
        if (now is not null && kind == AccountKind.Subscription)
        {
            parameters.Add(new DataParameter("now", now));
        }
        return [.. parameters];
    }
}
