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
                    await InsertEntriesAsync(db, records, token);
                    await MoveWalletsAsync(db, records, token);
                    await MoveKeysAsync(db, records, token);
                    await CountChannelsAsync(db, records, token);
                    await rollUps.AddAsync(db, records, token);
                    if (!logs.IsSeparate)
                    {
                        await UsageLogRows.InsertAsync(db, database.Kind, LogRows(records), token);
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

    private static Task InsertEntriesAsync(DataConnection db, IReadOnlyList<UsageRecord> records, CancellationToken cancel) =>
        db.GetTable<LedgerRow>().BulkCopyAsync(
            new BulkCopyOptions { BulkCopyType = BulkCopyType.MultipleRows },
            records.Select(record => new LedgerRow
            {
                EntryKey = record.EntryKey,
                Kind = (int)LedgerKind.Consume,
                UserId = record.UserId,
                TokenId = record.TokenId,
                ChannelId = record.ChannelId,
                Points = -record.Points,
                TokenPoints = record.TokenId == 0 ? 0 : -record.Points,
                Excess = record.Excess,
                Logged = record.Logged,
                CreatedAt = record.CreatedAt,
            }),
            cancel);

    private static async Task MoveWalletsAsync(DataConnection db, IReadOnlyList<UsageRecord> records, CancellationToken cancel)
    {
        // Accounts are always touched in the same order, so that two relays cannot wait for each other.
        foreach (var wallet in records.GroupBy(record => record.UserId).OrderBy(group => group.Key))
        {
            foreach (var lease in wallet.GroupBy(record => record.Lease, StringComparer.Ordinal))
            {
                await EscrowStore.ReleaseAsync(
                    db, lease.Key, AccountKind.Wallet, wallet.Key, lease.Sum(record => record.WalletEscrow), cancel);
            }
            var points = wallet.Sum(record => record.Points);
            var calls = wallet.Count(record => record.Counted);
            await db.GetTable<UserRow>()
                .Where(user => user.Id == wallet.Key)
                .Set(user => user.Quota, user => user.Quota - points)
                .Set(user => user.UsedQuota, user => user.UsedQuota + points)
                .Set(user => user.RequestCount, user => user.RequestCount + calls)
                .UpdateAsync(cancel);
        }
    }

    private static async Task MoveKeysAsync(DataConnection db, IReadOnlyList<UsageRecord> records, CancellationToken cancel)
    {
        foreach (var key in records.Where(record => record.TokenId != 0).GroupBy(record => record.TokenId).OrderBy(group => group.Key))
        {
            foreach (var lease in key.GroupBy(record => record.Lease, StringComparer.Ordinal))
            {
                await EscrowStore.ReleaseAsync(db, lease.Key, AccountKind.Key, key.Key, lease.Sum(record => record.KeyEscrow), cancel);
            }
            var points = key.Sum(record => record.Points);
            var accessed = key.Max(record => record.CreatedAt);
            await db.GetTable<TokenRow>()
                .Where(token => token.Id == key.Key)
                .Set(token => token.RemainQuota, token => token.RemainQuota - points)
                .Set(token => token.UsedQuota, token => token.UsedQuota + points)
                .Set(token => token.AccessedTime, accessed)
                .UpdateAsync(cancel);
        }
    }

    private static async Task CountChannelsAsync(DataConnection db, IReadOnlyList<UsageRecord> records, CancellationToken cancel)
    {
        foreach (var channel in records.GroupBy(record => record.ChannelId).OrderBy(group => group.Key))
        {
            var points = channel.Sum(record => record.Points);
            if (points != 0)
            {
                await db.GetTable<ChannelRow>()
                    .Where(row => row.Id == channel.Key)
                    .Set(row => row.UsedQuota, row => row.UsedQuota + points)
                    .UpdateAsync(cancel);
            }
        }
    }

    /// <summary>
    /// A log database of its own cannot join the transaction: rows follow after the commit, and a repeated batch first asks which of
    /// them are there.
    /// </summary>
    private async Task AppendToLogDatabaseAsync(IReadOnlyList<UsageRecord> records, bool mayRepeat, CancellationToken cancel)
    {
        var rows = LogRows(records);
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
                await UsageLogRows.InsertAsync(db, logs.Kind, missing, token);
                return 0;
            },
            cancel);
    }

    private static List<LogRow> LogRows(IReadOnlyList<UsageRecord> records)
    {
        var rows = new List<LogRow>(records.Count);
        foreach (var record in records)
        {
            if (!record.Logged)
            {
                continue;
            }
            rows.Add(new LogRow
            {
                UserId = record.UserId,
                CreatedAt = record.CreatedAt,
                Type = Consume,
                Content = record.Content,
                Username = Cut(record.Username),
                TokenName = Cut(record.TokenName),
                ModelName = Cut(record.Model),
                Quota = record.Points,
                PromptTokens = record.PromptTokens,
                CompletionTokens = record.CompletionTokens,
                UseTime = record.UseSeconds,
                IsStream = record.IsStream,
                ChannelId = record.ChannelId,
                TokenId = record.TokenId,
                Group = Cut(record.Group),
                Ip = record.Ip,
                RequestId = record.RequestId,
                Other = record.Other,
            });
        }
        return rows;
    }

    /// <summary>
    /// Indexed texts of the log are 191 characters wide on MySQL, and PostgreSQL refuses some texts whole: a strange model name must not
    /// stop the money.
    /// </summary>
    private static string Cut(string text) => StorableText.Fit(text, 191);
}
