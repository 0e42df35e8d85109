using System.Text;
using LinqToDB;
using LinqToDB.Async;
using LinqToDB.Data;
using NewApi.Data.Rows;
using NewApi.Data.Usage;

namespace NewApi.Data.Ledger;

/// <summary>
/// Applies settled calls: ledger entries, balances, escrow, counters and usage log, a batch in one transaction. The ledger's unique key
/// makes it impossible to apply a call twice.
/// </summary>
public sealed class SettlementStore(Database database, LogDatabase logs, UsageRollUps rollUps)
{
    /// <summary>Log type of a charged call.</summary>
    private const long Consume = 2;

    private static readonly string WalletText =
        $"UPDATE users SET {Saturating.Lower("quota", "@p0")}, {Saturating.Raise("used_quota", "@p1")}, {Saturating.Raise("request_count", "@p2")}, "
        + "newapi_held = newapi_held - @p3 WHERE id = @p4";

    private static readonly string KeyText =
        $"UPDATE tokens SET {Saturating.Lower("remain_quota", "@p0")}, {Saturating.Raise("used_quota", "@p0")}, accessed_time = @p1, "
        + "newapi_held = newapi_held - @p2 WHERE id = @p3";

    private static readonly string SubscriptionText =
        $"UPDATE user_subscriptions SET {Saturating.Raise("amount_used", "@p0")}, newapi_held = newapi_held - @p1 WHERE id = @p2";

    private static readonly string BudgetText =
        $"UPDATE newapi_budgets SET {Saturating.Raise("used", "@p0")}, held = held - @p1, {Saturating.Raise("excess", "@p2")} WHERE id = @p3";

    private static readonly string ChannelText = $"UPDATE channels SET {Saturating.Raise("used_quota", "@p0")} WHERE id = @p1";

    private static readonly RowInsert<UsageRecord> Entries = new(
        "newapi_ledger",
        [
            "entry_key", "kind", "user_id", "token_id", "channel_id", "points", "token_points", "excess", "logged", "created_at",
            "subscription_id", "subscription_points", "token_excess", "subscription_excess",
        ],
        static (record, values) =>
        {
            values.Text(record.EntryKey);
            values.Number((long)LedgerKind.Consume);
            values.Number(record.UserId);
            values.Number(record.TokenId);
            values.Number(record.ChannelId);
            values.Number(record.SubscriptionPoints - record.Points);
            values.Number(record.TokenId == 0 ? 0 : -record.Points);
            values.Number(record.Excess + record.Uncovered);
            values.Flag(record.Logged);
            values.Number(record.CreatedAt);
            values.Number(record.SubscriptionId);
            values.Number(-record.SubscriptionPoints);
            values.Number(record.KeyExcess);
            values.Number(record.SubscriptionExcess);
        });

    private static readonly RowInsert<UsageRecord> LogRows = new(
        "logs",
        [
            "user_id", "created_at", "type", "content", "username", "token_name", "model_name", "quota", "prompt_tokens",
            "completion_tokens", "use_time", "is_stream", "channel_id", "token_id", "group", "ip", "request_id", "upstream_request_id", "other",
        ],
        static (record, values) =>
        {
            values.Number(record.UserId);
            values.Number(record.CreatedAt);
            values.Number(Consume);
            values.Text(record.Content);
            values.Text(Cut(record.Username));
            values.Text(Cut(record.TokenName));
            values.Text(Cut(record.Model));
            values.Number(record.Points);
            values.Number(record.PromptTokens);
            values.Number(record.CompletionTokens);
            values.Number(record.UseSeconds);
            values.Flag(record.IsStream);
            values.Number(record.ChannelId);
            values.Number(record.TokenId);
            values.Text(Cut(record.Group));
            values.Text(record.Ip);
            values.Text(record.RequestId);
            values.Text("");
            values.Text(StorableText.Fit(record.Other));
        });

    /// <param name="batch">Calls of any accounts, in any order.</param>
    /// <param name="mayRepeat">Some of the calls may have been applied before: after a crash, or when a commit got no answer.</param>
    /// <param name="cancel">Cancels before the commit; afterwards the batch is applied.</param>
    /// <returns>How many calls were new.</returns>
    public async Task<int> ApplyAsync(IReadOnlyList<UsageRecord> batch, bool mayRepeat, CancellationToken cancel)
    {
        var fresh = await database.WriteAsync(
            async (db, token) =>
            {
                var records = mayRepeat ? await WithoutAppliedAsync(db, batch, token) : batch;
                if (records.Count > 0)
                {
                    await MoveAsync(db, records, token);
                    await Entries.InsertAsync(db, records, token);
                    await rollUps.AddAsync(db, records, token);
                    if (!logs.IsSeparate)
                    {
                        await LogRows.InsertAsync(db, Logged(records), token);
                    }
                }
                return records;
            },
            cancel);

        if (logs.IsSeparate)
        {
            await AppendToLogDatabaseAsync(mayRepeat ? batch : fresh, mayRepeat, cancel);
        }
        return fresh.Count;
    }

    /// <summary>The databases that settlements go to can be reached: when one fails all the same, something about it is odd.</summary>
    public async Task<bool> AnswersAsync(CancellationToken cancel) =>
        await database.AnswersAsync(cancel) && (!logs.IsSeparate || await logs.Database.AnswersAsync(cancel));

    private static async Task<IReadOnlyList<UsageRecord>> WithoutAppliedAsync(
        DataConnection db,
        IReadOnlyList<UsageRecord> batch,
        CancellationToken cancel)
    {
        var keys = batch.Select(record => record.EntryKey).ToList();
        var applied = (await db.GetTable<LedgerRow>()
            .Where(entry => keys.Contains(entry.EntryKey))
            .Select(entry => entry.EntryKey)
            .ToListAsync(cancel)).ToHashSet(StringComparer.Ordinal);
        return batch.Where(record => applied.Add(record.EntryKey)).ToList();
    }

    /// <summary>Moves balances, holds and counters: locks the accounts, sees what leases still have in escrow, and writes.</summary>
    private async Task MoveAsync(DataConnection db, IReadOnlyList<UsageRecord> records, CancellationToken cancel)
    {
        var moves = Gather(records);
        var accounts = moves.Keys.OrderBy(account => account.Kind).ThenBy(account => account.Id).ToList();
        await LockAsync(db, accounts, cancel);
        var escrows = await EscrowsAsync(db, moves, accounts, cancel);
        NoteExcess(records, escrows, moves);

        var statements = new Statements();
        foreach (var account in accounts)
        {
            var move = moves[account];
            var released = 0L;
            foreach (var (lease, wanted) in move.Leases)
            {
                // Less than was set aside is there when the lease ran out and somebody gave it back.
                var mine = Math.Min(wanted, escrows.GetValueOrDefault((lease, account)));
                released += mine;
                if (mine > 0)
                {
                    statements.Add(
                        "UPDATE newapi_escrows SET amount = amount - @p0 WHERE lease = @p1 AND kind = @p2 AND account_id = @p3",
                        mine,
                        lease,
                        (long)account.Kind,
                        account.Id);
                }
            }
            Write(statements, account, move, released);
        }
        foreach (var channel in records.GroupBy(record => record.ChannelId).OrderBy(group => group.Key))
        {
            var points = channel.Sum(record => record.Points);
            if (points != 0)
            {
                statements.Add(ChannelText, points, channel.Key);
            }
        }
        await statements.ExecuteAsync(db, cancel);
    }

    /// <summary>
    /// A charge may be larger than its hold, and a relay that was held for dead may have promised calls what was given back meanwhile: what was
    /// covered by nobody is noted, for every account that it may take below zero.
    /// </summary>
    private static void NoteExcess(
        IReadOnlyList<UsageRecord> records,
        Dictionary<(string Lease, (AccountKind Kind, long Id)), long> escrows,
        Dictionary<(AccountKind Kind, long Id), Move> moves)
    {
        var left = new Dictionary<(string, (AccountKind, long)), long>(escrows);
        for (var i = 0; i < records.Count; i++)
        {
            var record = records[i];
            var gone = Missing(record.Lease, AccountKind.Subscription, record.SubscriptionId, record.SubscriptionEscrow);
            record.Uncovered = gone + Missing(record.Lease, AccountKind.Wallet, record.UserId, record.WalletEscrow);
            record.SubscriptionExcess = record.SubscriptionPoints - record.SubscriptionEscrow + gone;
            record.KeyExcess = record.TokenId == 0
                ? 0
                : record.Points - record.KeyEscrow + Missing(record.Lease, AccountKind.Key, record.TokenId, record.KeyEscrow);
            for (var j = 0; j < record.Budgets.Count; j++)
            {
                var (id, escrow) = record.Budgets[j];
                moves[(AccountKind.Budget, id)].Excess += record.Points - escrow + Missing(record.Lease, AccountKind.Budget, id, escrow);
            }
        }

        long Missing(string lease, AccountKind kind, long id, long wanted)
        {
            if (wanted == 0)
            {
                return 0;
            }
            var there = Math.Min(wanted, left.GetValueOrDefault((lease, (kind, id))));
            left[(lease, (kind, id))] = left.GetValueOrDefault((lease, (kind, id))) - there;
            return wanted - there;
        }
    }

    private static Dictionary<(AccountKind Kind, long Id), Move> Gather(IReadOnlyList<UsageRecord> records)
    {
        var moves = new Dictionary<(AccountKind, long), Move>();
        foreach (var record in records)
        {
            var wallet = Of(AccountKind.Wallet, record.UserId);
            wallet.Points += record.Points - record.SubscriptionPoints;
            wallet.Used += record.Points;
            wallet.Calls += record.Counted ? 1 : 0;
            wallet.Release(record.Lease, record.WalletEscrow);
            if (record.TokenId != 0)
            {
                var key = Of(AccountKind.Key, record.TokenId);
                key.Points += record.Points;
                key.At = Math.Max(key.At, record.CreatedAt);
                key.Release(record.Lease, record.KeyEscrow);
            }
            if (record.SubscriptionId != 0)
            {
                var subscription = Of(AccountKind.Subscription, record.SubscriptionId);
                subscription.Points += record.SubscriptionPoints;
                subscription.Release(record.Lease, record.SubscriptionEscrow);
            }
            for (var i = 0; i < record.Budgets.Count; i++)
            {
                var budget = Of(AccountKind.Budget, record.Budgets[i].Id);
                budget.Points += record.Points;
                budget.Release(record.Lease, record.Budgets[i].Escrow);
            }
        }
        return moves;

        Move Of(AccountKind kind, long id)
        {
            if (!moves.TryGetValue((kind, id), out var move))
            {
                moves[(kind, id)] = move = new Move();
            }
            return move;
        }
    }

    private static void Write(Statements statements, (AccountKind Kind, long Id) account, Move move, long released)
    {
        switch (account.Kind)
        {
            case AccountKind.Wallet:
                statements.Add(
                    WalletText,
                    move.Points,
                    move.Used,
                    move.Calls,
                    released,
                    account.Id);
                break;
            case AccountKind.Key:
                statements.Add(
                    KeyText,
                    move.Points,
                    move.At,
                    released,
                    account.Id);
                break;
            case AccountKind.Subscription:
                statements.Add(
                    SubscriptionText,
                    move.Points,
                    released,
                    account.Id);
                break;
            default:
                statements.Add(
                    BudgetText,
                    move.Points,
                    released,
                    move.Excess,
                    account.Id);
                break;
        }
    }

    /// <summary>Takes the rows of the accounts, always in the same order, so that two relays cannot wait for each other.</summary>
    private async Task LockAsync(DataConnection db, IReadOnlyList<(AccountKind Kind, long Id)> accounts, CancellationToken cancel)
    {
        if (database.Kind == DatabaseKind.Sqlite)
        {
            return;
        }
        var statements = new Statements();
        foreach (var kind in accounts.GroupBy(account => account.Kind))
        {
            statements.Add(
                $"SELECT id FROM {Accounts.TableOf(kind.Key)} WHERE id IN ({string.Join(',', kind.Select(account => account.Id))}) ORDER BY id FOR UPDATE");
        }
        await statements.ExecuteAsync(db, cancel);
    }

    private static async Task<Dictionary<(string Lease, (AccountKind Kind, long Id)), long>> EscrowsAsync(
        DataConnection db,
        Dictionary<(AccountKind Kind, long Id), Move> moves,
        IReadOnlyList<(AccountKind Kind, long Id)> accounts,
        CancellationToken cancel)
    {
        var text = new StringBuilder("SELECT lease, kind, account_id, amount FROM newapi_escrows WHERE ");
        var leases = moves.Values.SelectMany(move => move.Leases.Keys).Distinct(StringComparer.Ordinal).ToList();
        if (leases.Count == 0)
        {
            return [];
        }
        text.Append("lease IN (").AppendJoin(',', leases.Select((_, i) => $"@p{i}")).Append(") AND (");
        var first = true;
        foreach (var kind in accounts.GroupBy(account => account.Kind))
        {
            text.Append(first ? "" : " OR ").Append("kind = ").Append((int)kind.Key).Append(" AND account_id IN (");
            text.AppendJoin(',', kind.Select(account => account.Id)).Append(')');
            first = false;
        }
        var found = new Dictionary<(string, (AccountKind, long)), long>();
        await using var command = db.OpenDbConnection().CreateCommand();
        command.Transaction = db.Transaction;
#pragma warning disable CA2100 // Numbers and parameters only.
        command.CommandText = text.Append(')').ToString();
#pragma warning restore CA2100
        for (var i = 0; i < leases.Count; i++)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = $"p{i}";
            parameter.Value = leases[i];
            command.Parameters.Add(parameter);
        }
        await using var reader = await command.ExecuteReaderAsync(cancel);
        while (await reader.ReadAsync(cancel))
        {
            found[(reader.GetString(0), ((AccountKind)reader.GetInt64(1), reader.GetInt64(2)))] = reader.GetInt64(3);
        }
        return found;
    }

    /// <summary>
    /// A log database of its own cannot join the transaction: rows follow after the commit, and a repeated batch first asks which of
    /// them are there.
    /// </summary>
    private async Task AppendToLogDatabaseAsync(IReadOnlyList<UsageRecord> records, bool mayRepeat, CancellationToken cancel)
    {
        var rows = Logged(records);
        if (rows.Count == 0)
        {
            return;
        }
        await logs.WriteAsync(
            async (db, token) =>
            {
                var missing = rows;
                if (mayRepeat)
                {
                    var ids = rows.Select(row => row.RequestId).ToList();
                    var present = (await db.GetTable<LogRow>()
                        .Where(row => ids.Contains(row.RequestId) && row.Type == Consume)
                        .Select(row => row.RequestId)
                        .ToListAsync(token)).ToHashSet(StringComparer.Ordinal);
                    missing = rows.Where(row => !present.Contains(row.RequestId)).ToList();
                }
                await LogRows.InsertAsync(db, missing, token);
                return 0;
            },
            cancel);
    }

    private static IReadOnlyList<UsageRecord> Logged(IReadOnlyList<UsageRecord> records) =>
        records.All(static record => record.Logged) ? records : records.Where(static record => record.Logged).ToList();

    /// <summary>
    /// Indexed texts of the log are 191 characters wide on MySQL, and PostgreSQL refuses some texts whole: a strange model name must not
    /// stop the money.
    /// </summary>
    private static string Cut(string text) => StorableText.Fit(text, 191);

    /// <summary>What a batch changes of one account.</summary>
    private sealed class Move
    {
        public long Points { get; set; }

        public long Used { get; set; }

        public long Calls { get; set; }

        public long At { get; set; }

        /// <summary>Of a budget: what was charged beyond what was set aside.</summary>
        public long Excess { get; set; }

        public Dictionary<string, long> Leases { get; } = new(StringComparer.Ordinal);

        public void Release(string lease, long points)
        {
            if (points != 0)
            {
                Leases[lease] = Leases.GetValueOrDefault(lease) + points;
            }
        }
    }
}
